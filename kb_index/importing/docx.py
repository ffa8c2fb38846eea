"""DOCX as blocks: headings by style or outline level, lists, tables; no macros, fields or deleted text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

from kb_index.errors import SourceUnreadable
from kb_index.importing.archives import check_archive, read_xml
from kb_index.importing.cleaning import clean
from kb_index.importing.html import table_of
from kb_index.importing.model import Block, Document

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_HEADING_NAME = re.compile(r"(?:heading|标题|標題)\s*(\d)$", re.IGNORECASE)
DEEPEST = 60
_LEFT_OUT = {f"{_W}{name}" for name in ("del", "moveFrom", "instrText", "delText", "pPr", "rPr", "footnoteReference")}


def read_docx(path: Path, *, title: str) -> Document:
    """Raises SourceUnreadable for what is damaged, encrypted, no document, or a bomb."""
    check_archive(path)
    root = read_xml(path, "word/document.xml")
    body = root.find(f"{_W}body") if root is not None else None
    if body is None:
        raise SourceUnreadable(path.name, "it holds no Word document")
    levels, ordered = (
        _heading_levels(read_xml(path, "word/styles.xml")),
        _ordered_lists(read_xml(path, "word/numbering.xml")),
    )
    blocks: list[Block] = []
    counts: dict[tuple[str, str], int] = {}
    for node in _content(body):
        if node.tag == f"{_W}tbl":
            text = table_of([[_cell(cell) for cell in row.iter(f"{_W}tc")] for row in node.iter(f"{_W}tr")])
            if text:
                blocks.append(Block(text))
            continue
        text, style = clean(_text(node)), _value(node, "pPr/pStyle")
        if not text:
            continue
        outline = _value(node, "pPr/outlineLvl")
        level = int(outline) + 1 if outline.isdigit() and int(outline) < 9 else levels.get(style, 0)
        if style == "Title" and not level:
            title = text
        elif level:
            blocks.append(Block(text.replace("\n", " "), level=min(level, 6)))
        else:
            _add_paragraph(blocks, node, text, ordered, counts)
    return Document(title, tuple(blocks))


def _add_paragraph(
    blocks: list[Block], node: Element, text: str, ordered: set[tuple[str, str]], counts: dict[tuple[str, str], int]
) -> None:
    number, depth = _value(node, "pPr/numPr/numId"), _value(node, "pPr/numPr/ilvl") or "0"
    listed = number not in ("", "0") or _value(node, "pPr/pStyle").startswith("List")
    if not listed:
        blocks.append(Block(text))
        counts.clear()
        return
    style = _value(node, "pPr/pStyle")
    counted = (number, depth) in ordered or (not number and style.startswith("ListNumber"))
    which = (number or style, depth)
    counts[which] = counts.get(which, 0) + 1
    indent = "  " * min(int(depth) if depth.isdigit() else 0, 8)
    item = f"{indent}{counts[which]}. {text}" if counted else f"{indent}- {text}"
    if blocks and not blocks[-1].level and re.match(r"\s*(?:- |\d+\. )", blocks[-1].text):
        blocks[-1] = Block(f"{blocks[-1].text}\n{item}")
    else:
        blocks.append(Block(item))


def _content(body: Element, depth: int = 0) -> Iterator[Element]:
    """Paragraphs and tables in order, also those inside content controls."""
    for child in body:
        if child.tag in (f"{_W}p", f"{_W}tbl"):
            yield child
        elif child.tag in (f"{_W}sdt", f"{_W}sdtContent", f"{_W}ins", f"{_W}customXml") and depth < DEEPEST:
            yield from _content(child, depth + 1)


def _text(node: Element, depth: int = 0) -> str:
    """The text that is seen of a paragraph."""
    if node.tag in _LEFT_OUT or depth > DEEPEST or node.find(f"{_W}rPr/{_W}vanish") is not None:
        return ""
    if node.tag == f"{_W}t":
        return node.text or ""
    if node.tag in (f"{_W}br", f"{_W}cr"):
        return "\n"
    if node.tag == f"{_W}tab":
        return " "
    return "".join(_text(child, depth + 1) for child in node)


def _cell(cell: Element) -> str:
    return clean(" ".join(filter(None, (_text(paragraph) for paragraph in cell.iter(f"{_W}p"))))).replace("\n", " ")


def _value(node: Element, path: str) -> str:
    found = node.find("/".join(f"{_W}{step}" for step in path.split("/")))
    return found.get(f"{_W}val", "") if found is not None else ""


def _heading_levels(styles: Element | None) -> dict[str, int]:
    """Heading level by style id: named so, with an outline level, or based on one that is."""
    levels: dict[str, int] = {}
    based: dict[str, str] = {}
    for style in styles.iter(f"{_W}style") if styles is not None else ():
        key, name, outline = style.get(f"{_W}styleId", ""), _value(style, "name"), _value(style, "pPr/outlineLvl")
        named = _HEADING_NAME.match(name)
        if named is not None:
            levels[key] = int(named[1])
        elif outline.isdigit() and int(outline) < 9:
            levels[key] = int(outline) + 1
        based[key] = _value(style, "basedOn")
    for key, parent in based.items():
        if key not in levels and parent in levels:
            levels[key] = levels[parent]
    return levels


def _ordered_lists(numbering: Element | None) -> set[tuple[str, str]]:
    """(list number, depth) of the lists that count."""
    if numbering is None:
        return set()
    formats: dict[str, set[str]] = {}
    for abstract in numbering.iter(f"{_W}abstractNum"):
        counted = {
            level.get(f"{_W}ilvl", "0")
            for level in abstract.iter(f"{_W}lvl")
            if _value(level, "numFmt") not in ("bullet", "none", "")
        }
        formats[abstract.get(f"{_W}abstractNumId", "")] = counted
    return {
        (number.get(f"{_W}numId", ""), depth)
        for number in numbering.iter(f"{_W}num")
        for depth in formats.get(_value(number, "abstractNumId"), ())
    }
