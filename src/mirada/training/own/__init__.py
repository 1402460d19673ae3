"""The embedded model, trained on with the user's own pictures: what `mirada train own` runs."""
