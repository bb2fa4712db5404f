"""A bundle that must verify forever, and how it was made."""
