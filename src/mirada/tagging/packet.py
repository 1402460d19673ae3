"""XMP packets as bytes: what they say, and the same packet with an edit made.

Whatever other programs wrote stays: unknown namespaces, comments, order, line breaks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mirada.errors import MiradaError
from mirada.metadata.rdf import (
    CONTAINERS,
    DESCRIPTION,
    LI,
    NAMESPACES,
    RDF,
    default_text,
    descriptions,
    name,
    parse,
    recorded_tags,
    value,
    values,
)
from mirada.metadata.values import clean, unique
from mirada.tagging.edit import Present

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mirada.tagging.edit import Edit, Notes

EMPTY = b"""<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="mirada">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""/>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""
DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>'
PARTS = "HasExtendedXMP"  # a packet with this goes on elsewhere in the file
_LANGUAGE = name("xml:lang")


class Untaggable(MiradaError):
    """One file cannot be tagged; the message says why, without the path."""


def inspect(packet: bytes, *, recover: bool = False) -> Present:
    """What a packet says.

    Raises:
        Untaggable: it is damaged, unless `recover` asks for what can be read.
    """
    root = parse(packet, recover=recover)
    if root is None or next(root.iter(RDF), None) is None:
        if recover:
            return Present()
        raise Untaggable("its XMP is damaged or no XMP at all: left as it is")
    return Present(
        keywords=unique(values(root, "dc:subject")),
        description=clean(value(root, "dc:description")),
        caption=clean(value(root, "mirada:caption")),
        notes=recorded_tags(root),
    )


def rewrite(packet: bytes | None, edit: Edit) -> bytes:
    """The packet with the edit made; a new one where there was none.

    Raises:
        Untaggable: it is damaged.
    """
    from lxml import etree  # noqa: PLC0415 plans of nothing to write need none

    source = packet if packet is not None else EMPTY
    inspect(source)
    root = parse(source, recover=False)
    if not descriptions(root):
        etree.SubElement(next(root.iter(RDF)), DESCRIPTION, {name("rdf:about"): ""})
    _add_words(root, (*edit.carried, *edit.add))
    _remove_words(root, edit.remove)
    if edit.captions:
        _describe(root, {caption.language: caption.text for caption in edit.captions})
    _note(root, edit.notes)
    if packet is None:
        etree.indent(root, space=" ")
    nodes = [*reversed([*root.itersiblings(preceding=True)]), root, *root.itersiblings()]
    lines = [etree.tostring(node, encoding="utf-8", with_tail=False) for node in nodes]
    declared = source.lstrip().startswith(b"<?xml ")
    return b"\n".join([DECLARATION, *lines] if declared else lines)


def _add_words(root: Any, words: Iterable[str]) -> None:
    """Append to the list of keywords, whatever form it has."""
    there = {word.casefold() for word in values(root, "dc:subject")}
    fresh = [word for word in unique(words) if word.casefold() not in there]
    if not fresh:
        return
    subject = _element(root, "dc:subject")
    container = next((inner for inner in subject if inner.tag in CONTAINERS), None)
    if container is None:
        lone, subject.text = clean(subject.text), None
        container = _child(subject, "rdf:Bag")
        fresh = [lone, *fresh] if lone else fresh
    for word in fresh:
        _append(container, word)


def _remove_words(root: Any, words: Iterable[str]) -> None:
    unwanted = {word.casefold() for word in words}
    for description in descriptions(root):
        for subject in description.findall(name("dc:subject")):
            for li in subject.findall(f"*/{LI}"):
                if (clean(li.text) or "").casefold() in unwanted:
                    _remove(li)
            if unwanted and not len(subject.findall(f"*/{LI}")) and not clean(subject.text):
                _remove(subject)


def _describe(root: Any, texts: Mapping[str, str]) -> None:
    """Set the description in each language, the first by default, and note that it is ours."""
    default = next(iter(texts.values()))
    _drop(root, "dc:description")
    alternatives = _child(_element(root, "dc:description"), "rdf:Alt")
    for language, text in {"x-default": default, **texts}.items():
        _append(alternatives, text).set(_LANGUAGE, language)
    _drop(root, "mirada:caption")
    _element(root, "mirada:caption").text = default
    assert default_text(root, "dc:description") == default  # noqa: S101 what `inspect` will compare


def _note(root: Any, notes: Notes) -> None:
    _drop(root, "mirada:tags")
    if not notes:
        return
    bag = _child(_element(root, "mirada:tags"), "rdf:Bag")
    for tag, own in notes.values():
        li = _append(bag, None)
        li.set(name("rdf:parseType"), "Resource")
        for field, text in (
            ("name", tag.name),
            ("state", tag.state),
            ("confidence", f"{tag.confidence:.2f}"),
            ("own", str(own)),
        ):
            _child(li, f"mirada:{field}").text = text


def _element(root: Any, short: str) -> Any:
    """The first element of a property, made where there is none; an attribute becomes one."""
    wanted = name(short)
    for description in descriptions(root):
        found = description.find(wanted)
        if found is not None:
            return found
    first = descriptions(root)[0]
    element = _append(first, None, tag=wanted, prefix=short.partition(":")[0])
    for description in descriptions(root):
        if (text := description.attrib.pop(wanted, None)) is not None:
            element.text = text
    return element


def _drop(root: Any, short: str) -> None:
    for description in descriptions(root):
        description.attrib.pop(name(short), None)
        for element in description.findall(name(short)):
            _remove(element)


def _child(parent: Any, short: str) -> Any:
    from lxml import etree  # noqa: PLC0415 as above

    prefix = short.partition(":")[0]
    return etree.SubElement(parent, name(short), nsmap={prefix: NAMESPACES[prefix]})


def _append(parent: Any, text: str | None, *, tag: str = LI, prefix: str = "rdf") -> Any:
    """A last child on a line of its own where its siblings have theirs."""
    from lxml import etree  # noqa: PLC0415 as above

    last = parent[-1] if len(parent) else None
    element = etree.SubElement(parent, tag, nsmap={prefix: NAMESPACES[prefix]})
    element.text = text
    if last is not None:
        element.tail, last.tail = last.tail, parent.text
    return element


def _remove(element: Any) -> None:
    """Take an element out, with the blanks before it."""
    parent, previous = element.getparent(), element.getprevious()
    if previous is not None:
        previous.tail = element.tail
    elif len(parent) == 1:
        parent.text = element.tail
    parent.remove(element)
