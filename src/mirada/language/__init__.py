"""What captions, tags and queries say: words with their lemmas, phrases, terms; pure functions."""
