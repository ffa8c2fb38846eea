"""A wish for a person is heard at the head and at the tail of a long text as it is alone."""

import re

import pytest

from tests.bot.crawl.asking import ASKING
from tests.bot.crawl.conftest import Crawled
from tests.bot.crawl.long_texts import SIZES, around, cut, story
from tests.bot.crawl.look_alikes import LOOK_ALIKES
from tests.bot.crawl.places import LANGUAGES
from tests.bot.crawl.test_crawl import EVERY_WAY, handed_over

HAN = re.compile(r"[\u3400-\u9fff]")
OF_THE_LONGEST = 16  # one text in so many is tried in the longest stories: a turn of 4,000 characters takes its time


def of(language: str, texts: list[str]) -> list[str]:
    return [text for text in texts if bool(HAN.search(text)) == (language == "zh")]


def probes(language: str, texts: list[str]) -> list[tuple[str, str]]:
    own = of(language, texts)
    return [
        probe
        for chars in SIZES
        for probe in around(own if EVERY_WAY or chars < max(SIZES) else own[::OF_THE_LONGEST], language, chars=chars)
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_wish_is_heard_at_both_ends_of_a_long_text(crawled: Crawled, language: str) -> None:
    place = next(place for place in crawled.crawler.places if place.kind == f"start {language}")
    for chars in SIZES:
        assert not handed_over(crawled.say(place, cut(story(language, chars=chars))))
    tried = probes(language, ASKING)
    missed = [
        f"{where}: {text[:30]}|{text[-30:]}" for where, text in tried if not handed_over(crawled.say(place, text))
    ]
    assert missed == [], "\n".join([f"{len(missed)} of {len(tried)}", *missed])


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_look_alike_is_taken_for_asking_in_a_long_text(crawled: Crawled, language: str) -> None:
    place = next(place for place in crawled.crawler.places if place.kind == f"start {language}")
    tried = probes(language, LOOK_ALIKES)
    alarms = [f"{where}: {text[:30]}|{text[-30:]}" for where, text in tried if handed_over(crawled.say(place, text))]
    assert alarms == [], "\n".join([f"{len(alarms)} of {len(tried)}", *alarms])
