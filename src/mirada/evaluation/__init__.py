"""Measures what mirada finds against what it should."""
