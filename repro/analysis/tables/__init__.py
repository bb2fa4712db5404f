"""Tables as values, those of every report, and how a table is written."""
