"""Trains the embedded models; needs the extra `train`."""
