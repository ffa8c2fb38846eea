"""FAQ sheets: encodings, delimiters, names of columns, and rows that are broken."""

from __future__ import annotations

import openpyxl
import pytest

from kb_index.importing.cleaning import decoded
from tests.kb_index.importing.importing_desk import Desk, whys

SIMPLIFIED = (
    "问题,相似问,答案,分类,标签\n怎么退货,如何退货|退货流程,七天之内可以申请退货,售后,退货，售后\n"
    "怎么开发票,发票怎么开;电子发票,在订单页申请电子发票,发票,发票\n"
)
SIMILAR = "1. 积分有什么用\n2. 积分抵现\n3、怎么花积分"
TRADITIONAL = "問題,相似問,答案\n怎麼退貨,如何退貨|退貨流程,七天之內可以申請退貨，運費由商家負擔。\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
def test_every_encoding_gives_the_same_articles(desk: Desk, encoding: str) -> None:
    desk.run(desk.write("faq.csv", SIMPLIFIED.encode(encoding)))
    article = desk.articles()["怎么退货"]
    assert article.questions == ("怎么退货", "如何退货", "退货流程")
    assert article.answer == "七天之内可以申请退货"
    assert "售后" in article.tags, "a category that cannot be a path is kept as a tag"


def test_big5_is_told_from_gb18030() -> None:
    assert decoded(TRADITIONAL.encode("big5")) == (TRADITIONAL, "big5hkscs")
    assert decoded(SIMPLIFIED.encode("gbk")) == (SIMPLIFIED, "gb18030")
    with pytest.raises(ValueError, match="save the file as UTF-8"):
        decoded(bytes(range(128, 256)) * 4)


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_other_delimiters_and_english_names(desk: Desk, delimiter: str) -> None:
    rows = [
        ["Question", "Similar questions 1", "Similar questions 2", "Answer", "Category", "Valid until"],
        ["How do I pay", "Payment", "Ways to pay", "By card, or by wallet", "Payments/Cards", "2099/3/1"],
    ]
    desk.run(desk.write("faq.csv", "\n".join(delimiter.join(row) for row in rows)))
    article = desk.articles()["How do I pay"]
    assert article.questions == ("How do I pay", "Payment", "Ways to pay")
    assert (article.category, str(article.valid_to)) == ("payments/cards", "2099-03-01")


def test_a_broken_row_is_named_and_the_others_are_taken(desk: Desk) -> None:
    text = (
        '问题,答案\n怎么退货,七天之内可以申请退货\n怎么换货,"没有结束的引号\n怎么付款,可以用银行卡或者钱包付款\n'
        ",只有答案\n没有答案的问题,\n怎么退货,又来一次\n"
    )
    report = desk.run(desk.write("faq.csv", text), code=1)
    assert set(desk.articles()) == {"怎么退货", "怎么付款"}
    assert "faq.csv row 3: a quote is not closed" in whys(report, "failed")
    assert "row 7: the same question as row 2" in whys(report, "failed")
    assert "row 5: the question is empty" in whys(report, "skipped")
    assert "row 6: the answer is empty" in whys(report, "skipped")


def test_a_workbook_gives_values_of_its_visible_sheets(desk: Desk) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "常见问题"
    for row in (
        ["云杉商城客服知识"],
        ["编号", "标准问", "相似问法", "标准答案", "语言", "失效日期"],
        [
            "points",
            "积分怎么用",
            "1. 积分有什么用\n2. 积分抵现\n3、怎么花积分",
            "付款时可以用积分抵扣",
            "中文",
            "2099年12月31日",
        ],
        ["points", "How do I use points", "spend points\nuse my points", "Pay with points at the checkout", "en", None],
        ["x", "公式的问题", "", '=HYPERLINK("http://evil.test")', "", ""],
    ):
        sheet.append(row)
    hidden = book.create_sheet("内部")
    hidden.sheet_state = "hidden"
    hidden.append(["问题", "答案"])
    hidden.append(["内部的问题", "内部的答案"])
    book.create_sheet("说明").append(["这里没有问题"])
    path = desk.write("faq.xlsx", b"")
    book.save(path)
    report = desk.run(path, code=0)
    articles = desk.articles()
    assert set(articles) == {"积分怎么用", "How do I use points"}
    chinese, english = articles["积分怎么用"], articles["How do I use points"]
    assert chinese.id == english.id == "points", "two languages of one article"
    assert chinese.questions == ("积分怎么用", "积分有什么用", "积分抵现", "怎么花积分")
    assert str(chinese.valid_to) == "2099-12-31"
    skipped = whys(report, "skipped")
    assert "row 5: the answer is empty, or its formula has no stored value" in skipped
    assert "sheet 内部: the sheet is hidden" in skipped
    assert "sheet 说明: no columns for question and answer" in skipped


def test_columns_are_named_by_hand(desk: Desk) -> None:
    path = desk.write("odd.csv", "客户说,我们说\n怎么退货,七天之内可以申请退货\n")
    assert "found: 客户说, 我们说): name them with --map" in whys(desk.run(path, code=1), "failed")
    desk.run(path, options="--map question=客户说,answer=2")
    assert set(desk.articles()) == {"怎么退货"}


def test_many_broken_rows_end_the_file_not_the_import(desk: Desk) -> None:
    text = "问题,答案\n怎么退货,七天之内可以申请退货\n" + '"坏\n' * 5000
    report = desk.run(desk.write("bad.csv", text), code=1)
    assert "100 rows are broken, the rest was not read" in whys(report, "failed")
    assert set(desk.articles()) == {"怎么退货"}
