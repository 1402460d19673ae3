"""`python -m mirada` is the `mirada` command."""

from mirada.cli import main

if __name__ == "__main__":
    main()
