"""XMP packets changed without loss."""

import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from mirada.metadata.xmp import read_tags, read_xmp
from mirada.tagging.edit import Edit, Present, plan_edit
from mirada.tagging.packet import Untaggable, inspect, rewrite
from mirada.types import Caption, Tag
from tests.metadata.sources import alt, bag, xmp
from tests.tagging.indexed import CAPTION, CAT, DOG, SEA, SPANISH, rejected

FOREIGN = (
    "   <!-- kept by hand -->\n"
    "   <acme:history><rdf:Seq><rdf:li acme:step='1'>cropped</rdf:li></rdf:Seq></acme:history>\n"
    + bag("lr:hierarchicalSubject", ["Animals|Dog"])
    + alt("dc:title", "Max")
)


def edit(*words: str, captions: tuple[Caption, ...] = (), remove: tuple[str, ...] = ()) -> Edit:
    tags = [Tag(word, 0.9, "model") for word in words]
    notes = {tag.name: (tag, True) for tag in tags}
    return Edit(add=words, captions=captions, remove=remove, notes=notes, changes=True)


def test_a_new_packet_says_what_was_asked() -> None:
    packet = rewrite(None, edit("dog", "sea", captions=(CAPTION, SPANISH)))
    found = inspect(packet)
    assert found.keywords == ("dog", "sea")
    assert found.description == found.caption == "A dog by the sea."
    assert read_tags(packet) == (Tag("dog", 0.9, "model"), Tag("sea", 0.9, "model"))


def test_both_languages_of_a_caption_are_kept() -> None:
    packet = rewrite(None, edit(captions=(CAPTION, SPANISH))).decode()
    assert '<rdf:li xml:lang="es">Un perro junto al mar.</rdf:li>' in packet
    assert '<rdf:li xml:lang="x-default">A dog by the sea.</rdf:li>' in packet


def test_what_others_wrote_is_kept_to_the_letter() -> None:
    before = xmp(bag("dc:subject", ["Ana"]) + FOREIGN, 'xmp:Rating="4" acme:note="private"')
    after = rewrite(before, edit("dog", captions=(CAPTION,)))
    assert FOREIGN.splitlines()[0] in after.decode()
    assert foreign_parts(after) == foreign_parts(before)
    assert inspect(after).keywords == ("Ana", "dog")
    assert b'<?xpacket begin="\xef\xbb\xbf"' in after
    assert after.endswith(b'</x:xmpmeta>\n<?xpacket end="w"?>')


def foreign_parts(packet: bytes) -> list[object]:
    """All nodes and attributes but those that an edit may touch, in order."""
    (description,) = etree.fromstring(packet).iter("{*}Description")
    ours = ("}subject", "}description", "}tags", "}caption")
    kept = [child for child in description if not str(child.tag).endswith(ours)]
    return [*map(node, kept), sorted(description.attrib.items())]


def node(element: etree._Element) -> tuple[object, ...]:
    attributes = sorted(element.attrib.items())
    return str(element.tag), element.prefix, element.text, attributes, [*map(node, element)]


@pytest.mark.parametrize(
    ("property_", "words"),
    [
        (bag("dc:subject", ["Ana", "Max"]), ("Ana", "Max", "dog")),
        ("<dc:subject><rdf:Seq><rdf:li>Ana</rdf:li></rdf:Seq></dc:subject>", ("Ana", "dog")),
        ("<dc:subject>Ana</dc:subject>", ("Ana", "dog")),
        ("<dc:subject/>", ("dog",)),
        ("", ("dog",)),
    ],
)
def test_keywords_join_those_that_are_there_in_any_form(
    property_: str, words: tuple[str, ...]
) -> None:
    assert inspect(rewrite(xmp(property_), edit("dog"))).keywords == words


def test_keywords_in_an_attribute_are_kept_too() -> None:
    after = rewrite(xmp(attributes='dc:subject="Ana"'), edit("dog"))
    assert inspect(after).keywords == ("Ana", "dog")


def test_a_second_description_block_is_looked_at_too() -> None:
    packet = xmp().replace(
        b"</rdf:RDF>",
        b'<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        + bag("dc:subject", ["Ana"]).encode()
        + b"</rdf:Description></rdf:RDF>",
    )
    after = rewrite(packet, edit("dog"))
    assert inspect(after).keywords == ("Ana", "dog")
    assert after.count(b"<dc:subject>") == 1


def test_a_rejected_keyword_leaves_and_its_neighbours_stay() -> None:
    before = rewrite(xmp(bag("dc:subject", ["Ana"])), edit("dog", "sea"))
    again = plan_edit(
        [rejected(DOG), SEA], (), here=inspect(before), elsewhere=Present(), min_confidence=0.7
    )
    after = rewrite(before, again)
    assert inspect(after).keywords == ("Ana", "sea")
    assert inspect(after).notes["dog"][0].state == "rejected"


def test_the_last_keyword_leaves_no_empty_list() -> None:
    before = rewrite(xmp(), edit("dog"))
    assert b"subject" not in rewrite(before, edit(remove=("dog",)))


def test_a_packet_without_any_property_can_be_filled() -> None:
    bare = b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>'
    assert inspect(rewrite(bare, edit("dog"))).keywords == ("dog",)


def test_a_declaration_is_kept_where_there_was_one() -> None:
    packet = b'<?xml version="1.0" encoding="UTF-8"?>\n' + xmp().split(b"?>", 1)[1].strip()
    assert rewrite(packet, edit("dog")).startswith(b"<?xml version=")
    assert not rewrite(xmp(), edit("dog")).startswith(b"<?xml ")


@pytest.mark.parametrize(
    "packet",
    [b"", b"hello", xmp()[:-60], b"<x/>", b"<!DOCTYPE x [<!ENTITY a 'b'>]>" + xmp()],
)
def test_a_damaged_packet_is_left_alone(packet: bytes) -> None:
    with pytest.raises(Untaggable, match="left as it is"):
        inspect(packet)
    with pytest.raises(Untaggable):
        rewrite(packet, edit("dog"))


def test_markup_in_a_tag_is_text() -> None:
    packet = rewrite(None, edit('<b>"&amp;', captions=(Caption("1 < 2 & 3", "en", 0.9),)))
    assert inspect(packet).keywords == ('<b>"&amp;',)
    assert inspect(packet).description == "1 < 2 & 3"


def test_lines_stay_lines() -> None:
    before = rewrite(None, edit("dog"))
    after = rewrite(before, edit("dog", "sea"))
    assert b"\n     <rdf:li>dog</rdf:li>\n     <rdf:li>sea</rdf:li>\n    </rdf:Bag>" in after


words = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=12)


@settings(max_examples=50)
@given(st.lists(words, max_size=5), st.lists(words, max_size=5))
def test_any_words_come_back_as_they_went(theirs: list[str], ours: list[str]) -> None:
    first = rewrite(None, edit(*theirs))
    both = inspect(rewrite(first, edit(*ours))).keywords
    assert {word.casefold() for word in both} == {word.casefold() for word in theirs + ours}
    assert both[: len(inspect(first).keywords)] == inspect(first).keywords


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="needs the program ExifTool")
def test_exiftool_reads_what_was_written(tmp_path) -> None:
    sidecar = tmp_path / "a.xmp"
    sidecar.write_bytes(rewrite(xmp(FOREIGN), edit("dog", "sea", captions=(CAPTION,))))
    shown = subprocess.run(
        ["exiftool", "-s3", "-XMP-dc:Subject", "-XMP-dc:Description", "-validate", sidecar],
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.splitlines()[:2] == ["dog, sea", "A dog by the sea."]


def test_what_mirada_guessed_does_not_come_back_as_a_keyword() -> None:
    packet = rewrite(xmp(bag("dc:subject", ["Ana"])), edit("dog", captions=(CAPTION,)))
    found = read_xmp(packet)
    assert (found.keywords, found.description) == (("Ana",), None)
    assert CAT.name not in found.keywords
