"""Texts in the form of each platform: markup, length, numbers for buttons."""

from __future__ import annotations

import html

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from handoff_service.channels.registry import CHANNELS
from handoff_service.channels.wording import (
    Form,
    Markup,
    characters,
    chosen,
    numbered,
    octets,
    parts,
    shortened,
    titled,
    units,
)

MARKDOWN = "# Refunds\n**Three days** after `approval`, see [the page](https://a.example/x?a=1&b=2).\n- one\n* two < 3"


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        (Markup.MARKDOWN, MARKDOWN),
        (
            Markup.PLAIN,
            "Refunds\nThree days after approval, see the page https://a.example/x?a=1&b=2.\n• one\n• two < 3",
        ),
        (
            Markup.HTML,
            '<b>Refunds</b>\n<b>Three days</b> after <code>approval</code>, see <a href="https://a.example/x?a=1&amp;b=2">'
            "the page</a>.\n• one\n• two &lt; 3",
        ),
        (
            Markup.MRKDWN,
            "*Refunds*\n*Three days* after `approval`, see <https://a.example/x?a=1&amp;b=2|the page>."
            "\n• one\n• two &lt; 3",
        ),
        (
            Markup.STARS,
            "*Refunds*\n*Three days* after `approval`, see the page https://a.example/x?a=1&b=2.\n• one\n• two < 3",
        ),
    ],
)
def test_markdown_in_every_form(markup: Markup, expected: str) -> None:
    assert parts(MARKDOWN, Form(markup), is_markdown=True) == [expected]


def test_the_words_of_a_link_begin_at_its_last_bracket() -> None:
    """Else every bracket of thousands is tried against all that follows."""
    (shown,) = parts("see [a [page](https://a.example)", Form(Markup.HTML), is_markdown=True)
    assert shown == 'see [a <a href="https://a.example">page</a>'


def test_what_people_write_is_never_markup() -> None:
    said = "<b>2 * 3 * 4</b> & **x** [a](https://b.example)"
    assert html.unescape(parts(said, Form(Markup.HTML), is_markdown=False)[0]) == said
    assert parts(said, Form(Markup.PLAIN), is_markdown=False) == [said]
    assert "<b>" not in parts(said, Form(Markup.MRKDWN), is_markdown=False)[0]


def test_a_link_cannot_break_out_of_its_tag() -> None:
    (shown,) = parts('[x](https://a.example/"onmouseover="alert)', Form(Markup.HTML), is_markdown=True)
    assert shown.count('"') == 2, "those around the address"


@given(st.text(min_size=1, max_size=400), st.integers(20, 60), st.sampled_from([characters, octets, units]))
def test_parts_fit_and_lose_nothing_but_space(text: str, limit: int, measure: object) -> None:
    form = Form(Markup.PLAIN, limit, measure)  # type: ignore[arg-type]
    pieces = parts(text, form, is_markdown=False)
    longest = max((form.measure(one) for one in regex.findall(r"\X", text)), default=0)
    if longest <= limit:
        assert all(form.measure(piece) <= limit for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


def test_it_is_cut_where_a_reader_would_pause() -> None:
    text = "第一段。还是第一段。\n\n第二段很长，有很多话要说，说也说不完。第二句。"
    assert parts(text, Form(Markup.PLAIN, 20), is_markdown=False) == [
        "第一段。还是第一段。",
        "第二段很长，有很多话要说，说也说不完。",
        "第二句。",
    ]
    family = "👨‍👩‍👧‍👦"
    assert parts(family * 5, Form(Markup.PLAIN, 16), is_markdown=False) == [family * 2, family * 2, family]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("2", 1), ("２", 1), ("2.", 1), (" 第二个 ", 1), ("选2", 1), ("option 2", 1), ("#2", 1), ("exchange", 1),
        ("0", None), ("3", None), ("22", None), ("2 days", None), ("I want 2", None), ("", None), ("-1", None),
    ],
)  # fmt: skip
def test_a_number_or_a_title_chooses(said: str, expected: int | None) -> None:
    assert chosen(said, [{"title": "Refund"}, {"title": "Exchange"}]) == expected


def test_buttons_as_numbers_and_short_titles() -> None:
    assert numbered("Which?", ["A", "B"], ask="Reply with a number") == "Which?\n\n1. A\n2. B\nReply with a number"
    assert numbered("Which?", [], ask="x") == "Which?"
    assert shortened("怎么修改收货地址？", 6) == "怎么修改收…"
    assert shortened("short", 6) == "short"


@pytest.mark.parametrize("channel", sorted(CHANNELS))
def test_a_policy_of_900_characters_reaches_its_customer_to_the_last_word(channel: str) -> None:
    """The bot sends word for word what must be; where a platform takes less at once (299 on Weibo) in parts."""
    policy = "".join(f"第{n:02}条：退回的商品须保持完好，并附上全部配件和发票。" for n in range(35))
    assert len(policy) >= 900
    form = CHANNELS[channel].abilities.form
    sent = parts(policy, form, is_markdown=True)
    assert all(form.measure(one) <= form.limit for one in sent)
    assert "".join(sent) == policy


@pytest.mark.parametrize(
    ("said", "index"),
    [
        ("Refund", 0),
        (" refund ", 0),
        ("退换货办理流…", 1),
        ("退换货办理流程说明", 1),
        ("1", None),
        ("refund please", None),
        ("", None),
    ],
)
def test_the_words_of_a_button_that_is_shown_are_the_button(said: str, index: int | None) -> None:
    assert titled(said, [{"title": "Refund"}, {"title": "退换货办理流程说明"}, {"title": ""}], 7) == index
