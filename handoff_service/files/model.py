"""A file that somebody sent, and what may be sent: decided by the bytes, never by the name."""

from __future__ import annotations

import codecs
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from handoff_service.errors import Invalid

NAME_CHARS = 120
HEAD = 16  # bytes that tell every type but text
MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
)
# What customers send on platforms besides: voice, videos, and office documents, which are zip files.
MORE = (
    (b"OggS", "audio/ogg"),
    (b"#!AMR", "audio/amr"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"\xff\xf1", "audio/aac"),
    (b"\x1aE\xdf\xa3", "video/webm"),
    (b"PK\x03\x04", "application/zip"),
)
BRANDS = {b"M4A ": "audio/mp4", b"qt  ": "video/quicktime"}  # of ISO media files; the others are video/mp4
TEXT = "text/plain"
START = 1024  # characters of a text in which markup is looked for
MARKUP = ("<!doctype", "<html", "<svg", "<script", "<?xml", "<body", "<head", "<iframe")
WRONG_TYPE = "This kind of file cannot be sent; send an image (PNG, JPEG, GIF, WebP), a PDF or plain text."


@dataclass(frozen=True, kw_only=True)
class StoredFile:
    """`author` is who uploaded it ("customer:k_…"); `seq` and `audience` are of the entry that it was sent with."""

    tenant: str
    id: str
    contact: str
    conversation: str | None
    author: str | None
    name: str
    type: str
    size: int
    sha256: str
    seq: int | None
    audience: str | None
    created_at: datetime

    def as_json(self) -> dict[str, Any]:
        """What everybody who may see it is told, and what stands in the entry."""
        return {"id": self.id, "name": self.name, "type": self.type, "size": self.size}


def label(name: str) -> str:
    """A file in the words of those who read text only."""
    return f"[file: {name}]"


def words(body: Mapping[str, Any]) -> str:
    """What a message says to the bot and to platforms: its text, and the name of its file unless that is the text."""
    text, file = str(body["text"]), body.get("file")
    if not isinstance(file, Mapping) or text == label(file["name"]):
        return text
    return f"{text}\n{label(file['name'])}"


def clean_name(name: str) -> str:
    """A name without folders and without what would disturb those who read it: control and direction characters."""
    last = name.replace("\\", "/").rpartition("/")[2]
    shown = "".join(one for one in last if one == " " or unicodedata.category(one)[0] not in "CZ").strip(". ")
    return shown[:NAME_CHARS].strip() or "file"


def disposition(name: str) -> str:
    """The header that makes a browser save it under this name (RFC 6266), whatever its characters."""
    plain = "".join(one if one.isascii() and (one.isalnum() or one in "._- ") else "_" for one in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


class Sniffer:
    """Tells the type from the bytes as they come. Raises Invalid as soon as they can be nothing that may be sent."""

    def __init__(self, *, more: bool = False) -> None:
        """`more`: also what platforms carry and uploads may not be."""
        self._more = more
        self._type: str | None = None
        self._head = b""
        self._decoder = codecs.getincrementaldecoder("utf-8")("strict")
        self._start = ""

    def feed(self, piece: bytes) -> None:
        """The next bytes."""
        if self._type is None:
            self._head += piece
            if len(self._head) < HEAD:
                return
            piece = self._decide()
        if self._type == TEXT:
            self._read(piece)

    def end(self) -> str:
        """The type of what was fed."""
        if self._type is None:
            if not self._head:
                raise Invalid("The file is empty.")
            if (rest := self._decide()) and self._type == TEXT:
                self._read(rest)
        if self._type == TEXT:
            self._read(b"", last=True)
        return self._type or TEXT

    def _decide(self) -> bytes:
        """Sets the type from the first bytes, which it returns."""
        head, self._head = self._head, b""
        is_webp = head[:4] == b"RIFF" and head[8:12] == b"WEBP"
        known = (*MAGIC, *MORE) if self._more else MAGIC
        found = next((kind for magic, kind in known if head.startswith(magic)), TEXT)
        if self._more and head[4:8] == b"ftyp":
            found = BRANDS.get(head[8:12], "video/mp4")
        if self._more and head[:4] == b"RIFF" and head[8:12] == b"WAVE":
            found = "audio/wav"
        self._type = "image/webp" if is_webp else found
        return head

    def _read(self, piece: bytes, *, last: bool = False) -> None:
        """Checks that it is text for people, and no page that a browser would run."""
        try:
            text = self._decoder.decode(piece, last)
        except UnicodeDecodeError as error:
            raise Invalid(WRONG_TYPE) from error
        if any(unicodedata.category(one) == "Cc" and one not in "\t\n\r\f" for one in text):
            raise Invalid(WRONG_TYPE)
        self._start += text[: START - len(self._start)]
        if any(mark in self._start.lower() for mark in MARKUP):
            raise Invalid(WRONG_TYPE)
