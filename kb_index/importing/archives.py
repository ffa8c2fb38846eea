"""Office files are zip archives of XML: opened only if they unpack to something sensible, parsed without entities."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from xml.etree.ElementTree import Element

from kb_index.errors import SourceUnreadable

MOST_UNPACKED = 256 * 1024 * 1024
"""Bytes of all parts together."""
MOST_PARTS = 5_000
HIGHEST_RATIO = 250
"""How many times its packed size a large part may have; text is packed to about a tenth."""
_RATIO_COUNTS_FROM = 1024 * 1024
_DOCTYPE = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)|<\x00!\x00[DE]\x00|\x00<\x00!\x00[DE]", re.IGNORECASE)


def check_archive(path: Path) -> None:
    """Raises SourceUnreadable for what is no archive, unpacks to too much, or is encrypted.

    Python's zipfile never unpacks more of a part than the directory says, so the sizes there can be relied on.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            for part in parts:
                _check_part(path, part)
            if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
                raise SourceUnreadable(path.name, "it unpacks to more than a document has: it was not opened")
            for part in parts:
                if part.filename.endswith((".xml", ".rels")):
                    with archive.open(part) as file:
                        if _DOCTYPE.search(file.read(4096)):
                            raise SourceUnreadable(path.name, f"{part.filename} declares entities: it was not opened")
    except (zipfile.BadZipFile, EOFError, RuntimeError, OSError) as error:
        raise SourceUnreadable(path.name, f"it is damaged or encrypted ({error})") from error


def _check_part(path: Path, part: zipfile.ZipInfo) -> None:
    if part.flag_bits & 1:
        raise SourceUnreadable(path.name, "it is encrypted: save it without a password")
    too_dense = part.file_size > max(part.compress_size, 1) * HIGHEST_RATIO
    if too_dense and part.file_size > _RATIO_COUNTS_FROM:
        raise SourceUnreadable(path.name, f"{part.filename} unpacks to {part.file_size} bytes: it was not opened")


def read_xml(path: Path, part: str) -> Element | None:
    """The root of one XML part, None if the archive has no such part; raises SourceUnreadable."""
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring

    try:
        with zipfile.ZipFile(path) as archive:
            if part not in archive.namelist():
                return None
            root: Element = fromstring(archive.read(part), forbid_dtd=True)
            return root
    except (ParseError, DefusedXmlException, zipfile.BadZipFile, EOFError, OSError, ValueError, RuntimeError) as error:
        raise SourceUnreadable(path.name, f"{part} cannot be read ({error})") from error
