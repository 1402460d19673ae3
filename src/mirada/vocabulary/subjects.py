"""Texts on common subjects of photos: against them it is judged how well another text fits."""

from __future__ import annotations

from importlib import resources


def subjects() -> list[str]:
    """The distractors, such as "a dog"; English, all different."""
    text = resources.files(__package__).joinpath("subjects.txt").read_text("utf-8")
    return [line for line in text.splitlines() if line]
