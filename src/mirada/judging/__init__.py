"""People say which pictures fit a query: pools, a page to mark them on, and what was marked."""
