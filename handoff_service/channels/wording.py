"""A message in the form that a platform shows: its markup, its length, and buttons as numbers where it has none. Pure.

The bot writes a little Markdown (bold, links, lists, code); people write plain text. Long texts are split where a
reader would pause, and never inside a character that he sees as one.
"""

from __future__ import annotations

import html
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import regex

SPLITS = (r"\n{2,}", r"\n", r"(?<=[。！？!?；;…])|(?<=[.])\s+", r"(?<=[，,、：:])|\s+")
BOLD = regex.compile(r"\*\*(?=\S)(.+?)(?<=\S)\*\*")
# No bracket within the words: a text of thousands of them would be looked through from each of them.
LINK = regex.compile(r"\[([^\[\]\n]+)\]\((https?://[^\s()]+|mailto:[^\s()]+)\)")
HEADING = regex.compile(r"(?m)^#{1,6}\s+(.+?)\s*#*$")
BULLET = regex.compile(r"(?m)^(\s*)[*+-]\s+")
CODE = regex.compile(r"`([^`\n]+)`")
# What is not cut in two unless it fits in no message: links, bold words, code, addresses.
WHOLE = r"\[[^\]\n]{1,200}\]\([^\s()]{1,2000}\)|\*\*[^*\n]{1,500}\*\*|`[^`\n]{1,500}`|https?://[!-~]+"
ATOM = regex.compile(WHOLE)
UNIT = regex.compile(rf"{WHOLE}|\X")


class Markup(StrEnum):
    """What the platform reads."""

    PLAIN = "plain"
    MARKDOWN = "markdown"
    HTML = "html"  # the few tags that Telegram knows
    MRKDWN = "mrkdwn"  # Slack's
    STARS = "stars"  # WhatsApp: *bold*, links as they are


def characters(text: str) -> int:
    return len(text)


def octets(text: str) -> int:
    return len(text.encode())


def units(text: str) -> int:
    """UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


@dataclass(frozen=True)
class Form:
    """The markup, the length of one message, and how the platform counts it."""

    markup: Markup = Markup.PLAIN
    limit: int = 4000
    measure: Callable[[str], int] = characters


def parts(text: str, form: Form, *, is_markdown: bool) -> list[str]:
    """The text in the platform's form, in as many messages as its length needs; never none."""
    shape = _marked(form.markup) if is_markdown else _literal(form.markup)
    whole = shape(text)
    if form.measure(whole) <= form.limit:
        return [whole]
    pieces = _split(text, lambda piece: form.measure(shape(piece)) <= form.limit)
    return [shape(piece) for piece in pieces] or [whole[:1]]


def numbered(text: str, titles: Sequence[str], *, ask: str) -> str:
    """The text with its buttons as a numbered list, for platforms that have none; `ask` says how to choose."""
    if not titles:
        return text
    lines = [f"{number}. {title}" for number, title in enumerate(titles, 1)]
    return "\n".join([text, "", *lines, ask])


def chosen(text: str, buttons: Sequence[Mapping[str, object]]) -> int | None:
    """Which of the numbered buttons a short answer means: "2", "２", "2.", "选2", "第二个", or the title itself."""
    said = regex.sub(r"[\s.。!！)）、]+$", "", text.strip()).casefold()
    for index, button in enumerate(buttons):
        if said == str(button.get("title", "")).strip().casefold():
            return index
    found = regex.fullmatch(
        r"(?:选|第|option|number|no\.?|#)?\s*(\d{1,2}|[一二三四五六七八九十])\s*(?:个|项|号)?", said
    )
    if found is None:
        return None
    digit = found.group(1)
    number = int(digit) if digit.isdecimal() else "零一二三四五六七八九十".index(digit)
    return number - 1 if 0 < number <= len(buttons) else None


def titled(text: str, buttons: Sequence[Mapping[str, object]], limit: int) -> int | None:
    """Which of the buttons that a platform shows has these very words; some say them for whoever presses it."""
    said = text.strip().casefold()
    for index, button in enumerate(buttons):
        title = str(button.get("title", "")).strip()
        if said and said in (title.casefold(), shortened(title, limit).casefold()):
            return index
    return None


def shortened(title: str, limit: int) -> str:
    """A button's title within what the platform shows."""
    seen = regex.findall(r"\X", title)
    return title if len(seen) <= limit else "".join(seen[: limit - 1]) + "…"


def _split(text: str, fits: Callable[[str], bool], depth: int = 0) -> list[str]:
    """Pieces that fit, cut at the largest pause that makes them fit."""
    if fits(text) or not text.strip():
        return [text.strip()] if text.strip() else []
    if depth == len(SPLITS):
        return _by_characters(text, fits)
    done: list[str] = []
    kept = ""
    for piece in _pieces(text, SPLITS[depth]):
        if fits((kept + piece).strip()):
            kept += piece
            continue
        done += [kept.strip()] if kept.strip() else []
        if fits(piece.strip()):
            kept = piece
        else:
            *whole, kept = _split(piece, fits, depth + 1) or [""]
            done += whole
            kept += piece[len(piece.rstrip()) :]
    return [*done, kept.strip()] if kept.strip() else done


def _pieces(text: str, pause: str) -> list[str]:
    """The text cut after every pause that is not within a link and the like; joined they are the text."""
    inside = {place for atom in ATOM.finditer(text) for place in range(atom.start() + 1, atom.end())}
    ends = [found.end() for found in regex.finditer(pause, text) if found.end() > 0]
    cuts = [0, *(end for end in dict.fromkeys(ends) if end not in inside), len(text)]
    return [text[a:b] for a, b in itertools.pairwise(cuts) if a < b]


def _by_characters(text: str, fits: Callable[[str], bool]) -> list[str]:
    done: list[str] = []
    kept = ""
    whole = (unit if fits(unit) else regex.findall(r"\X", unit) for unit in UNIT.findall(text))
    for seen in itertools.chain.from_iterable([one] if isinstance(one, str) else one for one in whole):
        if kept and not fits(kept + seen):
            done.append(kept)
            kept = ""
        kept += seen
    return [*done, kept] if kept else done


def _literal(markup: Markup) -> Callable[[str], str]:
    """Plain words that must not be read as markup."""
    if markup is Markup.HTML:
        return lambda text: html.escape(text)
    if markup is Markup.MRKDWN:
        return _escaped_mrkdwn
    return str


def _escaped_mrkdwn(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _marked(markup: Markup) -> Callable[[str], str]:
    """Markdown as the platform reads it."""
    forms: dict[Markup, Callable[[str], str]] = {
        Markup.MARKDOWN: str,
        Markup.PLAIN: lambda text: _translated(text, r"\1", "{0} {1}", r"\1", str),
        Markup.STARS: lambda text: _translated(text, r"*\1*", "{0} {1}", r"`\1`", str),
        Markup.HTML: lambda text: _translated(
            text, r"<b>\1</b>", '<a href="{1}">{0}</a>', r"<code>\1</code>", html.escape
        ),
        Markup.MRKDWN: lambda text: _translated(text, r"*\1*", "<{1}|{0}>", r"`\1`", _escaped_mrkdwn),
    }
    return forms[markup]


def _translated(text: str, bold: str, link: str, code: str, escape: Callable[[str], str]) -> str:
    """`link` has {0} for the words and {1} for the address."""
    safe = BULLET.sub(r"\1• ", escape(text))
    safe = HEADING.sub(lambda found: "**{}**".format(found[1].replace("**", "")), safe)
    safe = BOLD.sub(bold, safe)
    safe = LINK.sub(lambda found: found[2] if found[1] == found[2] else link.format(found[1], found[2]), safe)
    return str(CODE.sub(code, safe))
