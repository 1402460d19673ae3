"""The frame of a page of this package: its style within it, and nothing from elsewhere."""

from __future__ import annotations

from html import escape
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING, Final

from mirada.show.html import Html, element
from mirada.show.words import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

PAGE: Final = Template("""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>$title</title>
<style>
$style
</style>
<body>
<main>
$body
</main>
</body>
</html>
""")


def page(title: str, body: str, *, style: str = "") -> str:
    """A whole page.

    Args:
        title: as text.
        body: as HTML.
        style: rules that the usual ones lack.
    """
    usual = files("mirada.experiments").joinpath("report.css").read_text(encoding="utf-8")
    return PAGE.substitute(title=escape(shown(title)), style=usual + style, body=body)


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, class_: str) -> Html:
    """A table that scrolls by itself where the page is narrow; the first cell names its row."""
    top = element("tr", *(element("th", name, scope="col") for name in head))
    body = [
        element("tr", element("th", row[0], scope="row"), *(element("td", one) for one in row[1:]))
        for row in rows
    ]
    whole = element("table", element("thead", top), element("tbody", *body), class_=class_)
    return element("div", whole, class_="wide")
