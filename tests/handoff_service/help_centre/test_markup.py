"""Articles as HTML: what the subset makes of them, and that nothing in one can ever run."""

import re

import pytest

from handoff_service.help_centre.articles import beginning
from handoff_service.help_centre.colours import contrast, readable
from handoff_service.help_centre.markup import as_html, plain
from handoff_service.knowledge.matching import Copy
from tests.handoff_service.help_centre.hostile import HOSTILE

OURS = re.compile(
    r"</?(p|ul|ol|li|strong|br)( start=\"\d+\")?>|<a href=\"(https?|mailto|tel):[^\"<>]*\" rel=\"[a-z ]+\">|</a>"
)


def test_the_subset():
    source = (
        "# Refunds\n\nIt takes **two days**.\nSee [the rules](https://shop.example/r?a=1&b=2).\n\n"
        "1. Open\n2. Press\n\n- one\n- two"
    )
    assert as_html(source).split("\n") == [
        "<p><strong>Refunds</strong></p>",
        '<p>It takes <strong>two days</strong>.<br>See <a href="https://shop.example/r?a=1&amp;b=2" '
        'rel="noopener noreferrer nofollow">the rules</a>.</p>',
        "<ol><li>Open</li><li>Press</li></ol>",
        "<ul><li>one</li><li>two</li></ul>",
    ]


def test_a_list_that_goes_on_after_a_paragraph_keeps_its_numbers():
    assert '<ol start="3"><li>three</li></ol>' in as_html("1. one\n2. two\n\nWait.\n\n3. three")


@pytest.mark.parametrize("frame", ["{}", "- {}", "1. {}", "**{}**", "[{}](https://a.example)", "[a]({})", "# {}"])
def test_no_mark_but_our_own_comes_out(frame):
    for text in HOSTILE:
        html = str(as_html(frame.format(text)))
        left = OURS.sub("", html)
        assert "<" not in left, html
        assert ">" not in left, html
        assert not re.search(r"href=\"\s*(javascript|data|vbscript)", html, re.IGNORECASE), html


def test_an_excerpt_has_no_marks_and_ends_in_time():
    source = "# Title\n1. **Open** [the page](https://a.example)\n2. Press"
    assert plain(source, most=100) == "Title Open the page Press"
    assert plain("a" * 50, most=10) == "aaaaaaaaa…"
    assert plain("How fast it arrives depends", most=16) == "How fast it…"
    assert plain("退款后的到账时间取决于支付方式", most=8) == "退款后的到账时…"


@pytest.mark.parametrize("colour", ["#ffff00", "#155eb0", "#000000", "#ff0000", "#fefefe"])
def test_every_brand_can_be_read_by_day_and_by_night(colour):
    for ground, towards in (("#ffffff", "#000000"), ("#161c24", "#ffffff")):
        found = readable(colour, ground, towards=towards)
        parts = [tuple(int(one[at : at + 2], 16) for at in (1, 3, 5)) for one in (found, ground)]
        assert contrast(*parts) >= 4.4  # rounded to a byte


def test_half_a_word_finds_titles_that_begin_with_it():
    titles = ["How long does a refund take?", "退款多久到账", "Change my e-mail"]
    copies = [Copy(str(at), "en", title, (), "") for at, title in enumerate(titles)]

    def found(typed: str) -> list[str]:
        return [one.article for one in beginning(copies, typed)]

    assert found("refu") == ["0"]
    assert found("lo REFU") == ["0"]
    assert found("退款") == ["1"]
    assert found("und") == found("") == []
