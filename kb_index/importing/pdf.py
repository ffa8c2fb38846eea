"""PDF as blocks: lines joined to paragraphs, larger lines as headings, what repeats on every page dropped."""

from __future__ import annotations

import ctypes
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from kb_index.errors import SourceUnreadable
from kb_index.importing.cleaning import clean, join_lines, without_radicals
from kb_index.importing.model import Block, Document

MOST_PAGES = 3_000
MARGIN = 0.13
"""Share of a page's height at its top and bottom where headers and footers stand."""
REPEATED = 0.5
"""From this share of the pages a line in the margin is a header or footer."""
LARGER = 1.13
"""How many times the height of the common text a heading's is."""
_PAGE_NUMBER = re.compile(
    r"[-–—\s]*(?:(?:page|p\.)\s*)?\d+\s*(?:(?:/|of|／)\s*\d+)?[-–—\s]*|第\s*\d+\s*页(?:\s*[,，/]?\s*共\s*\d+\s*页)?",
    re.IGNORECASE,
)
_NUMBERED_HEADING = re.compile(
    r"第[一二三四五六七八九十百零\d]+[章节節条條部分编編][\s:：、.]*\S*|\d{1,2}(?:\.\d{1,2}){1,3}\.?\s+\S"
)
_LIST_MARK = re.compile(r"(?:[•●○■◦▪·‣]|[-–*])\s+|\d{1,3}[.)、．]\s*(?!\d)|[(（][\d一二三四五六七八九十]+[)）]|[①-⑳]")
_SENTENCE_END = re.compile(r"[。！？!?.;；:：”」)）]$")


@dataclass(frozen=True)
class _Line:
    """One printed line; points from the left, from the bottom, and the height of its characters."""

    text: str
    page: int
    left: float
    right: float
    bottom: float
    height: float
    margin: bool


def read_pdf(path: Path, *, title: str) -> Document:
    """Raises SourceUnreadable for what is damaged or encrypted; pages without text are named."""
    lines, unread, named = _lines(path)
    if not lines:
        raise SourceUnreadable(path.name, "no page has text: it is scanned, recognise its text first (OCR)")
    pages = lines[-1].page
    dropped = _repeated(lines, pages)
    body = [line for line in lines if line not in dropped]
    return Document(named or title, tuple(_blocks(body)), tuple(unread))


def _lines(path: Path) -> tuple[list[_Line], list[tuple[str, str]], str]:
    """All lines in reading order, the pages without text, and the title that the file names."""
    import pypdfium2  # type: ignore[import-untyped]

    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        locked = "password" in str(error).lower()
        why = "it is encrypted: save it without a password" if locked else f"it is damaged or no PDF ({error})"
        raise SourceUnreadable(path.name, why) from error
    lines: list[_Line] = []
    unread: list[tuple[str, str]] = []
    try:
        if len(document) > MOST_PAGES:
            raise SourceUnreadable(path.name, f"it has {len(document)} pages: at most {MOST_PAGES}, divide it")
        for number in range(1, len(document) + 1):
            try:
                found = list(_page_lines(document[number - 1], number))
            except pypdfium2.PdfiumError as error:
                unread.append((f"page {number}", f"cannot be read ({error})"))
                continue
            if not found:
                unread.append((f"page {number}", "has no text: it is empty or scanned"))
            lines += found
        named = clean(str(document.get_metadata_dict().get("Title") or ""))
    finally:
        document.close()
    is_file_name = re.search(r"\.\w{2,5}$|^(?:microsoft word|untitled|未命名|about:)", named, re.IGNORECASE)
    return lines, unread, "" if is_file_name or len(named) > 120 else named


def _page_lines(page: Any, number: int) -> Iterator[_Line]:
    """The lines of one page as PDFium separates them; the page is closed afterwards."""
    height = page.get_height()
    text = page.get_textpage()
    try:
        run: list[int] = []
        written: list[str] = []
        for place in range(text.count_chars() + 1):
            character = _character(text, place)
            if character not in "\r\n":
                run.append(place)
                written.append(character)
                continue
            content = without_radicals("".join(written)).strip(" \t")
            if content.strip():
                yield _line(text, content, run, number, page_height=height)
            run, written = [], []
    finally:
        text.close()
        page.close()


def _character(text: Any, place: int) -> str:
    """One character; a line break after the last."""
    import pypdfium2.raw as pdfium  # type: ignore[import-untyped]

    if place >= text.count_chars():
        return "\n"
    code = pdfium.FPDFText_GetUnicode(text, place)
    if code in (0x02, 0xFFFE):
        return "\u00ad"
    return chr(code) if code and not 0xD800 <= code <= 0xDFFF and code <= 0x10FFFF else " "


def _line(text: Any, content: str, places: list[int], page: int, *, page_height: float) -> _Line:
    boxes = [_box(text, place) for place in {places[0], places[len(places) // 2], places[-1]}]
    bottom = min(box[1] for box in boxes)
    high = bottom > page_height * (1 - MARGIN) or bottom < page_height * MARGIN
    return _Line(
        text=content,
        page=page,
        left=min(box[0] for box in boxes),
        right=max(box[2] for box in boxes),
        bottom=bottom,
        height=round(median(box[3] - box[1] for box in boxes), 1),
        margin=high,
    )


def _box(text: Any, place: int) -> tuple[float, float, float, float]:
    """Left, bottom, right, top of a character with the space around it; zeros for one that is not printed."""
    import pypdfium2.raw as pdfium

    box = pdfium.FS_RECTF()
    if not pdfium.FPDFText_GetLooseCharBox(text, place, ctypes.byref(box)):
        return 0.0, 0.0, 0.0, 0.0
    return box.left, box.bottom, box.right, box.top


def _repeated(lines: list[_Line], pages: int) -> set[_Line]:
    """Page numbers, and lines in the margin that stand on most pages but for their numbers."""
    seen = Counter({(_pattern(line), line.page) for line in lines if line.margin})
    on_pages = Counter(pattern for pattern, _ in seen)
    often = {pattern for pattern, count in on_pages.items() if pages > 1 and count >= max(2, pages * REPEATED)}
    return {line for line in lines if line.margin and (_PAGE_NUMBER.fullmatch(line.text) or _pattern(line) in often)}


def _pattern(line: _Line) -> str:
    return re.sub(r"\d+", "0", re.sub(r"\s+", "", line.text))


def _blocks(lines: list[_Line]) -> Iterator[Block]:
    """Lines that belong together as one block, with the page that it begins on."""
    if not lines:
        return
    common = _common_height(lines)
    levels = _levels(lines, common)
    gaps = [one.bottom - two.bottom for one, two in pairwise(lines) if one.page == two.page]
    usual = median([gap for gap in gaps if gap > 0] or [0.0])
    width = sorted(line.right for line in lines)[int(len(lines) * 0.9)]
    group = [0]
    for place in range(1, len(lines)):
        one, two = (lines[place - 1], levels[place - 1]), (lines[place], levels[place])
        first = lines[group[0]]
        if _continues(first, one, two, usual_gap=usual, full_width=width):
            group.append(place)
            continue
        yield _block([lines[each] for each in group], levels[group[0]])
        group = [place]
    yield _block([lines[each] for each in group], levels[group[0]])


def _common_height(lines: list[_Line]) -> float:
    """The height that most characters have."""
    weights: Counter[float] = Counter()
    for line in lines:
        weights[line.height] += len(line.text)
    return weights.most_common(1)[0][0]


def _levels(lines: list[_Line], common: float) -> list[int]:
    """A level for each line: 1 for the largest text, further ones for clearly smaller text, 0 for common text."""
    large = sorted({line.height for line in lines if _is_large(line, common)}, reverse=True)
    steps: list[float] = []
    for height in large:
        if not steps or height < steps[-1] * 0.87:
            steps.append(height)

    def level(line: _Line) -> int:
        if _is_large(line, common):
            return min(sum(line.height <= step for step in steps), 5)
        numbered = _NUMBERED_HEADING.match(line.text) and len(line.text) <= 40
        return 6 if numbered and not re.search(r"[。；;，,.]$", line.text) else 0

    return [level(line) for line in lines]


def _is_large(line: _Line, common: float) -> bool:
    return len(line.text) <= 80 and line.height >= common * LARGER


def _continues(
    first: _Line,
    last_and_level: tuple[_Line, int],
    line_and_level: tuple[_Line, int],
    *,
    usual_gap: float,
    full_width: float,
) -> bool:
    """Whether a line goes on with the paragraph or the heading before it."""
    (last, last_level), (line, level) = last_and_level, line_and_level
    if last_level or level:
        wrapped = last.page == line.page and abs(last.height - line.height) < 0.3 and last.right >= full_width * 0.85
        return wrapped and bool(last_level) and not _NUMBERED_HEADING.match(line.text)
    if _LIST_MARK.match(line.text):
        return False
    ended = bool(_SENTENCE_END.search(last.text)) and last.right < full_width * 0.93
    if last.page != line.page:
        return not ended and not _SENTENCE_END.search(last.text)
    wide_gap = usual_gap > 0 and (last.bottom - line.bottom) > usual_gap * 1.45
    short = last.right < full_width * 0.6 and not _LIST_MARK.match(first.text)
    return not ended and not wide_gap and not short


def _block(group: list[_Line], level: int) -> Block:
    text = clean(join_lines([line.text for line in group]))
    if not level:
        text = re.sub(r"^[•●○■◦▪·‣]\s*", "- ", text)
    return Block(text, level=level, page=group[0].page)
