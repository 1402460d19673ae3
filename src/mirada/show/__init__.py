"""Records for people and programs: as a page, in a terminal, as data."""
