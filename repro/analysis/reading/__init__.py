"""Examined bundles in, rows and scores out, grouped into what may be averaged."""
