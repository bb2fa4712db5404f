"""Bundles: sealed, examined, attacked."""
