"""How much of what was planted in labelled conversations the packet finds, and whether it invents anything.

A line of the file (data/evaluation/packets.jsonl): {"id", "language", "entries": [{"author", "text", "kind"?,
"file"?}], "expect": {"goal": {"text", "entry"}, "facts": [{"kind", "value", "entry"}], "promises": [{"by", "text",
"entry"}], "missing": [{"text", "entry"}], "attachments": [{"name", "entry"}]}}; entries are numbered from 1.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from handoff_service.conversations.model import Audience, Author, AuthorKind, Entry, Kind
from handoff_service.handoffs.model import Handoff, rank
from handoff_service.handoffs.packet import CITED, Packet, build_packet, holds, is_said

DAY = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
PARTS = ("goal", "facts", "promises", "missing", "attachments")
VALUES = {"goal": "text", "facts": "value", "promises": "text", "missing": "text", "attachments": "name"}


@dataclass
class Measured:
    """By part: planted, found, shown and shown though nobody planted it; `invented` and `lost` are told in words."""

    planted: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    shown: Counter[str] = field(default_factory=Counter)
    extra: Counter[str] = field(default_factory=Counter)
    invented: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    def recall(self, *parts: str) -> float:
        """Share of what was planted in these parts that is in the packets."""
        planted = sum(self.planted[part] for part in parts)
        return sum(self.found[part] for part in parts) / planted if planted else 1.0


def read(path: Path) -> list[dict[str, Any]]:
    """The labelled conversations. Raises ValueError with the line that is wrong."""
    cases = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        try:
            cases.append(json.loads(line))
        except ValueError as error:
            raise ValueError(f"{path}:{number}: not JSON; write one object per line") from error
    return cases


def timeline_of(case: Mapping[str, Any]) -> list[Entry]:
    """A labelled conversation as entries."""
    return [
        Entry(
            tenant="labelled",
            conversation=str(case["id"]),
            seq=seq,
            mid=f"m_{seq}",
            kind=Kind.MESSAGE,
            audience=Audience.PUBLIC,
            author=Author(AuthorKind(raw["author"]), raw["author"], ""),
            body={
                "text": raw["text"],
                **({"kind": raw["kind"]} if "kind" in raw else {}),
                **({"file": {"id": f"f_{seq}", "name": raw["file"], "type": "image/jpeg"}} if "file" in raw else {}),
            },
            client_id=None,
            epoch=1,
            turn=None,
            at=DAY,
        )
        for seq, raw in enumerate(case["entries"], 1)
    ]


def packet_of(case: Mapping[str, Any]) -> Packet:
    """The packet of a handoff at the end of a labelled conversation, with evidence as the bot gives it."""
    asked = [(seq, one["text"]) for seq, one in enumerate(case["entries"], 1) if one["author"] == "customer"]
    evidence = {"asked_at": asked[-1][0], "matched": asked[-1][1], "rule": "asked for a human", "confidence": 0.9731}
    handoff = Handoff(
        tenant="labelled",
        id="h_1",
        conversation=str(case["id"]),
        reason="asked",
        priority=3,
        queue="support",
        language=case["language"],
        evidence=evidence,
        rank=rank(DAY, 3),
        requested_seq=len(case["entries"]),
        requested_at=DAY,
        queued_at=DAY,
        offered_at=None,
        offered_to=None,
        accepted_at=None,
        accepted_by=None,
        first_reply_at=None,
        closed_at=None,
        wrap_up=None,
    )
    return build_packet(handoff, timeline_of(case))


def measure(cases: Iterable[Mapping[str, Any]]) -> Measured:
    """Compares the packets of labelled conversations with their labels."""
    told = Measured()
    for case in cases:
        packet = packet_of(case)
        _look_for_inventions(case, packet, told)
        for part in PARTS:
            wanted = case["expect"][part]
            labels = [wanted] if isinstance(wanted, Mapping) else wanted
            lines = [packet[part]] if part == "goal" else packet[part]
            _compare(case, part, [label for label in labels if label], lines, told)
    return told


def _compare(
    case: Mapping[str, Any],
    part: str,
    labels: Sequence[Mapping[str, Any]],
    lines: Sequence[Mapping[str, Any]],
    told: Measured,
) -> None:
    hit = [[_meets(line, label, part) for line in lines] for label in labels]
    told.planted[part] += len(labels)
    told.shown[part] += len(lines)
    told.found[part] += sum(any(row) for row in hit)
    told.extra[part] += sum(not any(row[at] for row in hit) for at in range(len(lines)))
    told.lost += [
        f"{case['id']}: {part} {label[VALUES[part]]!r}" for label, row in zip(labels, hit, strict=True) if not any(row)
    ]


def _meets(line: Mapping[str, Any], label: Mapping[str, Any], part: str) -> bool:
    """Whether a line says what was planted, of the same kind, and cites the entry that says it."""
    same = part != "facts" or line["kind"] == label["kind"]
    says = str(label[VALUES[part]]).casefold() in str(line[VALUES[part]]).casefold()
    return same and says and label["entry"] in line["entries"]


def _look_for_inventions(case: Mapping[str, Any], packet: Packet, told: Measured) -> None:
    """A value that none of the cited entries contains, looked up in the labelled text itself."""
    by_seq = {entry.seq: entry for entry in timeline_of(case)}
    for part, name in CITED.items():
        told.invented += [
            f"{case['id']}: {part} {line[name]!r}" for line in packet[part] if not holds(line, part, by_seq)
        ]
    told.invented += [
        f"{case['id']}: evidence {line['value']!r}"
        for line in packet["evidence"]
        if not all(is_said(line["value"], by_seq.get(seq)) for seq in line["entries"])
    ]
    goal = packet["goal"]
    if any(goal["text"] != case["entries"][seq - 1]["text"] for seq in goal["entries"]):
        told.invented.append(f"{case['id']}: goal {goal['text']!r}")


def report(path: Path) -> dict[str, Any]:
    """The figures as JSON."""
    cases = read(path)
    told = measure(cases)
    return {
        "conversations": dict(Counter(case["language"] for case in cases)),
        "recall_of_planted": round(told.recall(*PARTS), 4),
        "recall_of_facts": round(told.recall("facts"), 4),
        "parts": {
            part: {"planted": told.planted[part], "found": told.found[part], "not_planted": told.extra[part]}
            for part in PARTS
        },
        "invented": told.invented,
        "lost": told.lost,
    }
