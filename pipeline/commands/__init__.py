"""What each command does and how its result looks in a terminal. May call ``flow`` only; holds no rule about data."""
