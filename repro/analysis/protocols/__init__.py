"""The same settings by several protocols, side by side."""
