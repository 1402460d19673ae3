"""One module for each way in which datasets are laid out on disk.

Each has a function that looks at a folder and gives its captioned images, or None where the folder
is laid out in another way; `mirada.evaluation.datasets` asks them in turn.
"""
