"""One graph of steps from delivered files to a published build, run alike by the command line and by Dagster.

Knows every room and hands frames from one to the next. Holds no rule about data and knows neither Dagster nor a study.
"""
