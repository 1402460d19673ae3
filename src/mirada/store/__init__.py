"""Keeps the records and finds the nearest vectors."""
