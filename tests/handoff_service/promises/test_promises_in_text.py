"""Promises in two languages: the labelled lines, the times that they name, and texts that are made to be slow."""

from __future__ import annotations

import json
import signal
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoff_service.analytics.command import report
from handoff_service.calendars.model import calendar_of
from handoff_service.calendars.settings import CalendarSettings
from handoff_service.promises import measure
from handoff_service.promises.detect import promises_in, promises_made
from handoff_service.promises.measure import OFFICE, SAID, ZONE
from handoff_service.promises.when import Said, due_in
from tests.handoff_service.stage import trial_settings

FILE = Path(__file__).parents[3] / "data" / "evaluation" / "promises.jsonl"
LINES = measure.read(FILE)


def test_half_of_the_labelled_lines_promise_nothing() -> None:
    assert len({line["text"] for line in LINES}) == len(LINES) >= 240
    for half in ("seen", "unseen"):
        for language in ("zh", "en"):
            labels = [one["promised"] for one in LINES if one["id"].startswith(f"{half}-{language}-")]
            assert 0.45 <= sum(labels) / len(labels) <= 0.55
            assert len(labels) >= 60


@pytest.mark.parametrize("part", ["seen-", "unseen-zh", "unseen-en"])
def test_promises_are_found_and_look_alikes_are_not(part: str) -> None:
    told = measure.measure(line for line in LINES if line["id"].startswith(part))
    assert told.precision >= 0.9, told.wrong
    assert told.recall >= 0.85, told.missed
    assert len(told.mistimed) <= 0.1 * told.times, told.mistimed
    assert told.times >= 15


def test_the_command_fails_when_look_alikes_are_taken_for_promises(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(["promises", str(FILE)], trial_settings()) == 0
    assert json.loads(capsys.readouterr().out)["unseen"]["precision"] >= 0.9
    poor = [{**line, "promised": False} for line in LINES]
    (tmp_path / "poor.jsonl").write_text("\n".join(map(json.dumps, poor)))
    assert report(["promises", str(tmp_path / "poor.jsonl")], trial_settings()) == 1
    (tmp_path / "broken.jsonl").write_text('{}\n{"id"')
    assert report(["promises", str(tmp_path / "broken.jsonl")], trial_settings()) == 1
    assert "broken.jsonl:2" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("三到五个工作日", "2026-11-10T18:30"),
        ("1-2 working days", "2026-11-05T18:30"),
        ("一个半小时内", "2026-11-03T15:30"),
        ("within half an hour", "2026-11-03T14:30"),
        ("48个工作小时内", "2026-11-10T14:30"),
        ("8 working hours", "2026-11-04T12:30"),
        ("一百二十小时内", "2026-11-08T14:00"),
        ("一百二小时内", "2026-11-08T14:00"),
        ("一百零五小时内", "2026-11-07T23:00"),
        ("两百小时内", "2026-11-11T22:00"),
        ("三千小时内", None),
        ("两周内", "2026-11-17T14:00"),
        ("下周内", "2026-11-13T18:30"),
        ("next week", "2026-11-13T18:30"),
        ("周二之前", "2026-11-10T18:30"),
        ("this Friday", "2026-11-06T18:30"),
        ("next Friday", "2026-11-13T18:30"),
        ("明晚8点", "2026-11-04T20:00"),
        ("后天下午3点半", "2026-11-05T15:30"),
        ("today at 17:45", "2026-11-03T17:45"),
        ("by 10 am", "2026-11-04T10:00"),
        ("上午10点前", "2026-11-04T10:00"),
        ("11月30日", "2026-11-30T18:30"),
        ("2月30日", None),
        ("一个半月内", "2026-12-18T14:00"),
        ("两个月内", "2027-01-03T14:00"),
        ("on January 2nd", "2027-01-03T00:00"),
        ("月底之前", "2026-11-30T18:30"),
        ("the next working day", "2026-11-04T18:30"),
        ("下个工作日", "2026-11-04T18:30"),
        ("at 25:61", None),
        ("今天上午", None),
        ("as soon as we can", None),
        ("很快", None),
    ],
)
def test_times_as_they_are_said_on_a_tuesday_at_two(text: str, due: str | None) -> None:
    found = due_in(text, SAID)
    assert found == (due and datetime.fromisoformat(due).replace(tzinfo=ZONE))


@pytest.mark.parametrize(
    ("said", "text", "due"),
    [
        (
            "2026-09-29T16:00",
            "我们会在3-5个工作日内给您退款。",
            "2026-10-12T18:30",
        ),  # over the golden week, with a Saturday that is worked
        ("2026-02-13T10:00", "明天给您答复。", "2026-02-14T18:30"),  # a Saturday that is worked
        ("2026-02-13T10:00", "I'll call you by Sunday.", "2026-02-16T00:00"),  # the office is closed that day
    ],
)
def test_working_days_are_those_of_the_calendar(said: str, text: str, due: str) -> None:
    opening = OFFICE.hours[0].model_dump(mode="json")
    plan = CalendarSettings.model_validate({"hours": [opening], "holidays": {"country": "CN"}})
    moment = Said(datetime.fromisoformat(said).replace(tzinfo=ZONE), calendar_of(plan, ZONE))
    (found,) = promises_made(text, moment, by_person=True)
    assert found.due_at == datetime.fromisoformat(due).replace(tzinfo=ZONE)


def test_days_are_those_of_the_wall_clock_when_the_clocks_change() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    said = Said(datetime(2026, 10, 24, 14, 0, tzinfo=berlin), calendar_of(CalendarSettings(), berlin))
    assert due_in("within 2 days", said) == datetime(2026, 10, 26, 14, 0, tzinfo=berlin)
    hours = due_in("within 48 hours", said)
    assert hours is not None
    assert (hours - said.at.astimezone(hours.tzinfo)).total_seconds() == 48 * 3600


PIECES = [
    "我",
    "会",
    "预计",
    "十",
    "1",
    " will",
    " by",
    " the",
    "I'll",
    " be",
    "，",
    ",",
    " a",
    "给您",
    "月",
    "tomorrow ",
]


@pytest.mark.parametrize("piece", PIECES)
def test_no_text_takes_long(piece: str) -> None:
    """Less than two seconds of the processor for a message as long as one may be; the usual one takes 0.1 ms."""

    def too_long(*_: object) -> None:
        raise TimeoutError(piece)

    before = signal.signal(signal.SIGVTALRM, too_long)
    try:
        signal.setitimer(signal.ITIMER_VIRTUAL, 2.0)
        for by_person in (True, False):
            list(promises_made(piece * (4000 // len(piece)), SAID, by_person=by_person))
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0.0)
        signal.signal(signal.SIGVTALRM, before)


@given(st.text(max_size=200) | st.lists(st.sampled_from(PIECES), max_size=40).map("".join), st.booleans())
def test_any_text_has_an_answer_and_quotes_are_from_it(text: str, by_person: bool) -> None:
    for found in promises_made(text, SAID, by_person=by_person):
        assert found.text in text
        assert found.due_at is None or found.due_at > SAID.at


@pytest.mark.parametrize(
    "text",
    [
        "您的请求已经登记，人工同事会处理；等待期间我可以先回答其他问题。",
        "这个我答不上来。等待时有别的问题可以先问我。",
        "Your request is with our human colleagues; I can answer other questions meanwhile.",
    ],
)
def test_what_the_bot_does_while_one_waits_is_no_promise(text: str) -> None:
    assert list(promises_in(text, by_person=False)) == []
