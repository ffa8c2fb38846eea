"""HTML as blocks: what a reader sees of a page's main part, as plain text; nothing of it is ever executed."""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from kb_index.importing.cleaning import clean, one_line
from kb_index.importing.model import Block, Document

_UNSEEN = (
    "head,script,style,noscript,template,iframe,object,embed,svg,math,canvas,form,button,select,input,textarea,"
    "nav,aside,dialog,[hidden],[aria-hidden=true]"
)
_FRAME = "header,footer,[role=navigation],[role=banner],[role=contentinfo],[role=search]"
_HIDING = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d])|opacity\s*:\s*0(?![.\d])", re.I
)
_HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6, "summary": 5, "dt": 6}
_INLINE = {
    "a", "abbr", "b", "bdi", "bdo", "cite", "code", "data", "del", "dfn", "em", "font", "i", "ins", "kbd", "label",
    "mark", "q", "s", "samp", "small", "span", "strong", "sub", "sup", "time", "u", "var", "wbr", "-text", "img",
}  # fmt: skip
DEEPEST = 150


def read_html(text: str, *, title: str, address: str = "") -> Document:
    """Headings, paragraphs, lists, tables and questions with answers; menus, frames and what is hidden are dropped."""
    tree = LexborHTMLParser(text)
    named = tree.css_first("title")
    title = one_line(named.text()) if named is not None and named.text().strip() else title
    for node in tree.css(_UNSEEN):
        node.decompose()
    for node in tree.css("[style]"):
        if _HIDING.search(node.attributes.get("style") or ""):
            node.decompose()
    main = tree.css_first("main") or tree.css_first("article") or tree.css_first("[role=main]")
    if main is None:
        for node in tree.css(_FRAME):
            node.decompose()
        main = tree.body
    if main is None:
        return Document(title, ())
    page = _Page(address)
    page.walk(main, depth=0)
    page.end_paragraph()
    return Document(title, tuple(page.blocks))


class _Page:
    """Blocks collected on the way through a tree."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._words: list[str] = []
        self.blocks: list[Block] = []

    def end_paragraph(self, *, mark: str = "") -> None:
        text = _paragraph("".join(self._words))
        self._words.clear()
        if text:
            self.blocks.append(Block(mark + text))

    def walk(self, node: LexborNode, *, depth: int) -> None:
        """Block elements end a paragraph before and after them; a nesting that no person made is one paragraph."""
        if depth > DEEPEST:
            self._words.append(node.text())
            return
        for child in node.iter(include_text=True):
            tag = child.tag or ""
            if tag == "-text":
                self._words.append(re.sub(r"\s+", " ", child.text(deep=False)))
            elif tag == "br":
                self._words.append("\n")
            elif tag in _INLINE:
                self._inline(child, depth=depth + 1)
            else:
                self.end_paragraph()
                self._block(child, tag, depth=depth + 1)

    def _inline(self, node: LexborNode, *, depth: int) -> None:
        if node.tag != "a":
            return self.walk(node, depth=depth)
        text, target = one_line(node.text()), urljoin(self._address, node.attributes.get("href") or "")
        try:
            absolute = urlsplit(target).scheme in ("http", "https") and not re.search(r"[\s()<>\[\]]", target)
        except ValueError:
            absolute = False
        label = re.sub(r"[\[\]]", "", text)
        self._words.append(f"[{label}]({target})" if absolute and label and label != target else text)
        return None

    def _block(self, node: LexborNode, tag: str, *, depth: int) -> None:
        if tag in _HEADINGS:
            text = one_line(node.text())
            if text:
                self.blocks.append(Block(text, level=_HEADINGS[tag]))
        elif tag == "table":
            self._table(node)
        elif tag == "li":
            siblings = node.parent
            ordered = siblings is not None and siblings.tag == "ol"
            before = len(self.blocks)
            self.walk(node, depth=depth)
            self.end_paragraph()
            self._as_item(before, mark=f"{_place(node)}. " if ordered else "- ")
        elif tag == "pre":
            self.blocks.append(Block(clean(node.text())))
        else:
            self.walk(node, depth=depth)
            self.end_paragraph()

    def _as_item(self, before: int, *, mark: str) -> None:
        """What a list item gave, joined to the items before it: a list is one block."""
        inside = self.blocks[before:]
        if not inside or any(block.level for block in inside):
            return
        text = mark + "\n  ".join("\n".join(block.text for block in inside).split("\n"))
        del self.blocks[before:]
        if self.blocks and re.match(r"(?:- |\d+\. )", self.blocks[-1].text) and mark != "1. ":
            self.blocks[-1] = Block(f"{self.blocks[-1].text}\n{text}")
        else:
            self.blocks.append(Block(text))

    def _table(self, node: LexborNode) -> None:
        groups = [child for child in node.iter() if child.tag in ("thead", "tbody", "tfoot")]
        listed = [row for group in [node, *groups] for row in group.iter() if row.tag == "tr"]
        rows = [[one_line(cell.text()) for cell in row.iter() if cell.tag in ("th", "td")] for row in listed]
        text = table_of(rows)
        if text:
            self.blocks.append(Block(text))


def table_of(rows: list[list[str]]) -> str:
    """A table as Markdown; one of a single column as lines."""
    rows = [row for row in rows if any(cell.strip() for cell in row)]
    width = max(map(len, rows), default=0)
    if width <= 1:
        return "\n".join(row[0] for row in rows)
    lines = [
        "| " + " | ".join([cell.replace("|", "/") for cell in row] + [""] * (width - len(row))) + " |" for row in rows
    ]
    return "\n".join([lines[0], "|" + " --- |" * width, *lines[1:]])


def _place(node: LexborNode) -> int:
    place, before = 1, node.prev
    while before is not None:
        place += before.tag == "li"
        before = before.prev
    return place


def _paragraph(text: str) -> str:
    return "\n".join(line.strip() for line in clean(text).split("\n") if line.strip())
