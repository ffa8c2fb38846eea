"""A document as items: one per heading with text below it, or per question where it is written as questions."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from kb_index.importing.cleaning import one_line
from kb_index.importing.model import LONGEST_PART, LONGEST_SECTION, MOST_ITEMS, Block, Document, Item, Skip

_ASKS = re.compile(
    r"^\s*(?:\*\*|__)?(?:Q|Question|问题?|問題?|提问)\s*\d{0,3}\s*(?:\*\*|__)?\s*[:：.、)）]\s*(?:\*\*|__)?\s*(.+)",
    re.I | re.S,
)
_ANSWERS = re.compile(
    r"^\s*(?:\*\*|__)?(?:A|Answer|答案?|回答)\s*\d{0,3}\s*(?:\*\*|__)?\s*[:：.、)）]\s*(?:\*\*|__)?\s*(.*)", re.I | re.S
)
_NUMBERED_QUESTION = re.compile(
    r"^\s*(?:\*\*)?\s*(?:\d{1,3}\s*[.、)）]|[（(]\d{1,3}[)）]|[一二三四五六七八九十]{1,3}、)\s*(.{3,120}?[?？])\s*(?:\*\*)?\s*$"
)
_NUMBERING = re.compile(
    r"^\s*(?:第[一二三四五六七八九十百零\d]+[章节節条條部分编編][\s:：、.]*|[一二三四五六七八九十]{1,3}[、.．]\s*|[（(][一二三四五六七八九十\d]{1,3}[)）]\s*"
    r"|\d{1,3}(?:\.\d{1,3})*[.、)）]\s*(?!\d)|\d{1,3}(?:\.\d{1,3})+\s+|(?:Chapter|Section|Part)\s+[\dIVX]+\s*[.:]?\s*|[IVX]{1,5}\.\s+)",
    re.I,
)
_VAGUE = frozenset(
    re.findall(
        r"\w+",
        "概述 简介 介绍 说明 注意 注意事项 备注 其他 其它 补充 补充说明 总则 附则 定义 范围 流程 "
        "步骤 条件 费用 时间 方式 规则 要求 提示 例外 overview introduction general notes note details "
        "other others summary scope definitions steps requirements exceptions conditions fees how "
        "important tips more example examples",
    )
)
"""Headings that say nothing without the one above them."""
LONGEST_TITLE = 100


@dataclass(frozen=True)
class _Section:
    """A heading with those above it, and the blocks directly below it."""

    path: tuple[str, ...]
    blocks: tuple[Block, ...]
    page: int | None


def items_of(document: Document) -> tuple[list[Item], list[Skip]]:
    """The items of a document in its order, and the parts that give none."""
    items: list[Item] = []
    skips = [Skip(where, why, fault=True) for where, why in document.unread]
    sections = list(_sections(document))
    alone = Counter(_plain(section.path[-1]).casefold() for section in sections if section.path)
    for section in sections:
        pairs = _pairs(section)
        if pairs is not None:
            items += [_pair_item(section, question, blocks) for question, blocks in pairs if blocks]
            skips += [Skip(question[:60], "the question has no answer") for question, blocks in pairs if not blocks]
            continue
        items += _section_items(document, section, skips, ambiguous=alone)
        if len(items) > MOST_ITEMS:
            return [], [Skip("", f"it gives more than {MOST_ITEMS} articles: divide it", fault=True)]
    return _with_own_keys(items), skips


def _sections(document: Document) -> Iterator[_Section]:
    path: list[tuple[int, str]] = []
    blocks: list[Block] = []
    page = document.blocks[0].page if document.blocks else None
    for block in document.blocks:
        if not block.level:
            page = page if blocks or path else block.page
            blocks.append(block)
            continue
        if blocks:
            yield _Section(tuple(text for _, text in path), tuple(blocks), page)
        while path and path[-1][0] >= block.level:
            path.pop()
        path.append((block.level, block.text))
        blocks, page = [], block.page
    if blocks:
        yield _Section(tuple(text for _, text in path), tuple(blocks), page)


def _pairs(section: _Section) -> list[tuple[str, list[Block]]] | None:
    """Questions with their answers when the section is written as them ("Q:", "问：", at least two "1. …?")."""
    lines = [Block(line, page=block.page) for block in section.blocks for line in _divided(block)]
    marked = any(_ASKS.match(line.text) for line in lines) and any(_ANSWERS.match(line.text) for line in lines)
    numbered = sum(bool(_NUMBERED_QUESTION.match(line.text)) for line in lines) >= 2
    if not marked and not numbered:
        return None
    asks = _ASKS if marked else _NUMBERED_QUESTION
    found: list[tuple[str, list[Block]]] = []
    for line in lines:
        question = asks.match(line.text)
        if question is not None:
            found.append((one_line(question[1]).strip("*_ "), []))
            continue
        answer = _ANSWERS.match(line.text) if marked else None
        text = answer[1] if answer is not None else line.text
        if found and text.strip():
            found[-1][1].append(replace(line, text=text))
    return found


def _divided(block: Block) -> list[str]:
    """A block cut before every line that asks or answers."""
    parts: list[str] = []
    for line in block.text.split("\n"):
        begins = _ASKS.match(line) or _ANSWERS.match(line) or _NUMBERED_QUESTION.match(line)
        after_question = bool(parts) and bool(_NUMBERED_QUESTION.match(parts[-1]))
        if parts and not begins and not after_question:
            parts[-1] = f"{parts[-1]}\n{line}"
        else:
            parts.append(line)
    return parts


def _pair_item(section: _Section, question: str, blocks: Sequence[Block]) -> Item:
    where = _where(section.path, blocks[0].page)
    return Item(
        key=f"q:{_key(question)}",
        where=f"{where}: {question[:60]}" if where else question[:60],
        title=question,
        questions=(question,),
        answer=_joined(blocks),
    )


def _section_items(document: Document, section: _Section, skips: list[Skip], *, ambiguous: Counter[str]) -> list[Item]:
    answer = _joined(section.blocks)
    where = _where(section.path, section.page) or "beginning"
    title, further = _titles(document, section, ambiguous)
    if len(answer) > LONGEST_SECTION:
        why = f"{len(answer)} characters without a heading: at most {LONGEST_SECTION}; divide it by headings"
        skips.append(Skip(where, why, fault=True))
        return []
    if len(answer) < 6:
        skips.append(Skip(where, f"{len(answer)} characters of text are no answer"))
        return []
    key = " > ".join(map(_key, section.path)) or f"whole:{_key(title)}"
    parts = list(_parts(section.blocks))
    if len(parts) == 1:
        return [Item(key=key, where=where, title=title, questions=(title, *further), answer=parts[0])]
    return [
        Item(
            key=f"{key} / {number}",
            where=f"{where}, part {number} of {len(parts)}",
            title=f"{title} ({number}/{len(parts)})",
            questions=(f"{title} ({number}/{len(parts)})", *further),
            answer=part,
        )
        for number, part in enumerate(parts, 1)
    ]


def _titles(document: Document, section: _Section, ambiguous: Counter[str]) -> tuple[str, list[str]]:
    """The title of a section, and further ways to name it; a heading that says nothing alone gets the one above."""
    steps = [step for step in map(_plain, section.path) if step]
    if not steps:
        first = one_line(section.blocks[0].text.split("\n")[0])
        title = _plain(document.title) or first
        return title[:LONGEST_TITLE], []
    own, above = steps[-1], steps[-2] if len(steps) > 1 else _plain(document.title)
    qualified = f"{above}：{own}" if _is_chinese(own) else f"{above}: {own}"
    vague = own.casefold() in _VAGUE or ambiguous[own.casefold()] > 1
    if above and above != own and vague:
        return qualified[:LONGEST_TITLE], []
    return own[:LONGEST_TITLE], [qualified[:LONGEST_TITLE]] if above and above != own else []


def _parts(blocks: Sequence[Block]) -> Iterator[str]:
    """The text cut between paragraphs, or sentences when one is too long, into pieces that fit an article."""
    pieces: list[str] = []
    for block in blocks:
        pieces += _cut(block.text) if len(block.text) > LONGEST_PART else [block.text]
    part = ""
    for piece in pieces:
        if part and len(part) + len(piece) + 2 > LONGEST_PART:
            yield part
            part = ""
        part = f"{part}\n\n{piece}" if part else piece
    if part:
        yield part


def _cut(text: str) -> list[str]:
    found = [""]
    for sentence in re.split(r"(?<=[。！？!?\n])|(?<=[.;；])(?=\s)", text):
        for start in range(0, len(sentence), LONGEST_PART):
            piece = sentence[start : start + LONGEST_PART]
            if len(found[-1]) + len(piece) > LONGEST_PART:
                found.append("")
            found[-1] += piece
    return [piece.strip() for piece in found if piece.strip()]


def _with_own_keys(items: Sequence[Item]) -> list[Item]:
    """Keys made different where a document says a heading twice."""
    seen: Counter[str] = Counter()
    found = []
    for item in items:
        seen[item.key] += 1
        found.append(item if seen[item.key] == 1 else replace(item, key=f"{item.key} #{seen[item.key]}"))
    return found


def _joined(blocks: Sequence[Block]) -> str:
    return "\n\n".join(block.text.strip("\n") for block in blocks).strip()


def _where(path: Sequence[str], page: int | None) -> str:
    named = " > ".join(step[:60] for step in path[-2:])
    return ", ".join(filter(None, [f"page {page}" if page is not None else "", named]))


def _plain(heading: str) -> str:
    return _NUMBERING.sub("", heading).strip(" *_#") or heading.strip()


def _key(text: str) -> str:
    return re.sub(r"\W+", "", _plain(text)).casefold()


def _is_chinese(text: str) -> bool:
    return any("\u4e00" <= each <= "\u9fff" for each in text)
