"""One import from the sources to the report: read, decide, check, write; each article whole or not at all."""

from __future__ import annotations

import fcntl
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from kb_index.articles.checks import review
from kb_index.articles.duplicates import Embed
from kb_index.articles.findings import Finding, FindingKind, Severity
from kb_index.articles.lifecycle import in_state
from kb_index.articles.model import Article, State
from kb_index.errors import ArticleChanged, ArticleExists, ArticlesRefused, SourceUnreadable
from kb_index.importing.drafting import Choices, content_of, draft
from kb_index.importing.ledger import Ledger, Record
from kb_index.importing.model import Action, Item, Outcome, Reading, Skip
from kb_index.importing.reconcile import Step, beside, decide
from kb_index.importing.report import Report, holds_back
from kb_index.importing.site import SiteRules, is_address, read_site
from kb_index.importing.sources import readings_of
from kb_index.importing.targets import Key, Target, ordered

Progress = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Order:
    """What somebody asked to import, and how."""

    sources: tuple[str, ...]
    choices: Choices
    into: str
    columns: Mapping[str, str] = field(default_factory=dict)
    site: SiteRules = field(default_factory=SiteRules)
    publish: bool = False
    retire_missing: bool = False
    dry_run: bool = False


def run_import(
    order: Order, target: Target, ledger_file: Path, *, progress: Progress, embed: Embed | None = None
) -> Report:
    """Carry out an order; raises ArticlesRefused when the articles that are there cannot be read.

    With `embed`, questions that mean the same are found to be duplicates, else those that are written alike.
    """
    started = time.monotonic()
    with _alone(ledger_file, held=not order.dry_run):
        work = _Import(order, target, Ledger(ledger_file, keep=not order.dry_run), progress, embed)
        outcomes, findings = work.run()
    took = time.monotonic() - started
    return Report(
        tuple(outcomes), tuple(findings), order.into, took, order.dry_run, tuple(work.held), frozenset(work.checked)
    )


@contextmanager
def _alone(ledger_file: Path, *, held: bool) -> Iterator[None]:
    """Hold the place against a second import; the lock ends with the process, however it ends."""
    if not held:
        yield
        return
    ledger_file.parent.mkdir(parents=True, exist_ok=True)
    with ledger_file.with_name(f"{ledger_file.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


class _Import:
    """The state of one run."""

    def __init__(self, order: Order, target: Target, ledger: Ledger, progress: Progress, embed: Embed | None) -> None:
        self._order = order
        self._embed = embed
        self._target = target
        self._ledger = ledger
        self._progress = progress
        self._now = target.existing()
        self._categories = target.categories()
        self._said: dict[str, str] = {}
        self._claimed: dict[Key, str] = {}
        self._outcomes: list[Outcome] = []
        self.checked: set[Key] = set()
        self.held: list[Finding] = []

    def run(self) -> tuple[list[Outcome], list[Finding]]:
        steps: list[Step] = []
        pages: list[Reading] = []
        gone: list[tuple[Record, str]] = []
        for root in dict.fromkeys(self._order.sources):
            readings = self._read(root)
            for reading in readings:
                steps += self._decide(reading)
                pages += [reading] if reading.validators and not reading.unchanged else []
            gone += self._gone(_root(root), readings)
        findings = self._review(steps)
        self._progress(f"writing {sum(step.article is not None for step in steps)} articles")
        for step in steps:
            self._write(step, findings)
        for record, why in gone:
            self._miss(record, why)
        refused = {outcome.source for outcome in self._outcomes if outcome.action is Action.FAILED}
        for reading in pages:
            if reading.label not in refused:
                self._ledger.add_page(reading.label, reading.validators)
        self._ledger.compact()
        return self._outcomes, [finding for each in findings.values() for finding in each]

    def _read(self, root: str) -> list[Reading]:
        """All readings of a source; one that fails as a whole is one reading that says why."""
        if not is_address(root):
            return list(readings_of(Path(root), columns=self._order.columns, progress=self._progress))
        readings: list[Reading] = []
        try:
            known = {record.label for record in self._ledger.records.values() if not record.missing}
            validators = {page: sent for page, sent in self._ledger.pages.items() if page in known}
            readings += read_site(root, self._order.site, validators=validators, progress=self._progress)
        except SourceUnreadable as error:
            readings.append(Reading(root, root, skips=(Skip("", f"{error.source}: {error.why}", fault=True),)))
        return readings

    def _decide(self, reading: Reading) -> list[Step]:
        for skip in reading.skips:
            self._tell(Action.FAILED if skip.fault else Action.SKIPPED, reading, skip.where, why=skip.why)
        if reading.unchanged:
            for record in self._ledger.records.values():
                if record.label == reading.label and not record.missing:
                    self._tell(Action.UNCHANGED, reading, record.where, record=record, why="the server says so")
            return []
        other = self._other_origin(reading)
        if other:
            why = f"another source of this name was imported from {other}: rename one of the two"
            self._tell(Action.FAILED, reading, "", why=why)
            return []
        return [step for item in reading.items for step in self._step(reading, item)]

    def _other_origin(self, reading: Reading) -> str:
        """Where else the articles under this label came from, if that is still there."""
        for record in self._ledger.records.values():
            if record.label == reading.label and record.origin != reading.origin and Path(record.origin).exists():
                return record.origin
        return ""

    def _step(self, reading: Reading, item: Item) -> list[Step]:
        record = self._ledger.records.get((reading.label, item.key))
        drafted = draft(item, reading.label, self._order.choices, categories=self._categories)
        article = drafted.article
        if article is not None:
            here = f"{reading.label} ({item.where})"
            earlier = self._now.get((article.id, article.language))
            if earlier is not None and "valid_from" not in item.fields:
                drafted = replace(drafted, article=replace(article, valid_from=earlier.valid_from))
            said = f"{article.language}\0{article.title}\0{article.questions}\0{article.answer}"
            before = self._said.setdefault(said, here)
            if before != here:
                self._tell(Action.SKIPPED, reading, item.where, why=f"says exactly what {before} says")
                return []
            claimed = self._claimed.setdefault((article.id, article.language), here)
            if claimed != here:
                self._tell(Action.FAILED, reading, item.where, why=f"id {article.id!r} is already used by {claimed}")
                return []
        step = decide(reading, item, drafted, record, self._now)
        if self._order.publish and self._waits(step, record):
            step = replace(step, action=Action.UPDATED, article=drafted.article, why="")
        if step.action is Action.UPDATED and not self._target.keeps_served and not self._order.publish:
            current = self._now[step.key] if step.key is not None else None
            if current is not None and current.state is State.PUBLISHED:
                step = beside(replace(step, why="the published version stays until it is published"), record, self._now)
        return [step]

    def _waits(self, step: Step, record: Record | None) -> bool:
        """Whether a newer version waits beside an article that nobody has edited."""
        current = self._now.get(step.key) if step.key is not None else None
        if record is None or not record.aside or current is None or step.action is not Action.UNCHANGED:
            return False
        return content_of(current) == record.written != content_of(step.drafted.article)

    def _review(self, steps: Sequence[Step]) -> dict[Key, list[Finding]]:
        """What the checks say about the articles of this import, beside all others that are not retired.

        Questions that were only made of a title are left out: they are alike wherever two titles are.
        """
        mine: dict[Key, Article] = {}
        for step in steps:
            if step.key is None or step.aside or step.action is Action.FAILED:
                continue
            article = step.article or self._now.get(step.key)
            if article is not None and article.state is not State.RETIRED:
                own = tuple(question for question in article.questions if question not in step.drafted.made)
                mine[step.key] = replace(article, questions=own or (article.title,))
        found: dict[Key, list[Finding]] = defaultdict(list)
        self.checked = set(mine)
        if mine:
            waiting = {(record.aside, record.language) for record in self._ledger.records.values()}
            others = [each for each in ordered(self._now) if (each.id, each.language) not in {*mine, *waiting}]
            self._progress(f"checking {len(mine)} articles against {len(others)} others")
            # Of two alike articles the first one is told, so those of this import come first.
            together = [*mine.values(), *others]
            for finding in review(together, self._order.choices.day, self._embed, only=set(mine)):
                found[finding.article, finding.language].append(finding)
        return found

    def _write(self, step: Step, findings: Mapping[Key, Sequence[Finding]]) -> None:
        """Save what a step decided and record it; somebody who was faster makes it a failure of this article only."""
        article, because = step.article, step.drafted.because
        held = [finding.message for finding in findings.get(step.key, ()) if holds_back(finding)] if step.key else []
        self._note_held(step, held)
        reasons = [each for each in (step.why, because, *held) if each]
        ready = self._order.publish and not step.aside and not because and not held
        if step.action is Action.UNCHANGED and ready and step.key is not None:
            current = self._now.get(step.key)
            if current is not None and current.state is State.DRAFT:
                step = replace(step, action=Action.UPDATED, article=current)
                article, reasons = current, ["published, its content is as it was"]
        if article is None:
            self._record(step, None)
            self._tell_step(step, reasons if step.action is not Action.UNCHANGED else [step.why])
            return
        article = in_state(article, State.PUBLISHED if ready else State.DRAFT)
        if not self._order.dry_run:
            try:
                self._target.save(article, why=_origin(step))
            except (ArticleChanged, ArticleExists, ArticlesRefused) as error:
                self._tell_step(replace(step, action=Action.FAILED), [str(error)])
                return
        self._now[article.id, article.language] = article
        self._record(step, article)
        self._tell_step(replace(step, article=article), reasons)

    def _note_held(self, step: Step, held: Sequence[str]) -> None:
        """What keeps a draft from being published is for its owner to settle, whoever reads the report."""
        draft_of = step.article or (self._now.get(step.key) if step.key is not None else None)
        if not held or draft_of is None or step.action is Action.FAILED:
            return
        if step.article is not None or draft_of.state is State.DRAFT:
            self.held.append(
                Finding(
                    FindingKind.HELD_BACK,
                    Severity.WARNING,
                    draft_of.id,
                    draft_of.language,
                    draft_of.owner,
                    subject="import",
                    message=f"imported and left a draft: {'; '.join(held)}",
                )
            )

    def _record(self, step: Step, saved: Article | None) -> None:
        """Remember what the source said and what was made of it."""
        reading, item, meant = step.reading, step.item, step.drafted.article
        before = self._ledger.records.get((reading.label, item.key))
        if meant is None or (step.action is Action.CONFLICT and saved is None):
            return
        written = before.written if before else ""
        aside, aside_written = (before.aside, before.aside_written) if before else ("", "")
        if step.aside and saved is not None:
            aside, aside_written = saved.id, content_of(saved)
        elif saved is not None or step.action is Action.UNCHANGED:
            written = content_of(meant) if before is None or content_of(saved) in ("", content_of(meant)) else written
            if saved is not None and aside:
                self._drop_aside(aside, meant.language, aside_written, why=_origin(step))
                aside, aside_written = "", ""
        if step.action is Action.UNCHANGED and before is not None and before.where == item.where:
            return
        self._ledger.add(
            Record(
                root=self._root_of(reading),
                label=reading.label,
                origin=reading.origin,
                key=item.key,
                where=item.where,
                article=meant.id,
                language=meant.language,
                source_digest=reading.digest,
                incoming=step.drafted.digest,
                written=written,
                at=datetime.now(UTC).isoformat(timespec="seconds"),
                aside=aside,
                aside_written=aside_written,
            )
        )

    def _drop_aside(self, name: str, language: str, written: str, *, why: str) -> None:
        """The version that waited beside is in the article now; one that a person edited stays."""
        there = self._now.get((name, language))
        if (
            there is not None
            and content_of(there) == written
            and there.state is State.DRAFT
            and not self._order.dry_run
        ):
            self._target.save(in_state(there, State.RETIRED), why=why)

    def _root_of(self, reading: Reading) -> str:
        return next(each for each in map(_root, self._order.sources) if _is_below(reading, each))

    def _gone(self, root: str, readings: Sequence[Reading]) -> list[tuple[Record, str]]:
        """Records of this source that it does not give any more, and why they must not be retired (or nothing)."""
        seen = {(reading.label, item.key) for reading in readings for item in reading.items}
        by_label = {reading.label: reading for reading in readings}
        listing_failed = any(not reading.items and reading.origin == root for reading in readings if reading.failed)
        unseen = {
            skip.where or reading.label: f"it was not looked at: {skip.why}"
            for reading in readings
            for skip in reading.skips
            if skip.unseen
        }
        found: list[tuple[Record, str]] = []
        for key, record in self._ledger.records.items():
            if record.root != root or record.missing or key in seen:
                continue
            reading = by_label.get(record.label)
            if (reading is None and listing_failed) or (reading is not None and (reading.failed or reading.unchanged)):
                continue
            faulty = reading is not None and any(skip.fault for skip in reading.skips)
            why = "parts of the source could not be read" if faulty else unseen.get(record.label, "")
            found.append((record, why))
        return found

    def _miss(self, record: Record, why: str) -> None:
        """An article whose source is gone: told, and retired if that was asked for and nobody has edited it."""
        reading = Reading(record.label, record.origin)
        current = self._now.get((record.article, record.language))
        if current is None or current.state is State.RETIRED:
            self._ledger.add(replace(record, missing=True))
        elif why or not self._order.retire_missing:
            hint = why or "the source does not have it any more; --retire-missing retires it"
            self._tell(Action.MISSING, reading, record.where, record=record, why=hint)
        elif content_of(current) != record.written:
            told = "the source does not have it any more, but a person has edited it: retire it by hand"
            self._tell(Action.CONFLICT, reading, record.where, record=record, why=told)
        else:
            if not self._order.dry_run:
                self._target.save(in_state(current, State.RETIRED), why=f"gone from {record.label} ({record.where})")
            self._ledger.add(replace(record, missing=True))
            self._tell(Action.RETIRED, reading, record.where, record=record, state="retired")

    def _tell_step(self, step: Step, reasons: Sequence[str]) -> None:
        name, language = step.key or ("", "")
        current = self._now.get((name, language))
        state = step.article.state if step.article is not None else current.state if current is not None else ""
        self._outcomes.append(
            Outcome(
                action=step.action,
                source=step.reading.label,
                where=step.item.where,
                article=name,
                language=language,
                state=str(state),
                why="; ".join(each for each in reasons if each),
            )
        )

    def _tell(
        self,
        action: Action,
        reading: Reading,
        where: str,
        *,
        why: str = "",
        record: Record | None = None,
        state: str = "",
    ) -> None:
        named = (record.article, record.language) if record is not None else ("", "")
        outcome = Outcome(action=action, source=reading.label, where=where, why=why, state=state)
        self._outcomes.append(replace(outcome, article=named[0], language=named[1]))


def _root(source: str) -> str:
    return source if is_address(source) else str(Path(source).resolve())


def _is_below(reading: Reading, root: str) -> bool:
    if is_address(root):
        return is_address(reading.origin)
    return not is_address(reading.origin) and Path(reading.origin).is_relative_to(root)


def _origin(step: Step) -> str:
    """Where an article comes from, for its history."""
    day = datetime.now(UTC).date().isoformat()
    digest = f", sha256 {step.reading.digest[:16]}" if step.reading.digest else ""
    return f"imported {day} from {step.reading.label} ({step.item.where}){digest}"
