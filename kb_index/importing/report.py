"""What an import did, as text for people and as JSON for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from kb_index.articles.findings import Finding, Severity
from kb_index.importing.model import Action, Outcome

MOST_LINES = 200
"""Lines of one kind in the text for people; the JSON has all of them."""
_REPAIR = (Action.FAILED, Action.CONFLICT)
_TOLD = (Action.FAILED, Action.CONFLICT, Action.SKIPPED, Action.MISSING, Action.RETIRED, Action.CREATED, Action.UPDATED)


@dataclass(frozen=True)
class Report:
    """Every outcome, and what the checks say about the articles that were taken, which are `checked`.

    `held` has one finding for each draft that the checks keep from being published.
    """

    outcomes: tuple[Outcome, ...]
    findings: tuple[Finding, ...]
    into: str
    seconds: float
    dry_run: bool = False
    held: tuple[Finding, ...] = ()
    checked: frozenset[tuple[str, str]] = frozenset()

    @property
    def counts(self) -> dict[str, int]:
        found = Counter(outcome.action for outcome in self.outcomes)
        return {str(action): found[action] for action in Action}

    @property
    def needs_repair(self) -> bool:
        return any(outcome.action in _REPAIR for outcome in self.outcomes)

    def plain(self) -> dict[str, Any]:
        """The report as JSON can hold it."""
        return {
            "into": self.into,
            "dry_run": self.dry_run,
            "seconds": round(self.seconds, 3),
            "counts": self.counts,
            "published": sum(each.state == "published" for each in self.outcomes),
            "outcomes": [outcome.plain() for outcome in self.outcomes],
            "findings": [_plain_finding(finding) for finding in self.findings],
        }

    def lines(self) -> Iterator[str]:
        """The report for people, the most urgent first and the counts last."""
        for action in _TOLD:
            found = [outcome for outcome in self.outcomes if outcome.action is action]
            yield from _limited([_line(outcome) for outcome in found], str(action))
        if self.findings:
            yield "The checks say:"
            yield from _limited([f"  {finding}" for finding in self.findings], "findings")
        counts = ", ".join(f"{count} {action}" for action, count in self.counts.items() if count) or "nothing found"
        tried = "Dry run, nothing was written" if self.dry_run else f"Into {self.into}"
        yield f"{tried}: {counts} ({self.seconds:.1f} s)."
        if any(each.state == "published" for each in self.outcomes) and not self.dry_run:
            yield "What was published is found after the next build: python -m kb_index build"


def _line(outcome: Outcome) -> str:
    place = f"{outcome.source} ({outcome.where})" if outcome.where else outcome.source
    became = f" → {outcome.language}/{outcome.article}" if outcome.article else ""
    state = f" [{outcome.state}]" if outcome.state else ""
    why = f": {outcome.why}" if outcome.why else ""
    return f"{outcome.action}: {place}{became}{state}{why}"


def _limited(lines: Sequence[str], what: str) -> Iterator[str]:
    yield from lines[:MOST_LINES]
    if len(lines) > MOST_LINES:
        yield f"… and {len(lines) - MOST_LINES} more ({what}); --json lists all"


def _plain_finding(finding: Finding) -> dict[str, Any]:
    return {
        "kind": str(finding.kind),
        "severity": str(finding.severity),
        "article": finding.article,
        "language": finding.language,
        "owner": finding.owner,
        "message": finding.message,
        "evidence": dict(finding.evidence),
    }


def holds_back(finding: Finding) -> bool:
    """Whether an article with this finding stays a draft: errors, and what somebody may have meant to say once."""
    return finding.severity is Severity.ERROR or finding.kind == "near-duplicate"
