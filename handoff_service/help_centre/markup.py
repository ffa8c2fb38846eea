"""The safe Markdown subset of web/shared/markdown.ts as HTML; everything else stays the text that it is. Pure."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from markupsafe import Markup, escape

_BULLET = re.compile(r"^\s{0,3}[-*•]\s+(.+)$")
_NUMBER = re.compile(r"^\s{0,3}(\d{1,3})[.、)]\s*(.+)$")
_HEADING = re.compile(r"^#{1,6}\s+(.+)$")
_INLINE = re.compile(
    r"\*\*([^*\n]+)\*\*|\[([^\]\n]{1,300})\]\(([^()\s]{1,2000})\)|"
    r"https?://[!#-&*-;=?-Z\\^-z|~]*[#-&*+/-9=@-Z_a-z~]"
)
LATIN = re.compile(r"[^\W\u2e80-\U0010ffff]")
_SCHEMES = {"http", "https", "mailto", "tel"}


def as_html(source: str) -> Markup:
    """Paragraphs, line breaks, lists, bold and links."""
    parts: list[Markup] = []
    kind, lines, start = "", [], 1  # type: str, list[Markup], int

    def end() -> None:
        nonlocal kind, lines
        if kind == "p":
            parts.append(Markup("<p>{}</p>").format(Markup("<br>").join(lines)))
        elif kind:
            items = Markup("").join(Markup("<li>{}</li>").format(line) for line in lines)
            opening = (
                Markup('<ol start="{}">').format(start) if kind == "ol" and start != 1 else Markup("<{}>").format(kind)
            )
            parts.append(opening + items + Markup("</{}>").format(kind))
        kind, lines = "", []

    for line in source.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        found, text, number = _line(line)
        if not text:
            if kind == "p":
                end()  # a blank line ends a paragraph, not a list
            continue
        if found != kind:
            end()
            kind, start = found, number
        lines.append(_inline(text))
    end()
    return Markup("\n").join(parts)


def plain(source: str, *, most: int) -> str:
    """The beginning of a text without its marks, for a list or a search engine."""
    words = re.sub(r"\*\*|^\s*([-*•]|\d{1,3}[.、)]|#{1,6})\s+", "", source, flags=re.MULTILINE)
    words = re.sub(r"\[([^\]\n]{1,300})\]\([^()\s]{1,2000}\)", r"\1", words)
    words = " ".join(words.split())
    if len(words) <= most:
        return words
    cut, following = words[: most - 1], words[most - 1]
    if LATIN.match(cut[-1]) and LATIN.match(following):  # no half words, where words have spaces between them
        cut = cut.rpartition(" ")[0] or cut
    return f"{cut.rstrip(' .,;:→')}…"


def _line(line: str) -> tuple[str, str, int]:
    """(kind, text, number) of one line."""
    if bullet := _BULLET.match(line):
        return "ul", bullet[1], 1
    if number := _NUMBER.match(line):
        return "ol", number[2], int(number[1])
    if heading := _HEADING.match(line):
        return "p", f"**{heading[1].replace('**', '')}**", 1
    return "p", line.strip(), 1


def _inline(text: str, *, bold: bool = True) -> Markup:
    out, done = Markup(""), 0
    for match in _INLINE.finditer(text):
        out += escape(text[done : match.start()])
        done = match.end()
        strong, label, address = match.groups()
        if strong is not None:
            out += Markup("<strong>{}</strong>").format(_inline(strong, bold=False)) if bold else escape(match[0])
        else:
            out += _link(label or match[0], address or match[0], match[0])
    return out + escape(text[done:])


def _link(label: str, address: str, whole: str) -> Markup:
    try:
        scheme = urlsplit(address).scheme.lower()
    except ValueError:
        return escape(whole)
    if scheme not in _SCHEMES:
        return escape(whole)
    return Markup('<a href="{}" rel="noopener noreferrer nofollow">{}</a>').format(address, label)
