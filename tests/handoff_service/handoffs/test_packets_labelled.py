"""The packet on labelled conversations: what was planted is found, and nothing is invented."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from handoff_service.analytics.command import report
from handoff_service.handoffs import measure as measuring
from handoff_service.handoffs.measure import PARTS, measure, packet_of, read, timeline_of
from handoff_service.handoffs.packet import CITED, holds
from handoff_service.promises.detect import promises_in
from tests.handoff_service.stage import trial_settings

FILE = Path(__file__).parents[3] / "data" / "evaluation" / "packets.jsonl"
CASES = read(FILE)


def test_enough_was_labelled_in_both_languages() -> None:
    languages = [case["language"] for case in CASES]
    assert min(languages.count("zh"), languages.count("en")) >= 50
    assert len({json.dumps(case["entries"]) for case in CASES}) == len(CASES) >= 100


@pytest.mark.parametrize("language", ["zh", "en"])
def test_planted_facts_are_found_and_nothing_is_invented(language: str) -> None:
    told = measure(case for case in CASES if case["language"] == language)
    assert told.invented == []
    for part in PARTS:
        assert told.planted[part] > 5, part
        assert told.recall(part) >= 0.95, [line for line in told.lost if f": {part} " in line]
    assert told.extra["promises"] <= 0.1 * told.shown["promises"], "a rule for everybody is no promise"


def test_every_line_cites_what_says_it() -> None:
    for case in CASES:
        packet = packet_of(case)
        texts = {seq: one["text"].casefold() for seq, one in enumerate(case["entries"], 1)}
        for part in ("facts", "promises", "missing"):
            for line in packet[part]:
                assert line["entries"], line
                assert all(line[CITED[part]].casefold() in texts[seq] for seq in line["entries"]), line
        evidence = {line["label"]: line for line in packet["evidence"]}
        assert evidence["matched"]["entries"], "the customer's own words"
        for line in evidence.values():
            assert all(str(line["value"]).casefold() in texts[seq] for seq in line["entries"]), line


def test_a_line_without_a_valid_citation_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """An extractor that goes wrong is caught by the check behind it."""
    monkeypatch.setattr(
        "handoff_service.handoffs.packet.facts_in", lambda text: [("amount", "1,000,000 yuan"), ("date", text[:4])]
    )
    packet = packet_of(CASES[0])
    assert {line["kind"] for line in packet["facts"]} <= {"date"}
    assert not any("1,000,000" in line["value"] for line in packet["facts"])


def test_the_measure_sees_an_invention_and_a_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    def spoiled(case: Any) -> Any:
        packet = packet_of(case)
        return {**packet, "promises": [], "facts": [{"kind": "amount", "value": "1,000,000 yuan", "entries": [1]}]}

    monkeypatch.setattr(measuring, "packet_of", spoiled)
    told = measure(CASES[:6])
    assert len(told.invented) == 6
    assert told.recall("facts") == 0.0
    assert told.lost


def test_citing_is_strict() -> None:
    by_seq = {entry.seq: entry for entry in timeline_of(CASES[0])}
    fact = packet_of(CASES[0])["facts"][0]
    assert holds(fact, "facts", by_seq)
    assert not holds({**fact, "entries": [99]}, "facts", by_seq)
    assert not holds({**fact, "entries": []}, "facts", by_seq)
    assert not holds({**fact, "entries": [*fact["entries"], 1]}, "facts", by_seq), "each of them must say it"


@pytest.mark.parametrize(
    ("text", "promised"),
    [
        ("您好。我们会在今天18:00前给您退款。还有别的吗？", ["我们会在今天18:00前给您退款。"]),
        ("I'll call you back today; is that fine?", ["I'll call you back today;"]),
        ("We will refund you. We cannot do more", ["We will refund you."]),
        ("请问您的会员号是多少？", []),
        ("会员可以享受包邮", ["会员可以享受包邮"][:0]),
        ("Would you like me to do it?", []),
    ],
)
def test_what_an_agent_promises_is_told_in_his_words(text: str, promised: list[str]) -> None:
    assert list(promises_in(text, by_person=True)) == promised


@pytest.mark.parametrize(
    "text", ["充值一般几分钟内到账。", "You can exchange within seven days.", "如果破损，我们会退款。"]
)
def test_a_rule_for_everybody_is_no_promise_of_the_bot(text: str) -> None:
    assert list(promises_in(text, by_person=False)) == []


def test_the_command_fails_when_too_little_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = trial_settings()
    assert report(["packets", str(FILE)], settings) == 0
    assert json.loads(capsys.readouterr().out)["invented"] == []
    poor = dict(CASES[0], expect={**CASES[0]["expect"], "facts": [{"kind": "amount", "value": "7", "entry": 1}] * 9})
    (tmp_path / "poor.jsonl").write_text(json.dumps(poor))
    assert report(["packets", str(tmp_path / "poor.jsonl")], settings) == 1
    (tmp_path / "broken.jsonl").write_text("{")
    assert report(["packets", str(tmp_path / "broken.jsonl")], settings) == 1
    assert "broken.jsonl:1" in capsys.readouterr().err
