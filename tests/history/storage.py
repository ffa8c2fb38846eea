"""What is kept: a sound database, a restore that is a prefix, and answers whose sources exist."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tests.history.case import Case, Finding, judges
from tests.history.events import BackupLog, Disk, Entry, KbGeneration, Log, LostLog, RestoredLog


def check_prefix(before: Mapping[str, Log], after: Mapping[str, Log], *, erased: Iterable[str] = ()) -> list[Finding]:
    """What is wrong if every log of `after` is to be the beginning of the same log in `before`.

    A conversation may be missing in `after` (it began later than the backup), never be new in it.
    """
    found = []
    for conv, log in after.items():
        if conv not in before:
            found.append(Finding(conv, "it is in the restore only", "a log from before", (log.line,)))
            continue
        lines = (before[conv].line, log.line)
        longer = before[conv].entries
        if len(log.entries) > len(longer):
            seen = f"the restore has {len(log.entries)} entries"
            found.append(Finding(conv, seen, f"at most the {len(longer)} from before", lines))
        for old, new in zip(longer, log.entries, strict=False):
            if _saying(old) != _saying(new) and not (new.erased and old.seq == new.seq) and conv not in erased:
                seen = f"entry {new.seq} ({new.mid}) differs from entry {old.seq} ({old.mid}) of before"
                found.append(Finding(conv, seen, "the same entry", lines))
                break
    return found


def _saying(entry: Entry) -> tuple[object, ...]:
    return entry.seq, entry.mid, entry.kind, entry.author, entry.epoch, entry.cid, entry.h


@judges("I27")
def a_restore_is_a_prefix(case: Case) -> Iterator[Finding]:
    """A restore holds what stood before the backup, and nothing that was not there before the loss."""
    restored: dict[str, Log] = {log.conv: log for log in case.all(RestoredLog)}
    saved: dict[str, Log] = {log.conv: log for log in case.all(BackupLog)}
    lost: dict[str, Log] = {log.conv: log for log in case.all(LostLog)}
    if not restored:
        return
    if lost:
        yield from check_prefix(lost, restored, erased=case.erased)
    for conv, log in saved.items():
        if conv not in restored and conv not in case.erased:
            yield Finding(conv, "it was there before the backup and is not in the restore", "its log", (log.line,))
    yield from check_prefix(
        restored, {conv: log for conv, log in saved.items() if conv in restored}, erased=case.erased
    )


@judges("I27")
def storage_is_sound(case: Case) -> Iterator[Finding]:
    """Integrity checks pass, and a damaged file is refused instead of replaced."""
    for disk in case.all(Disk):
        if not disk.ok:
            yield Finding("", f"{disk.what} failed", "a sound database", (disk.line,))


@judges("I28")
def answers_cite_what_exists(case: Case) -> Iterator[Finding]:
    """The sources of an answer are articles of the one generation that it names."""
    known = {row.generation: (set(row.articles), row.line) for row in case.all(KbGeneration)}
    if not known:
        return
    for log in case.logs.values():
        for entry in log.entries:
            if not entry.sources or entry.author_kind != "bot":
                continue
            articles, line = known.get(entry.generation or "", (set(), 0))
            missing = sorted(set(entry.sources) - articles)
            if missing:
                seen = f"entry {entry.seq} cites {missing} of generation {entry.generation}"
                yield Finding(log.conv, seen, "articles of that generation", (line, log.line))
