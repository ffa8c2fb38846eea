"""Every channel shows what the bot writes in its own form: markup, length, buttons or numbers, files."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import regex

from handoff_service.channels.model import Enclosed, Outbound
from handoff_service.channels.packing import in_parts
from handoff_service.channels.registry import CHANNELS
from handoff_service.channels.wording import Markup, chosen

ADDRESS = "https://shop.example/returns?order=1&lang=zh"
SAID = f"# Returns\n**Three days** after `approval`, see [the page]({ADDRESS}).\n- keep < the box\n* send it"
PLAIN = f"Returns\nThree days after approval, see the page {ADDRESS}.\n• keep < the box\n• send it"
# What each kind of markup makes of it. A channel that is added says here which it reads.
SHOWN = {
    Markup.PLAIN: PLAIN,
    Markup.MARKDOWN: SAID,
    Markup.STARS: f"*Returns*\n*Three days* after `approval`, see the page {ADDRESS}.\n• keep < the box\n• send it",
    Markup.HTML: "<b>Returns</b>\n<b>Three days</b> after <code>approval</code>, see "
    f'<a href="{ADDRESS.replace("&", "&amp;")}">the page</a>.\n• keep &lt; the box\n• send it',
    Markup.MRKDWN: f"*Returns*\n*Three days* after `approval`, see <{ADDRESS.replace('&', '&amp;')}|the page>."
    "\n• keep &lt; the box\n• send it",
}
READS = {
    "api": Markup.MARKDOWN, "dingtalk": Markup.PLAIN, "douyin": Markup.PLAIN, "douyin_kf": Markup.PLAIN,
    "email": Markup.HTML,
    "feishu": Markup.PLAIN, "instagram": Markup.PLAIN, "kuaishou": Markup.PLAIN, "line": Markup.PLAIN,
    "messenger": Markup.PLAIN, "slack": Markup.MRKDWN, "sms": Markup.PLAIN, "telegram": Markup.HTML,
    "voice": Markup.PLAIN, "wechat": Markup.PLAIN, "wechat_mini": Markup.PLAIN, "wecom": Markup.PLAIN,
    "weibo": Markup.PLAIN, "whatsapp": Markup.STARS,
}  # fmt: skip
FAMILY = "👩‍👩‍👧‍👦"
LONG = " ".join(
    f"第{number}步：请把商品放进原来的包装盒，贴好退货单{FAMILY}。Step {number} is done, see {ADDRESS} for more."
    for number in range(400)
)
every_channel = pytest.mark.parametrize("name", sorted(CHANNELS))


def message(**changes: Any) -> Outbound:
    usual: dict[str, Any] = {
        "mid": "m_1", "conversation": "c_1", "contact": "ann", "seq": 3, "author_kind": "bot", "author_name": "",
        "text": SAID, "at": datetime(2026, 11, 2, tzinfo=UTC),
    }  # fmt: skip
    return Outbound(**{**usual, **changes})


def test_the_table_names_every_channel() -> None:
    assert {name: one.abilities.form.markup for name, one in CHANNELS.items()} == READS


@every_channel
def test_markdown_becomes_what_the_platform_shows(name: str) -> None:
    abilities = CHANNELS[name].abilities
    (part,) = in_parts(message(), abilities, "en")
    assert part.text == SHOWN[READS[name]]
    assert abilities.form.measure(part.text) <= abilities.form.limit
    (typed,) = in_parts(message(author_kind="agent", text="2 * 3 ** 4 [x]"), abilities, "en")
    assert typed.text == "2 * 3 ** 4 [x]", "what people type is never markup"


@every_channel
def test_a_long_text_is_cut_where_nothing_breaks(name: str) -> None:
    abilities = CHANNELS[name].abilities
    parts = in_parts(message(text=LONG), abilities, "zh")
    assert len(parts) > 1 or abilities.form.limit > len(LONG)
    assert [part.part for part in parts] == list(range(len(parts)))
    assert all(0 < abilities.form.measure(part.text) <= abilities.form.limit for part in parts)
    seen = "".join(part.text.replace("&amp;", "&") for part in parts)
    assert regex.sub(r"\s", "", seen) == regex.sub(r"\s", "", LONG), "nothing is lost, nothing is said twice"
    for part in parts:
        words = part.text.replace("&amp;", "&")
        assert "\u200d" not in words.replace(FAMILY, ""), "nor is a character that readers see as one"
        assert words.count("https://") == words.count(ADDRESS), "an address is whole"


@every_channel
def test_buttons_beyond_what_it_has_are_numbers_that_can_be_answered(name: str) -> None:
    abilities = CHANNELS[name].abilities
    few = [{"title": f"Choice {number}", "payload": f"/{number}"} for number in range(abilities.buttons)]
    many = [*few, {"title": "One more"}, {"title": "And another"}]
    if few:
        shown = in_parts(message(text="Which?", buttons=few), abilities, "en")[-1]
        assert [one["title"] for one in shown.buttons] == [one["title"] for one in few]
        assert all("payload" not in one for one in shown.buttons), "what the bot means by it stays here"
    (part, *_) = in_parts(message(text="Which?", buttons=many), abilities, "zh")
    assert not part.buttons
    for number, one in enumerate(many, 1):
        assert f"{number}. {one['title']}" in part.text
        assert chosen(str(number), many) == chosen(one["title"], many) == number - 1


@every_channel
def test_a_file_that_it_does_not_take_goes_as_a_link(name: str) -> None:
    abilities = CHANNELS[name].abilities
    file = Enclosed(
        id="f_1", name="setup.bin", type="x/strange", size=9 * 2**30, link="https://shop.example/v1/shared/f"
    )
    (part,) = in_parts(message(text="Here:", author_kind="agent", file=file), abilities, "zh")
    assert (part.file, file.link in part.text.replace("&amp;", "&")) == (None, True)
