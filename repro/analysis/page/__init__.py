"""The page that a report is read on."""
