"""XMP packets as trees: safe parsing, and properties in every form that RDF allows them.

lxml and not the standard library's parser: it keeps the prefixes, comments and order of what
other programs wrote, which matters when a packet is written back, and it can go on after damage.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mirada.types import Tag

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMESPACES = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "x": "adobe:ns:meta/",
    "xml": "http://www.w3.org/XML/1998/namespace",
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "exifEX": "http://cipa.jp/exif/1.0/",
    "tiff": "http://ns.adobe.com/tiff/1.0/",
    "aux": "http://ns.adobe.com/exif/1.0/aux/",
    "lr": "http://ns.adobe.com/lightroom/1.0/",
    "digiKam": "http://www.digikam.org/ns/1.0/",
    "MicrosoftPhoto": "http://ns.microsoft.com/photo/1.0/",
    "mwg-rs": "http://www.metadataworkinggroup.com/schemas/regions/",
    "Iptc4xmpCore": "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/",
    "xmpNote": "http://ns.adobe.com/xmp/note/",
    "mirada": "urn:mirada:xmp:1/",
}
STATES = ("auto", "accepted", "rejected")


def name(short: str) -> str:
    """`dc:subject` as lxml writes it: the namespace in braces, then the local name."""
    prefix, _, local = short.partition(":")
    return f"{{{NAMESPACES[prefix]}}}{local}"


RDF, DESCRIPTION, LI = name("rdf:RDF"), name("rdf:Description"), name("rdf:li")
CONTAINERS = (name("rdf:Bag"), name("rdf:Seq"), name("rdf:Alt"))


def parse(packet: bytes, *, recover: bool) -> Any:
    """The root element; None for what is no XML, or has a document type.

    XMP has none, and it is where entities are declared that grow without end or read files.

    Args:
        packet: with or without its wrapper, in any encoding that XML allows.
        recover: go on after damage with what can be read.
    """
    from lxml import etree  # noqa: PLC0415 searches parse no packets

    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, recover=recover, huge_tree=False
    )
    try:
        root = etree.fromstring(packet.strip(b"\0 \t\r\n"), parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    if root is None or root.getroottree().docinfo.internalDTD is not None:
        return None
    return root


def descriptions(root: Any) -> list[Any]:
    """The `rdf:Description` elements that hold the properties, in order."""
    return [inner for rdf in root.iter(RDF) for inner in rdf.iterchildren(DESCRIPTION)]


def values(root: Any, short: str) -> list[str]:
    """All texts of a property, as attribute, element, or list, in order."""
    wanted = name(short)
    found: list[str] = []
    for description in descriptions(root):
        if (attribute := description.get(wanted)) is not None:
            found.append(attribute)
        for element in description.iterchildren(wanted):
            found.extend(texts_of(element))
    return found


def value(root: Any, *shorts: str) -> str | None:
    """The first text of the first of these properties that has any; the default language first."""
    for short in shorts:
        found = [text for text in values(root, short) if text.strip()]
        if found:
            return default_text(root, short) or found[0]
    return None


def default_text(root: Any, short: str) -> str | None:
    """The text of a property in the language `x-default`."""
    for description in descriptions(root):
        for li in description.iterfind(f"{name(short)}/{name('rdf:Alt')}/{LI}"):
            if li.get(name("xml:lang")) == "x-default" and (li.text or "").strip():
                return str(li.text)
    return None


def texts_of(element: Any) -> Iterator[str]:
    """The texts of a property element: its own, or those of its list."""
    lists = [inner for inner in element if inner.tag in CONTAINERS]
    for inner in lists:
        for li in inner.iterchildren(LI):
            if li.text:
                yield str(li.text)
    if not lists and element.text and element.text.strip():
        yield str(element.text)


def anywhere(root: Any, short: str) -> list[str]:
    """Values of a property at any depth, as in structures within lists."""
    wanted = name(short)
    found = []
    for element in root.iter("*"):
        if (attribute := element.get(wanted)) is not None:
            found.append(str(attribute))
        if element.tag == wanted and element.text:
            found.append(str(element.text))
    return found


def recorded_tags(root: Any) -> dict[str, tuple[Tag, bool]]:
    """What mirada noted in a packet: name -> tag, and whether its keyword is mirada's own."""
    found: dict[str, tuple[Tag, bool]] = {}
    for description in descriptions(root):
        for li in description.iterfind(f"{name('mirada:tags')}/*/{LI}"):
            fields = {inner.tag: inner.text or "" for inner in li if isinstance(inner.tag, str)}
            word = fields.get(name("mirada:name"), "").strip()
            state = fields.get(name("mirada:state"), "")
            if word and state in STATES:
                own = fields.get(name("mirada:own")) == "True"
                tag = Tag(word, _share(fields.get(name("mirada:confidence"))), "model", state)
                found[word.casefold()] = (tag, own)
    return found


def _share(text: str | None) -> float:
    try:
        number = float(text or "")
    except ValueError:
        return 0.0
    return number if 0 <= number <= 1 else 0.0
