"""Every source as Readings: files by their ending, folders file by file, sites page by page."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from kb_index.errors import SourceUnreadable
from kb_index.importing.cleaning import decoded
from kb_index.importing.conversations import read_conversations
from kb_index.importing.html import read_html
from kb_index.importing.markdown import read_markdown, read_text
from kb_index.importing.model import LARGEST_FILE, Document, Item, Reading, Skip
from kb_index.importing.sheets import read_csv, read_xlsx
from kb_index.importing.splitting import items_of

MOST_FILES = 20_000
_DOCUMENTS = {".md", ".markdown", ".txt", ".html", ".htm", ".xhtml", ".pdf", ".docx"}
_SHEETS = {".csv", ".tsv", ".xlsx", ".xlsm"}
_CONVERSATIONS = {".json", ".jsonl", ".ndjson"}
ENDINGS = _DOCUMENTS | _SHEETS | _CONVERSATIONS


def readings_of(source: Path, *, columns: Mapping[str, str], progress: Callable[[str], None]) -> Iterator[Reading]:
    """One Reading for a file, or for each file of a folder; links inside a folder are not followed."""
    if source.is_file():
        progress(source.name)
        yield read_file(source, label=source.name, columns=columns)
        return
    if not source.is_dir():
        yield Reading(str(source), str(source), skips=(Skip("", "there is no such file or folder", fault=True),))
        return
    files = list(_files(source))
    for place, path in enumerate(files[:MOST_FILES], 1):
        label = f"{source.resolve().name}/{path.relative_to(source).as_posix()}"
        progress(f"[{place}/{len(files)}] {label}")
        yield read_file(path, label=label, columns=columns)
    if len(files) > MOST_FILES or not files:
        why = f"{len(files)} files: at most {MOST_FILES}" if files else "the folder holds no files"
        yield Reading(source.name, str(source.resolve()), skips=(Skip("", why, fault=True),))


def _files(folder: Path) -> Iterator[Path]:
    """The files of a folder in order, hidden ones and what they hold left out."""
    for path in sorted(folder.iterdir()):
        if path.name.startswith((".", "~$")):
            continue
        if path.is_dir() and not path.is_symlink():
            yield from _files(path)
        else:
            yield path


def read_file(path: Path, *, label: str, columns: Mapping[str, str]) -> Reading:
    """Everything that a file gives; whatever is wrong with it becomes a Skip that says so."""
    empty = Reading(label, str(path.resolve()))
    ending = path.suffix.lower()
    try:
        if path.is_symlink() and "/" in label:
            raise SourceUnreadable(label, "it is a link, which is not followed: import its target itself")
        if ending not in ENDINGS:
            known = ", ".join(sorted(ENDINGS))
            return replace(
                empty, skips=(Skip("", f"{ending or 'a file without an ending'} is not imported, only {known}"),)
            )
        if not path.is_file():
            raise SourceUnreadable(label, "it is no ordinary file")
        size = path.stat().st_size
        if size > LARGEST_FILE:
            raise SourceUnreadable(label, f"it has {size} bytes: at most {LARGEST_FILE}, divide it")
        if size == 0:
            raise SourceUnreadable(label, "it is empty")
        items, skips = _read(path, ending, columns)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except SourceUnreadable as error:
        return replace(empty, skips=(Skip("", error.why, fault=True),))
    except (OSError, RecursionError, MemoryError) as error:
        why = str(getattr(error, "strerror", None) or error or type(error).__name__)
        return replace(empty, skips=(Skip("", f"cannot be read: {why}", fault=True),))
    if not items and not skips:
        skips = [Skip("", "it holds no text")]
    return replace(empty, items=tuple(items), skips=tuple(skips), digest=digest)


def _read(path: Path, ending: str, columns: Mapping[str, str]) -> tuple[list[Item], list[Skip]]:
    if ending in (".csv", ".tsv"):
        return read_csv(path, columns=columns)
    if ending in _SHEETS:
        return read_xlsx(path, columns=columns)
    if ending in _CONVERSATIONS:
        return read_conversations(_text(path), path.name)
    return items_of(_document(path, ending))


def _document(path: Path, ending: str) -> Document:
    title = _named(path.stem)
    if ending == ".pdf":
        from kb_index.importing.pdf import read_pdf

        return read_pdf(path, title=title)
    if ending == ".docx":
        from kb_index.importing.docx import read_docx

        return read_docx(path, title=title)
    if ending in (".html", ".htm", ".xhtml"):
        return read_html(_text(path), title=title)
    return read_text(_text(path), title=title) if ending == ".txt" else read_markdown(_text(path), title=title)


def _named(stem: str) -> str:
    """A file's name as a title if it is one: in Chinese, or in several words."""
    words = re.sub(r"[\s_\-]+", " ", stem).strip()
    return words if " " in words or not words.isascii() else ""


def _text(path: Path) -> str:
    try:
        return decoded(path.read_bytes())[0]
    except (ValueError, UnicodeDecodeError) as error:
        raise SourceUnreadable(path.name, str(error)) from error
