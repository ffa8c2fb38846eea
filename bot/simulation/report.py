"""What came out of many dialogues: figures for each goal and language, and the worst ones in full."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.simulation.referee import Dialogue, Verdict, judge

WORST = 5
WIDTH = 110


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A dialogue and what the referee says of it."""

    dialogue: Dialogue
    verdict: Verdict

    @property
    def badness(self) -> tuple[int, int, int, float, int]:
        """Sorts the worst to the end."""
        v = self.verdict
        return (
            v.faults,
            len(v.soothed_twice),
            int(not v.success and not v.handed_over),
            self.dialogue.mood,
            len(self.dialogue.exchanges),
        )


def judged(dialogues: Sequence[Dialogue]) -> list[Judged]:
    """Each with its verdict."""
    return [Judged(dialogue=dialogue, verdict=judge(dialogue)) for dialogue in dialogues]


def figures(found: Sequence[Judged]) -> dict[str, Any]:
    """The figures of all of them as JSON; shares are 0..1."""
    count = len(found) or 1
    turns = sorted(len(each.dialogue.exchanges) for each in found) or [0]
    return {
        "dialogues": len(found),
        "success": share(each.verdict.success for each in found),
        "contained": share(not each.verdict.handed_over for each in found),
        "turns_mean": round(sum(turns) / count, 2),
        "turns_p95": turns[int(0.95 * (len(turns) - 1))],
        "mood_end": round(sum(each.dialogue.mood for each in found) / count, 3),
        "humans_asked": sum(e.act == "ask_human" for each in found for e in each.dialogue.exchanges),
        "humans_refused": sum(len(each.verdict.refused_human) for each in found),
        "loops": sum(len(each.verdict.loops) for each in found),
        "wrong_actions": sum(len(each.verdict.wrong_actions) for each in found),
        "soothed_twice": sum(len(each.verdict.soothed_twice) for each in found),
        "errors": sum(each.verdict.error is not None for each in found),
    }


def share(flags: Any) -> float:
    """How many are true, 0..1."""
    listed = list(flags)
    return round(sum(listed) / len(listed), 3) if listed else 0.0


def by_goal(found: Sequence[Judged]) -> dict[str, dict[str, Any]]:
    """The figures for every goal in every language."""
    groups: Mapping[str, list[Judged]] = defaultdict(list)
    for each in found:
        groups[f"{each.dialogue.goal.name} {each.dialogue.goal.language}"].append(each)
    return {name: figures(groups[name]) for name in sorted(groups)}


def as_json(found: Sequence[Judged], *, seed: int) -> dict[str, Any]:
    """Everything that the report says; the same seed and bot give the same bytes."""
    faulty = [each for each in found if each.verdict.faults or each.verdict.soothed_twice]
    return {
        "seed": seed,
        "all": figures(found),
        "goals": by_goal(found),
        "faulty": [
            {
                "seed": each.dialogue.seed,
                "goal": each.dialogue.goal.name,
                "language": each.dialogue.goal.language,
                "humans_refused": list(each.verdict.refused_human),
                "loops": list(each.verdict.loops),
                "wrong_actions": list(each.verdict.wrong_actions),
                "soothed_twice": list(each.verdict.soothed_twice),
                "error": each.verdict.error,
            }
            for each in faulty
        ],
    }


def as_text(found: Sequence[Judged]) -> str:
    """A table for each goal, the sums, and the worst dialogues."""
    columns = (
        "dialogues",
        "success",
        "contained",
        "turns_mean",
        "humans_refused",
        "loops",
        "wrong_actions",
        "soothed_twice",
    )
    head = f"{'goal':22}" + "".join(f"{name:>15}" for name in columns)
    rows = [
        f"{name:22}" + "".join(f"{row[column]:>15}" for column in columns)
        for name, row in [*by_goal(found).items(), ("all", figures(found))]
    ]
    worst = sorted(found, key=lambda each: each.badness)[-WORST:][::-1]
    return "\n".join([head, *rows, "", f"The {len(worst)} worst dialogues", *map(transcript, worst)])


def transcript(each: Judged) -> str:
    """One dialogue in full, with what is wrong with it."""
    dialogue, verdict = each.dialogue, each.verdict
    marks = [
        f"human refused: {', '.join(verdict.refused_human)}" if verdict.refused_human else "",
        f"loop: {verdict.loops[0][:WIDTH]}" if verdict.loops else "",
        *(f"wrong action: {what}" for what in verdict.wrong_actions),
        "soothed twice with the same words" if verdict.soothed_twice else "",
        f"error: {verdict.error}" if verdict.error else "",
        "" if verdict.success else "handed over" if verdict.handed_over else "not solved",
    ]
    possible = "" if dialogue.goal.possible else ", which is not possible"
    lines = [
        f"\n--- seed {dialogue.seed}: {dialogue.goal.name} ({dialogue.goal.language}{possible}), "
        f"mood {dialogue.mood:.2f}; {'; '.join(filter(None, marks)) or 'fine'}"
    ]
    for exchange in dialogue.exchanges:
        pressed = " [button]" if exchange.pressed else ""
        lines.append(f"  customer ({exchange.act}){pressed}: {exchange.text[:WIDTH]!r}")
        lines += [f"    bot: {line[:WIDTH]}" for line in exchange.said.splitlines()[:8]]
        if exchange.answer["handoff"]:
            lines.append(f"    → handoff: {exchange.answer['handoff']['reason']}")
        lines += [f"    → shop: {'+' if c.new else '-'}{c.table} {c.row[:WIDTH]}" for c in exchange.changes]
    return "\n".join(lines)
