"""Which column of a sheet is which field: the names that people give them, in Chinese and English."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

NAMES: Mapping[str, tuple[str, ...]] = {
    "question": (
        "question", "questions", "standardquestion", "mainquestion", "faq",
        "q", "query", "userquestion", "问题", "问", "标准问", "标准问题", "主问题",
        "问题标题", "知识标题", "问句", "常见问题", "用户问题", "提问", "問題", "標準問題", "標準問",
    ),
    "similar": (
        "similar", "similarquestions", "similarquestion", "alternatives",
        "alternativequestions", "variants", "synonyms", "otherphrasings",
        "phrasings", "相似问", "相似问题", "相似问法", "类似问题", "扩展问", "扩展问题", "其他问法",
        "同义问", "相似問", "相似問題", "擴展問",
    ),
    "answer": (
        "answer", "answers", "a", "reply", "response", "solution", "content",
        "答案", "答", "回答", "标准答案", "回复", "答复", "解答", "解决方案", "内容", "知识内容",
        "標準答案", "回覆", "答覆", "內容",
    ),
    "title": (
        "title", "subject", "标题", "主题", "名称", "標題", "主題",
    ),
    "category": (
        "category", "topic", "section", "group", "分类", "类别", "类目", "目录",
        "所属分类", "知识分类", "分類", "類別",
    ),
    "tags": (
        "tags", "tag", "labels", "keywords", "标签", "关键词", "关键字", "標籤", "關鍵詞",
    ),
    "language": (
        "language", "lang", "locale", "语言", "语种", "語言",
    ),
    "id": (
        "id", "key", "articleid", "编号", "知识编号", "序号id", "編號",
    ),
    "short": (
        "short", "shortanswer", "chatanswer", "简答", "短答案", "简短答案", "簡答",
    ),
    "owner": (
        "owner", "responsible", "team", "负责人", "维护人", "责任人", "归属", "負責人",
    ),
    "audience": (
        "audience", "visibility", "可见范围", "受众", "可見範圍",
    ),
    "products": (
        "product", "products", "产品", "商品", "適用產品", "适用产品", "產品",
    ),
    "valid_from": (
        "validfrom", "startdate", "from", "生效日期", "开始日期", "生效时间", "生效日",
    ),
    "valid_to": (
        "validto", "validuntil", "enddate", "expires", "expirydate", "失效日期",
        "截止日期", "结束日期", "有效期至", "有效期", "失效时间",
    ),
}  # fmt: skip
FIELDS = tuple(NAMES)
NEEDED = ("question", "answer")
_BY_NAME = {name: column for column, names in NAMES.items() for name in names}


def column_of(header: str) -> str | None:
    """The field that a header names; "相似问1" and "Similar question 2" are similar questions too."""
    name = re.sub(r"[\s_\-:：*（）()\[\]【】.]+", "", header.strip().lower())
    return _BY_NAME.get(name) or _BY_NAME.get(re.sub(r"\d+$", "", name))


def mapped(header: Sequence[str], chosen: Mapping[str, str]) -> dict[str, list[int]]:
    """Field → positions of its columns; what was chosen by hand comes first, and may be named or counted from 1."""
    found: dict[str, list[int]] = {}
    taken: set[int] = set()
    for field, name in chosen.items():
        places = [place for place, title in enumerate(header) if title.strip().casefold() == name.strip().casefold()]
        if not places and name.isdigit() and 1 <= int(name) <= len(header):
            places = [int(name) - 1]
        if places:
            found[field] = places
            taken.update(places)
    for place, title in enumerate(header):
        column = column_of(title) if place not in taken else None
        if column is not None and column not in chosen and (column == "similar" or column not in found):
            found.setdefault(column, []).append(place)
    return found


def parse_map(text: str) -> dict[str, str]:
    """--map question=标准问,answer=3 as a dictionary; raises ValueError with what is possible."""
    found: dict[str, str] = {}
    for part in filter(None, (each.strip() for each in re.split(r"[,，;]", text))):
        field, equals, name = (each.strip() for each in part.partition("="))
        if not equals or not name or field not in FIELDS:
            raise ValueError(f"--map {part!r}: write field=column, with field one of {', '.join(FIELDS)}")
        found[field] = name
    return found
