"""FAQ sheets: the rows of CSV and XLSX files; values only, formulas and macros are never carried out."""

from __future__ import annotations

import csv
import re
import warnings
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path

from kb_index.errors import SourceUnreadable
from kb_index.importing.archives import check_archive
from kb_index.importing.cleaning import clean, decoded, language_of, one_line
from kb_index.importing.columns import FIELDS, NEEDED, mapped
from kb_index.importing.model import MOST_ITEMS, Item, Skip

MOST_COLUMNS = 200
MOST_BROKEN_ROWS = 100
HEADER_WITHIN = 6
"""Rows from the top in which the names of the columns are looked for."""
_DELIMITERS = (",", "\t", ";", "|", "，")
# Several questions in one cell: one per line, or separated by a sign that no single question has.
_SEPARATORS = re.compile(r"\n+|\s*(?:\|\||[|｜;；]|##)\s*")
_FURTHER = re.compile(r"(?<=[?？])\s*[,，、/]?\s*(?=\S)")
_LIST_NUMBER = re.compile(r"^\s*(?:\d{1,3}[.、)）]\s*|[-•]\s+)")
_LANGUAGES = {
    "中文": "zh",
    "简体中文": "zh",
    "汉语": "zh",
    "chinese": "zh",
    "cn": "zh",
    "英文": "en",
    "英语": "en",
    "english": "en",
}
_AUDIENCES = {
    "公开": "public",
    "所有人": "public",
    "客户": "public",
    "坐席": "agents",
    "客服": "agents",
    "内部": "agents",
    "internal": "agents",
}

Row = tuple[str, list[str]]
"""Where a row is ("row 12", "sheet 价格 row 3") and its cells."""


def read_csv(path: Path, *, columns: Mapping[str, str]) -> tuple[list[Item], list[Skip]]:
    """Raises SourceUnreadable when the text or its columns cannot be understood; a broken row is skipped by name."""
    try:
        text, _ = decoded(path.read_bytes())
    except (ValueError, UnicodeDecodeError) as error:
        raise SourceUnreadable(path.name, str(error)) from error
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    rows, broken = _csv_rows(lines, _delimiter(lines))
    items, skips = items_of(rows, path.name, columns=columns)
    return items, broken + skips


def _delimiter(lines: Sequence[str]) -> str:
    """The sign that divides the first lines into the most columns that they agree on."""
    sample = [line[:5000] for line in lines[:20] if line.strip()]

    def columns(delimiter: str) -> tuple[int, int]:
        widths = [len(row) for row in csv.reader(sample, delimiter=delimiter) if row]
        return (min(widths), max(widths)) if widths else (0, 0)

    return max(_DELIMITERS, key=lambda delimiter: (*columns(delimiter), -_DELIMITERS.index(delimiter)))


def _csv_rows(lines: Sequence[str], delimiter: str) -> tuple[list[Row], list[Skip]]:
    """The rows with their line numbers; after a quote that is not closed, reading goes on with the next line."""
    rows: list[Row] = []
    broken: list[Skip] = []
    start = 0
    while start < len(lines):
        reader = csv.reader((f"{line}\n" for line in lines[start:]), delimiter=delimiter, strict=True)
        at = start
        try:
            for cells in reader:
                rows.append((f"row {at + 1}", cells))
                at = start + reader.line_num
            break
        except csv.Error as error:
            why = (
                "a quote is not closed or closed in the middle of a cell"
                if "field larger" not in str(error)
                else str(error)
            )
            broken.append(Skip(f"row {at + 1}", f"{why}: repair the row ({error})", fault=True))
            start = at + 1
        if len(broken) >= MOST_BROKEN_ROWS:
            broken.append(
                Skip(f"row {start + 1}", f"{MOST_BROKEN_ROWS} rows are broken, the rest was not read", fault=True)
            )
            break
    return rows, broken


def read_xlsx(path: Path, *, columns: Mapping[str, str]) -> tuple[list[Item], list[Skip]]:
    """All visible sheets that have the columns; raises SourceUnreadable for what is damaged or has none."""
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    check_archive(path)
    items: list[Item] = []
    skips: list[Skip] = []
    understood = False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # styles and extensions that it does not know do not matter here
            book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
            for sheet in book.worksheets:
                if sheet.sheet_state != "visible":
                    skips.append(Skip(f"sheet {sheet.title}", "the sheet is hidden"))
                    continue
                sheet.reset_dimensions()
                rows = [
                    (f"sheet {sheet.title} row {number}", [_value(cell) for cell in row[:MOST_COLUMNS]])
                    for number, row in zip(
                        range(1, MOST_ITEMS + HEADER_WITHIN + 2), sheet.iter_rows(values_only=True), strict=False
                    )
                ]
                try:
                    found, missed = items_of(rows, path.name, columns=columns)
                except SourceUnreadable as error:
                    skips.append(Skip(f"sheet {sheet.title}", error.why))
                    continue
                understood = True
                items, skips = items + found, skips + missed
            book.close()
    except (
        InvalidFileException,
        KeyError,
        ValueError,
        TypeError,
        AttributeError,
        SyntaxError,
        EOFError,
        OSError,
    ) as error:
        raise SourceUnreadable(path.name, f"it is damaged or no workbook ({error})") from error
    if not understood:
        raise SourceUnreadable(path.name, "; ".join(f"{skip.where}: {skip.why}" for skip in skips) or "it has no sheet")
    return items, skips


def _value(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == datetime.min.time() else cell.isoformat(" ", "minutes")
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def items_of(rows: Sequence[Row], source: str, *, columns: Mapping[str, str]) -> tuple[list[Item], list[Skip]]:
    """One item per row with a question and an answer; rows that continue a question add to it."""
    filled = [row for row in rows if any(cell.strip() for cell in row[1])]
    first = 0
    for first, (_, header) in enumerate(filled[:HEADER_WITHIN]):  # noqa: B007
        places = mapped(header, columns)
        if all(field in places for field in NEEDED):
            break
    else:
        seen = ", ".join(cell.strip()[:30] for cell in (filled[0][1] if filled else ()) if cell.strip()) or "nothing"
        raise SourceUnreadable(source, f"no columns for question and answer (found: {seen}): name them with --map")
    items: list[Item] = []
    skips: list[Skip] = []
    keys: dict[str, str] = {}
    for where, cells in filled[first + 1 :]:
        values = {field: _cells(cells, places.get(field, ())) for field in FIELDS}
        item = _item(where, values, skips)
        if item is None:
            continue
        if item.key in keys:
            skips.append(
                Skip(
                    where,
                    f"the same {'id' if values['id'] else 'question'} as {keys[item.key]}: remove or merge one",
                    fault=True,
                )
            )
            continue
        keys[item.key] = where
        items.append(item)
        if len(items) > MOST_ITEMS:
            raise SourceUnreadable(source, f"it has more than {MOST_ITEMS} rows: divide it")
    return items, skips


def _cells(cells: Sequence[str], places: Sequence[int]) -> str:
    return "\n".join(clean(cells[place]) for place in places if place < len(cells) and cells[place].strip())


def _item(where: str, values: dict[str, str], skips: list[Skip]) -> Item | None:
    questions = _questions(values["question"], values["similar"])
    if not questions or not values["answer"]:
        lacking = "question" if not questions else "answer"
        hint = ", or its formula has no stored value" if lacking == "answer" else ""
        skips.append(Skip(where, f"the {lacking} is empty{hint}"))
        return None
    fields = {name: values[name] for name in ("category", "tags", "short", "products") if values[name]}
    for name, known in (("language", _LANGUAGES), ("audience", _AUDIENCES)):
        written = values[name].strip().lower()
        if written:
            fields[name] = known.get(written, re.split(r"[-_]", written)[0])
    language = fields.get("language") or language_of(f"{questions[0]} {values['answer']}") or ""
    if values["owner"]:
        fields["owner"] = one_line(values["owner"])
    for name in ("valid_from", "valid_to"):
        day = day_of(values[name])
        if day:
            fields[name] = day
    return Item(
        key=f"id:{values['id']}@{language}" if values["id"] else re.sub(r"\W+", "", questions[0]).casefold(),
        where=where,
        title=one_line(values["title"]) or questions[0],
        questions=tuple(questions),
        answer=values["answer"],
        fields=fields,
    )


def _questions(main: str, similar: str) -> list[str]:
    found = []
    for cell in (main, similar):
        for part in _SEPARATORS.split(cell):
            found += _FURTHER.split(part)
    cleaned = (one_line(_LIST_NUMBER.sub("", question)).strip(" ,，、/") for question in found)
    return list(dict.fromkeys(question for question in cleaned if question))


def day_of(written: str) -> str:
    """A date as people write it (2026/3/1, 2026年3月1日, 20260301) in the ISO form; as it is when it is none."""
    found = re.search(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})", written) or re.fullmatch(
        r"\s*(\d{4})(\d{2})(\d{2})\s*", written
    )
    if found is None:
        return written.strip()
    return f"{int(found[1]):04d}-{int(found[2]):02d}-{int(found[3]):02d}"
