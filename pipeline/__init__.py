"""From a trial's delivered files to SDTM and transport files. The engine knows no study."""
