"""A human in one step, guaranteed: in every state that the bot can be in, every way to ask for one is heard at once.

`TANDEM_EVERY_WAY=1` (make soak sets it) tries every way in every place; else every way in every kind of state.
"""

import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
import yaml

from bot.settings import ROOT
from bot.tasks import TASKS
from tests.bot.crawl.asking import ASKING, WAYS
from tests.bot.crawl.conftest import Crawled
from tests.bot.crawl.covering import CHANNELS, Probe, everything, figures, pairwise
from tests.bot.crawl.look_alikes import AS_ANSWERS, LOOK_ALIKES
from tests.bot.crawl.places import LANGUAGES, Place

EVERY_WAY = os.environ.get("TANDEM_EVERY_WAY") == "1"
TEXTS = yaml.safe_load((ROOT / "bot" / "actions" / "texts.yml").read_text(encoding="utf-8"))["texts"]
NOTICES = {
    variant
    for name, text in TEXTS.items()
    if name.startswith("asked") and name.endswith("_waiting")
    for language in LANGUAGES
    for variant in text[language]
}
STRIDE = 7  # neighbouring texts fall into places that are far apart
UNSEEN = ROOT / "data" / "evaluation" / "asking_unseen.jsonl"
LETTERS = re.compile(r"[\W_]+")


def probes(crawled: Crawled) -> Iterator[Probe]:
    return (everything if EVERY_WAY else pairwise)(WAYS, crawled.crawler.places)


def test_there_are_many_ways_and_most_are_no_training_lines() -> None:
    """What the bot was taught says little about what it understands."""
    lines = [
        LETTERS.sub("", line.removeprefix("- ")).lower()
        for path in sorted((ROOT / "data" / "training" / "nlu").glob("*.yml"))
        for entry in yaml.safe_load(path.read_text(encoding="utf-8"))["nlu"]
        for line in entry.get("examples", "").splitlines()
    ]
    unseen = {text for text in ASKING if LETTERS.sub("", text).lower() not in lines}
    assert len(unseen) >= 300
    assert len(set(LOOK_ALIKES) - set(lines)) >= 100
    assert len(set(ASKING)) == len(ASKING)
    assert not set(ASKING) & {*LOOK_ALIKES, *AS_ANSWERS}


def test_the_crawler_reached_every_step_of_every_task_in_both_languages(crawled: Crawled) -> None:
    steps = {(task.name, step.slot) for task in TASKS.values() for step in task.steps if step.asked}
    assert steps - crawled.crawler.reached == set()
    for task in TASKS.values():
        for language in LANGUAGES:
            found = [p for p in crawled.crawler.places if p.name.startswith(f"{task.name}:") and p.language == language]
            assert found, f"no way into {task.name} in {language}"


def test_no_turn_breaks_on_the_way(crawled: Crawled) -> None:
    assert crawled.crawler.failed == []


def test_every_way_is_heard_in_every_kind_of_state(
    crawled: Crawled, record_property: Callable[[str, object], None]
) -> None:
    """Asking hands over in that very turn; who waits for a human already is told that the request stands."""
    planned = list(probes(crawled))
    missed = [f"{p.text} | {p.kind} | {p.place.name} | {p.channel}" for p in planned if not heard(crawled, p)]
    record_property("tried", {"places": len(crawled.crawler.places), **figures(planned)})
    kinds = {place.kind for place in crawled.crawler.places}
    assert figures(planned)["texts × kinds of state"] == len(ASKING) * len(kinds)
    assert figures(planned)["texts × channels"] == len(ASKING) * len(CHANNELS)
    assert missed == [], f"{len(missed)} of {len(planned)}"


def heard(crawled: Crawled, probe: Probe) -> bool:
    """Whether the answer to a probe hands over as asked for, or says that the request is with people already."""
    answer = crawled.probe(probe)
    return asked_again(answer) if probe.place.waiting else handed_over(answer)


def handed_over(answer: dict[str, Any]) -> bool:
    """Whether the bot hands over because the customer asked."""
    return (answer["handoff"] or {}).get("reason") == "asked"


def asked_again(answer: dict[str, Any]) -> bool:
    """Whether the bot says to one who waits that the request stands, without a second handoff."""
    said = {message["text"] for message in answer["messages"]}
    return answer["handoff"] is None and bool(said & NOTICES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_look_alike_is_taken_for_asking(crawled: Crawled, language: str) -> None:
    places = [place for place in crawled.crawler.places if place.kind == f"start {language}"]
    assert false_alarms(crawled, places, LOOK_ALIKES) == []


def test_no_look_alike_is_taken_for_asking_within_a_task(crawled: Crawled) -> None:
    """Each text in two places of a task, which take turns."""
    kinds = ("step", "in words", "confirming", "choosing in a task", "waiting")
    places = [place for place in crawled.crawler.places if place.kind in kinds and ":" in place.name]
    half = len(places) // 2
    texts = [*LOOK_ALIKES, *AS_ANSWERS]
    assert false_alarms(crawled, places, texts) + false_alarms(crawled, places[half:] + places[:half], texts) == []


def false_alarms(crawled: Crawled, places: Sequence[Place], texts: Sequence[str]) -> list[str]:
    """Texts that were taken for asking, each with the place."""
    found = []
    for number, text in enumerate(texts):
        for place in places if EVERY_WAY else [places[number * STRIDE % len(places)]]:
            answer = crawled.say(place, text)
            if handed_over(answer) or asked_again(answer):
                found.append(f"{text} | {place.name}")
    return found


def test_ways_that_were_written_without_looking_at_the_rules(crawled: Crawled) -> None:
    """data/evaluation/asking_unseen.jsonl: 91.8 % and 92.0 % (set 1, 2) were heard at first sight, and 12 of 114 and
    5 of 48 look-alikes were taken for asking; of set 3 90.5 % of 201 and 8 of 129, of set 4 98 % of 50 and 3 of 35
    (of these two: what was misread, and a quarter of the rest); of set 5, all of it, 95.6 % of 500 and 31 of 400. What
    was missed was mended after that, so this only holds the ground; lines marked `open` are still read wrongly. Danger
    comes before the wish and brings a person too."""
    listed = [json.loads(line) for line in UNSEEN.read_text(encoding="utf-8").splitlines()]
    rows = [row for row in listed if not row.get("open")]
    starts = {place.language: place for place in crawled.crawler.places if place.kind.startswith("start ")}
    answers = {row["text"]: crawled.say(starts[row["language"]], row["text"]) for row in rows}
    reasons = {text: (answer["handoff"] or {}).get("reason") for text, answer in answers.items()}
    missed = [row["text"] for row in rows if row["asks"] and reasons[row["text"]] not in ("asked", "unhappy", "policy")]
    alarms = [row["text"] for row in rows if not row["asks"] and reasons[row["text"]] == "asked"]
    assert missed == []
    assert alarms == []
