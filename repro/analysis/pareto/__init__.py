"""Energy against quality: which points nothing dominates, and with what probability."""
