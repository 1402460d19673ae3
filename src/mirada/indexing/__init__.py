"""Folder to store: scan, decode, observe, record."""
