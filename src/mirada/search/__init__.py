"""Words to hits: encode, find candidates, rank."""
