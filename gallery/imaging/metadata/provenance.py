"""Recognise provenance marks: C2PA manifests and IPTC's Digital Source Type.

Presence only. Whether a manifest's signature holds is for a C2PA verifier.
"""

from __future__ import annotations

import contextlib
import re
from xml.parsers import expat

_C2PA_UUID = bytes.fromhex("63327061001100108000" + "00aa00389b71")
_IPTC_PROPERTY = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/ DigitalSourceType"
_RDF_RESOURCE = "http://www.w3.org/1999/02/22-rdf-syntax-ns# resource"
# https://cv.iptc.org/newscodes/digitalsourcetype/
_SOURCE_TYPE = re.compile(
    r"\s{0,99}https?://cv\.iptc\.org/newscodes/digitalsourcetype/([A-Za-z]{1,64})/?\s{0,99}"
)
_MAX_VALUE = 400
_MAX_TYPES = 8


def is_c2pa_jumbf(box: memoryview) -> bool:
    """Tell whether a JUMBF box is a C2PA manifest store (C2PA 2.1, 11.1.4)."""
    head = bytes(box[:64])
    # A length of 1 says that the real one follows the name, in eight bytes.
    description = head[16 if head[:4] == b"\0\0\0\1" else 8 :]
    if head[4:8] != b"jumb" or description[4:8] != b"jumd":
        return False
    label = description[25:30]
    return description[8:24] == _C2PA_UUID or label in (b"c2pa\0", b"c2pa.", b"c2pa/")


def digital_source_types(xmp: str) -> tuple[str, ...]:
    """Return the IPTC Digital Source Types of an XMP packet, e.g. trainedAlgorithmicMedia.

    A packet broken off or with entity declarations counts up to that point.
    """
    if "DigitalSourceType" not in xmp:
        return ()
    reader = _SourceTypeReader()
    # Expat, event by event: no tree, so nesting costs nothing. XMP's own encoding is
    # overridden because the text has been decoded already.
    parser = expat.ParserCreate("utf-8", " ")
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.EntityDeclHandler = _refuse_entity
    with contextlib.suppress(expat.ExpatError, ValueError):
        parser.Parse(xmp.encode("utf-8"), True)
    return tuple(dict.fromkeys(reader.found))[:_MAX_TYPES]


def _refuse_entity(*_declaration: object) -> None:
    raise ValueError("XMP with entity declarations")


class _SourceTypeReader:
    """Collects the property in its three spellings: attribute, element, rdf:resource."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._value: str | None = None

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._note(attributes.get(_IPTC_PROPERTY, ""))
        if name == _IPTC_PROPERTY:
            self._value = ""
            self._note(attributes.get(_RDF_RESOURCE, ""))

    def text(self, text: str) -> None:
        if self._value is not None:
            self._value = (self._value + text)[:_MAX_VALUE]

    def end(self, name: str) -> None:
        if name == _IPTC_PROPERTY and self._value is not None:
            self._note(self._value)
            self._value = None

    def _note(self, value: str) -> None:
        match = _SOURCE_TYPE.fullmatch(value)
        if match:
            self.found.append(match[1])
