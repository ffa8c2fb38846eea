"""Articles: what is wrong is named with file, line and remedy, all at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from kb_index.articles.files import parse_article, read_tenant
from kb_index.articles.model import Audience
from kb_index.errors import ArticlesRefused
from tests.kb_index.shop_articles import write_article, write_shop

GOOD = """---
id: good
language: zh
category: orders
title: "标题"
questions:
  - "问题一"
  - "问题二"
  - "问题三"
audience: public
owner: team
valid_from: 2026-01-01
review_by: 2027-01-01
---
回答。
"""


def problems_of(text: str | bytes, name: str = "good.md") -> list[tuple[int, str]]:
    content = text.encode() if isinstance(text, str) else text
    article, problems = parse_article(content, path=Path("zh") / name, tenant="demo", language="zh")
    assert (article is None) == bool(problems)
    assert all(problem.path == str(Path("zh") / name) for problem in problems)
    return [(problem.line, problem.message) for problem in problems]


def test_a_good_article_is_read_completely() -> None:
    article, problems = parse_article(GOOD.encode(), path=Path("zh/good.md"), tenant="demo", language="zh")
    assert problems == []
    assert article is not None
    assert (article.id, article.language, article.answer) == ("good", "zh", "回答。")
    assert article.questions == ("问题一", "问题二", "问题三")
    assert article.audience is Audience.PUBLIC


@pytest.mark.parametrize(
    ("old", "new", "line", "part"),
    [
        ("owner: team", "ownr: team", 11, "did you mean 'owner'"),
        ("owner: team", "owner: team\nowner: other", 12, "twice"),
        ("valid_from: 2026-01-01", "valid_from: soon", 12, "must be a date"),
        ("valid_from: 2026-01-01", "valid_from: 2026-02-30", 12, "impossible"),
        ("valid_from: 2026-01-01", "valid_from: 2026-01-01 10:00:00", 12, "must be a date"),
        ("review_by: 2027-01-01", "review_by: 2025-01-01", 13, "before valid_from"),
        ("review_by: 2027-01-01", "review_by: 2027-01-01\nvalid_to: 2025-12-31", 14, "before valid_from"),
        ("audience: public", "audience: everybody", 10, "must be public or agents"),
        ("id: good", "id: better", 2, "must equal the file name 'good'"),
        ("id: good", "id: Good One", 2, "lower-case"),
        ("language: zh", "language: en", 3, "must equal the folder 'zh'"),
        ('  - "问题三"\n', "", 6, "write at least 3"),
        ('  - "问题三"', "  - 3", 6, "must be a list of texts"),
        ('title: "标题"', "title: 12", 5, "must be a text"),
        ("owner: team", 'owner: "team', 11, "not valid YAML"),
        ("category: orders\n", "", 1, "'category' is missing"),
        ("回答。\n", "", 15, "the answer is empty"),
        ("回答。", "回答\x00。", 15, "control characters"),
        ("---\nid", "id", 1, "front matter missing"),
    ],
)
def test_every_mistake_names_its_line_and_what_to_do(old: str, new: str, line: int, part: str) -> None:
    assert old in GOOD
    found = problems_of(GOOD.replace(old, new, 1))
    assert any(where == line and part in message for where, message in found), found


def test_bytes_that_are_not_utf8_name_the_line() -> None:
    assert problems_of(GOOD.encode().replace("问题二".encode(), b"\xff\xfe")) == [
        (8, "not valid UTF-8: save the file as UTF-8")
    ]


def test_several_mistakes_of_one_file_are_reported_together() -> None:
    broken = GOOD.replace("owner: team", "ownr: team").replace("audience: public", "audience: all")
    assert len(problems_of(broken)) == 3  # unknown key, missing key, bad audience


def test_a_tenant_reports_the_problems_of_all_its_files(tmp_path: Path) -> None:
    write_shop(tmp_path)
    (tmp_path / "zh" / "coupon.md").write_text("no front matter", "utf-8")
    (tmp_path / "en" / "invoice.md").write_text("---\nid: [\n---\nx", "utf-8")
    (tmp_path / "fr").mkdir()
    with pytest.raises(ArticlesRefused) as refused:
        read_tenant("shop", tmp_path)
    listed = str(refused.value)
    assert f"{tmp_path}/zh/coupon.md:1:" in listed
    assert f"{tmp_path}/en/invoice.md:" in listed
    assert f"{tmp_path}/fr:1: unknown language folder" in listed


def test_the_same_id_twice_in_a_language_names_both_files(tmp_path: Path) -> None:
    first = write_article(tmp_path, "twin", "zh", title="甲", questions=["一", "二", "三"], answer="答")
    second = tmp_path / "zh" / "more" / "twin.md"
    second.parent.mkdir()
    second.write_bytes(first.read_bytes())
    with pytest.raises(ArticlesRefused, match="already used by") as refused:
        read_tenant("shop", tmp_path)
    assert str(first) in str(refused.value)
    assert str(second) in str(refused.value)


def test_the_same_id_in_two_languages_is_one_article_in_two_versions(tmp_path: Path) -> None:
    for language in ("zh", "en"):
        write_article(tmp_path, "twin", language, title="甲", questions=["一", "二", "三"], answer="答")
    assert [article.language for article in read_tenant("shop", tmp_path).articles] == ["en", "zh"]


def test_an_empty_or_absent_folder_says_what_to_add(tmp_path: Path) -> None:
    with pytest.raises(ArticlesRefused, match="no articles: add files"):
        read_tenant("shop", tmp_path)
    with pytest.raises(ArticlesRefused, match="does not exist"):
        read_tenant("shop", tmp_path / "absent")


def test_the_digest_changes_with_any_byte_and_any_name(tmp_path: Path) -> None:
    path = write_article(tmp_path, "one", "zh", title="甲", questions=["一", "二", "三"], answer="答")
    before = read_tenant("shop", tmp_path).digest
    assert read_tenant("shop", tmp_path).digest == before
    path.write_text(path.read_text("utf-8") + "。", "utf-8")
    assert read_tenant("shop", tmp_path).digest != before
