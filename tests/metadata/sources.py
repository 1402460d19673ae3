"""Files with hand-made metadata."""

from __future__ import annotations

import struct
from io import BytesIO
from typing import TYPE_CHECKING, Any

from PIL import Image, TiffImagePlugin

from tests import photos

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

EXIF_IFD, GPS_IFD = 0x8769, 0x8825
HAVANA = {1: "N", 2: (23.0, 8.0, 0.0), 3: "W", 4: (82.0, 21.0, 36.0)}  # 23.1333, -82.36


def exif(
    main: Mapping[int, Any] | None = None,
    shot: Mapping[int, Any] | None = None,
    gps: Mapping[int, Any] | None = None,
) -> Image.Exif:
    """EXIF with these tags."""
    block = Image.Exif()
    block.update(main or {})
    for tag, values in ((EXIF_IFD, shot), (GPS_IFD, gps)):
        if values:
            block.get_ifd(tag).update(values)
    return block


def loaded(block: Image.Exif) -> Image.Exif:
    """As it comes out of a file."""
    copy = Image.Exif()
    copy.load(block.tobytes())
    return copy


def ratio(top: int, bottom: int) -> TiffImagePlugin.IFDRational:
    return TiffImagePlugin.IFDRational(top, bottom)


def jpeg(block: Image.Exif | None = None, *, xmp: bytes = b"", iptc: bytes = b"") -> bytes:
    buffer = BytesIO()
    options: dict[str, Any] = {"exif": block.tobytes()} if block is not None else {}
    if xmp:
        options["xmp"] = xmp
    photos.gradient((32, 24)).save(buffer, "JPEG", **options)
    raw = buffer.getvalue()
    return raw[:2] + iptc_segment(iptc) + raw[2:] if iptc else raw


def iptc_segment(datasets: bytes) -> bytes:
    """APP13 with one Photoshop resource, 0x0404."""
    body = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(datasets)) + datasets
    body = b"Photoshop 3.0\0" + body + b"\0" * (len(datasets) % 2)
    return b"\xff\xed" + struct.pack(">H", len(body) + 2) + body


def iptc(*fields: tuple[int, str | bytes], utf8: bool = True) -> bytes:
    """Datasets of record 2."""
    raw = b"\x1c\x01\x5a\0\x03\x1b%G" if utf8 else b""
    for number, text in fields:
        value = text if isinstance(text, bytes) else text.encode()
        raw += b"\x1c\x02" + bytes([number]) + struct.pack(">H", len(value)) + value
    return raw


def xmp(properties: str = "", attributes: str = "") -> bytes:
    """A packet with these properties as RDF."""
    return f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:lr="http://ns.adobe.com/lightroom/1.0/"
    xmlns:exif="http://ns.adobe.com/exif/1.0/"
    xmlns:tiff="http://ns.adobe.com/tiff/1.0/"
    xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"
    xmlns:mirada="urn:mirada:xmp:1/"
    xmlns:acme="http://acme.example/ns/" {attributes}>
{properties}
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>""".encode()


def bag(name: str, words: Sequence[str]) -> str:
    items = "".join(f"<rdf:li>{word}</rdf:li>" for word in words)
    return f"<{name}><rdf:Bag>{items}</rdf:Bag></{name}>"


def alt(name: str, text: str, language: str = "x-default") -> str:
    return f'<{name}><rdf:Alt><rdf:li xml:lang="{language}">{text}</rdf:li></rdf:Alt></{name}>'
