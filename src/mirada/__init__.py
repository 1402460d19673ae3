"""mirada tags images by itself and finds them again from precise words."""

__version__ = "0.1.0"
