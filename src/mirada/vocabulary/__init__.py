"""The words that images are tagged with, how likely each is, and what a model learnt of them."""
