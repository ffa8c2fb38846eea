"""Markdown and plain text as blocks; what is between headings stays the Markdown that it is."""

from __future__ import annotations

import re

from kb_index.importing.cleaning import clean
from kb_index.importing.model import Block, Document

_ATX = re.compile(r" {0,3}(#{1,6})\s+(.*?)\s*#*\s*$")
_UNDERLINE = re.compile(r" {0,3}(=+|-{3,})\s*$")
_FENCE = re.compile(r" {0,3}(```+|~~~+)")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_ACTIVE = re.compile(r"<(script|style|iframe|object|embed|template)\b.*?(?:</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_MARKS = re.compile(r"[*_`]{1,3}(?=\S)(.+?)(?<=\S)[*_`]{1,3}")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")


def read_markdown(text: str, *, title: str) -> Document:
    """Headings and the paragraphs between them; HTML in it is dropped, code is kept as it is."""
    blocks: list[Block] = []
    paragraph: list[str] = []
    fence = ""

    def end_paragraph() -> None:
        body = "\n".join(paragraph).strip("\n")
        if body.strip():
            blocks.append(Block(body))
        paragraph.clear()

    for line in clean(_without_html(_without_front_matter(text))).split("\n"):
        marks = _FENCE.match(line)
        if marks and (not fence or marks[1].startswith(fence)):
            fence = "" if fence else marks[1]
            paragraph.append(line)
            continue
        heading = None if fence else _ATX.match(line)
        underline = None if fence or len(paragraph) != 1 else _UNDERLINE.match(line)
        if heading is not None:
            end_paragraph()
            blocks.append(Block(_plain(heading[2]), level=len(heading[1])))
        elif underline is not None:
            blocks.append(Block(_plain(paragraph.pop()), level=1 if underline[1].startswith("=") else 2))
        elif not line.strip() and not fence:
            end_paragraph()
        else:
            paragraph.append(line)
    end_paragraph()
    return Document(title, tuple(block for block in blocks if block.text))


def read_text(text: str, *, title: str) -> Document:
    """Plain text: paragraphs at blank lines, nothing in it is markup."""
    return Document(title, tuple(Block(part.strip()) for part in clean(text).split("\n\n") if part.strip()))


def _without_front_matter(text: str) -> str:
    lines = text.lstrip("\ufeff").split("\n")
    if lines[0].rstrip() != "---":
        return text
    end = next((number for number, line in enumerate(lines[1:200], 1) if line.rstrip() in ("---", "...")), None)
    return text if end is None else "\n".join(lines[end + 1 :])


def _without_html(text: str) -> str:
    return _TAG.sub("", _ACTIVE.sub("", _COMMENT.sub("", text)))


def _plain(heading: str) -> str:
    return _MARKS.sub(r"\1", _LINK.sub(r"\1", heading)).strip()
