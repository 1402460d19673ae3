"""Tags back into photo libraries: what is to be written, written so that it can be undone."""
