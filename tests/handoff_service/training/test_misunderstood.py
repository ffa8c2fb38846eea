"""Which messages count as misunderstood, told from timelines."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from handoff_service.conversations.model import (
    BOT,
    SYSTEM,
    Audience,
    Author,
    AuthorKind,
    Conversation,
    Entry,
    Kind,
    Owner,
    OwnerKind,
)
from handoff_service.training.misunderstood import misunderstood
from handoff_service.training.model import LONGEST, Reason
from tests.handoff_service.stage import MONDAY

CUSTOMER = Author(AuthorKind.CUSTOMER, "k_1", "Ann")
ANSWERED = {"action": "answer", "rule": "probability>=threshold"}
CONVERSATION = Conversation(
    tenant="demo", id="c_1", channel="web", contact="k_1", language="en", owner=Owner(OwnerKind.BOT), epoch=1, phase=1,
    last_seq=0, handoff=None, deadline_at=None, opened_at=MONDAY, updated_at=MONDAY, closed_at=None, preview="",
    mood=None, rated_seq=None, account=None,
)  # fmt: skip


class Timeline:
    """Entries as they would stand in the log, written one after the other."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def add(self, kind: Kind, author: Author, body: dict[str, Any], *, turn: str | None = None) -> int:
        seq = len(self.entries) + 1
        self.entries.append(
            Entry(
                tenant="demo",
                conversation="c_1",
                seq=seq,
                mid=f"m_{seq}",
                kind=kind,
                audience=Audience.PUBLIC,
                author=author,
                body=body,
                client_id=None,
                epoch=1,
                turn=turn,
                at=MONDAY + timedelta(seconds=seq),
            )
        )
        return seq

    def says(self, text: str, **body: Any) -> int:
        return self.add(Kind.MESSAGE, CUSTOMER, {"text": text, **body})

    def answers(self, seq: int, intent: str, confidence: float, **analysis: Any) -> int:
        told = {"answers": seq, "intent": {"name": intent, "confidence": confidence}, **analysis}
        buttons = [{"title": "None", "payload": "/none_of_these"}, {"title": "Yes", "payload": "/affirm"}]
        body = {"text": "…", "kind": "clarify", "buttons": buttons, "analysis": told}
        return self.add(Kind.MESSAGE, BOT, body, turn=f"t_{seq}")

    @property
    def found(self) -> list[tuple[str, Reason]]:
        return [(one.text, one.reason) for one in misunderstood(CONVERSATION, self.entries)]


@pytest.fixture
def log() -> Timeline:
    return Timeline()


def test_what_was_read_surely_or_answered_is_understood(log: Timeline) -> None:
    log.answers(log.says("hello"), "greet", 0.99)
    log.answers(log.says("how long does it take"), "nlu_fallback", 0.1, decision=ANSWERED)
    log.answers(log.says("refund when"), "ask_question", 0.3, decision=ANSWERED)
    assert log.found == []


def test_the_fallback_and_a_doubtful_intent_are_found(log: Timeline) -> None:
    log.answers(log.says("wibble"), "nlu_fallback", 0.2, decision={"action": "abstain"})
    log.answers(log.says("hmm parcel"), "order_status", 0.41)
    assert log.found == [("wibble", Reason.FALLBACK), ("hmm parcel", Reason.LOW_CONFIDENCE)]


def test_what_the_bot_says_that_it_is_unsure_of_is_found(log: Timeline) -> None:
    log.answers(log.says("again and again"), "ask_question", 0.9, signals=[{"signal": "unsure", "rule": "repeated"}])
    log.answers(log.says("you fool"), "insult", 0.9, signals=[{"signal": "unhappy", "rule": "insult"}])
    assert log.found == [("again and again", Reason.LOW_CONFIDENCE)]


def test_a_thumb_down_finds_the_question_of_the_turn_though_it_is_on_its_second_message(log: Timeline) -> None:
    log.answers(log.says("where is it"), "greet", 0.9)
    second = log.add(Kind.MESSAGE, BOT, {"text": "more"}, turn="t_1")
    log.add(Kind.FEEDBACK, CUSTOMER, {"of": second, "value": "down"})
    log.answers(log.says("thanks"), "thanks", 0.9)
    log.add(Kind.FEEDBACK, CUSTOMER, {"of": 5, "value": "up"})
    assert log.found == [("where is it", Reason.THUMB_DOWN)]


def test_none_of_these_refuses_the_clarification_of_the_question_before(log: Timeline) -> None:
    offered = log.answers(log.says("my thing"), "ask_question", 0.8)
    log.says("None", pressed={"seq": offered, "index": 0})
    other = log.answers(log.says("my order"), "order_status", 0.9)
    log.says("Yes", pressed={"seq": other, "index": 1})
    assert log.found == [("my thing", Reason.REFUSED)]


def test_a_handover_as_unsure_finds_the_last_question_and_other_handovers_none(log: Timeline) -> None:
    log.answers(log.says("first"), "greet", 0.9)
    log.answers(log.says("second"), "ask_question", 0.9)
    log.add(Kind.STATE, SYSTEM, {"event": "unsure", "handoff": "h_1"})
    log.answers(log.says("human please"), "ask_human", 0.9)
    log.add(Kind.STATE, SYSTEM, {"event": "asked", "handoff": "h_2"})
    assert log.found == [("second", Reason.HANDED_OVER)]


def test_several_signs_are_one_message_with_the_strongest_reason(log: Timeline) -> None:
    answer = log.answers(log.says("wibble"), "nlu_fallback", 0.1)
    log.add(Kind.FEEDBACK, CUSTOMER, {"of": answer, "value": "down"})
    log.add(Kind.STATE, SYSTEM, {"event": "unsure"})
    assert log.found == [("wibble", Reason.THUMB_DOWN)]


def test_several_messages_that_one_turn_answered_are_one_text(log: Timeline) -> None:
    log.answers(log.says("hello"), "greet", 0.9)
    log.says("my parcel")
    log.answers(log.says("is not there"), "nlu_fallback", 0.1)
    assert log.found == [("my parcel\nis not there", Reason.FALLBACK)]


def test_erased_and_endless_texts_are_left_out(log: Timeline) -> None:
    log.answers(log.says("", erased=True), "nlu_fallback", 0.1)
    log.answers(log.says("x" * (LONGEST + 1)), "nlu_fallback", 0.1)
    assert log.found == []


def test_the_language_of_another_country_is_taken_for_english(log: Timeline) -> None:
    log.answers(log.says("bonjour"), "nlu_fallback", 0.1)
    (found,) = misunderstood(replace(CONVERSATION, language="fr"), log.entries)
    assert (found.language, found.intent, found.confidence) == ("en", "nlu_fallback", 0.1)
