"""The keeper: a process beside the serving one that publishes an edit within two seconds.

It is a process and not a thread because indexing is work for the processor: in a thread it would hold up every
answer. It looks for changes a few times a second, publishes what has changed with the confidence that was fitted
before, and has that confidence fitted again by a third process of the lowest priority. Of several keepers on one
store one works and the others wait for its end.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import IO

import structlog

from kb_index.articles.stores import Refusal, Stores
from kb_index.articles.upkeep import open_tasks
from kb_index.errors import ArticlesRefused, DatabaseUnavailable, KnowledgeError, TextsRefused
from kb_index.index.build import Builder
from kb_index.index.changes import Changes, Token
from kb_index.learning.feedback import EXPIRE_EVERY_S, oldest_kept
from kb_index.learning.store import expire
from kb_index.settings import Settings

_log = structlog.get_logger()

LOCK = ".keeper-lock"
KIND, KINDEST = 2, 19
"""How much less pressing than an answer: publishing an edit, fitting the confidence again."""

PATIENCE_S = 30.0
"""After an error that is not the articles' fault, such as a full disk, before the next attempt."""

TASKS_AFTER_S = 60.0
"""Between an edit and the look at what it means for the owners' tasks: others may follow it."""

LISTENS_EVERY_S = 60.0
"""At most so often it is counted what people have judged: that reads all feedback."""

BORN_AGAIN_S = 5.0


class Keeper:
    """One keeper's work; `step` looks once and does what is due."""

    def __init__(self, settings: Settings, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._builder = Builder(settings, _tell)
        self._changes = Changes(settings)
        self._seen: Token | None = None
        self._recalibrated: float | None = None
        self._recalibrating: subprocess.Popen[bytes] | None = None
        self._listened: float | None = None
        self._not_before = 0.0
        self._look_again: float | None = None
        self._told: Mapping[str, Refusal] = {}
        self._upkeep = Upkeep(settings, clock)

    def step(self) -> str | None:
        """Publish what has changed and start a recalibration when one is due; the name of a new generation."""
        published = None
        if self._clock() >= self._not_before:
            token = self._changes.token()
            again = self._look_again is not None and self._clock() >= self._look_again
            if token != self._seen or again:
                began, self._seen = self._seen is None, token
                published = self._publish()
                self._tell_refused()
                if began and published is None:
                    self._builder.warm_up()
        self._upkeep.step(self._builder, published=published is not None)
        self._recalibrate()
        return published

    def _tell_refused(self) -> None:
        """Log what is refused, once, and look again by ourselves where that may be over without any edit."""
        refused = self._builder.refused
        for tenant, refusal in refused.items():
            if self._told.get(tenant) != refusal:
                _log.error("kb_index.edit_refused", tenant=tenant, why="; ".join(map(str, refusal.problems)))
        self._told = refused
        passing = any(refusal.passing for refusal in refused.values())
        self._look_again = self._clock() + PATIENCE_S if passing else None

    def _publish(self) -> str | None:
        try:
            report = self._builder.publish_edits()
        except ArticlesRefused:  # to be repaired; the next change is looked at again
            return None
        except TextsRefused as error:
            _log.error("kb_index.edit_refused", code=error.code, why=str(error))
            return None
        except (KnowledgeError, OSError) as error:
            _log.error("kb_index.edit_not_published", why=str(error), again_in_s=PATIENCE_S)
            self._not_before = self._clock() + PATIENCE_S
            self._seen = None
            return None
        if report is None or report.skipped:
            return None
        _log.info(
            "kb_index.edit_published",
            generation=report.generation,
            embedded=report.embedded,
            seconds=round(report.seconds, 2),
        )
        return report.generation

    def _recalibrate(self) -> None:
        """After edits, or when people judged enough; one at a time, and at most one in `recalibrate_minutes`."""
        running = self._recalibrating
        if running is not None:
            if running.poll() is None:
                return
            self._recalibrating = None
            self._recalibrated = self._clock()
            _log.info("kb_index.recalibrated", exit_code=running.returncode)
            self._builder.warm_up()
        pause = 60 * self._settings.recalibrate_minutes
        now = self._clock()
        waited = self._recalibrated is None or now - self._recalibrated >= pause
        look = waited and (self._listened is None or now - self._listened >= max(pause, LISTENS_EVERY_S))
        self._listened = now if look else self._listened
        if waited and self._builder.recalibration_due(taught=look):
            self._recalibrating = subprocess.Popen(
                [sys.executable, "-m", "kb_index", "build", "--if-changed"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
            os.setpriority(os.PRIO_PROCESS, self._recalibrating.pid, KINDEST)

    def close(self) -> None:
        """End a recalibration that runs; what it had not published is lost, nothing else."""
        if self._recalibrating is not None and self._recalibrating.poll() is None:
            self._recalibrating.terminate()
            self._recalibrating.wait()


class Upkeep:
    """Owners' tasks, looked at when a day begins, when what is refused changes, and a while after edits; and expiry."""

    def __init__(self, settings: Settings, clock: Callable[[], float]) -> None:
        self._settings = settings
        self._clock = clock
        self._stores = Stores.of(settings)
        self._done: tuple[date, Mapping[str, Refusal]] | None = None
        self._edited: float | None = None
        self._expired: float | None = None
        self._not_before = 0.0

    def step(self, builder: Builder, *, published: bool) -> None:
        """Open and close tasks when it is time."""
        now = self._clock()
        self._expire(now)
        if published and self._edited is None:
            self._edited = now
        rested = self._edited is not None and now - self._edited >= TASKS_AFTER_S
        wanted = (self._settings.today(), builder.refused)
        if now < self._not_before or (wanted == self._done and not rested):
            return
        try:
            opened = open_tasks(
                self._stores,
                day=wanted[0],
                now=datetime.now(UTC),
                refused=builder.refused,
                published=builder.last_good,
            )
        except DatabaseUnavailable as error:
            _log.error("kb_index.tasks_not_looked_at", why=str(error), again_in_s=PATIENCE_S)
            self._not_before = now + PATIENCE_S
            return
        self._done, self._edited = wanted, None
        _log.info("kb_index.tasks_looked_at", opened=opened)

    def _expire(self, now: float) -> None:
        """Feedback is kept for so many days, also where nobody gives any more."""
        if self._expired is not None and now - self._expired < EXPIRE_EVERY_S:
            return
        self._expired = now
        try:
            with self._stores.database.write() as connection:
                gone = expire(connection, oldest_kept(datetime.now(UTC), self._settings.feedback_days))
            _log.info("kb_index.feedback_expired", events=gone)
        except DatabaseUnavailable as error:
            _log.error("kb_index.feedback_not_expired", why=str(error))


def keep(settings: Settings, ended: threading.Event) -> None:
    """Work until `ended`; waits while another keeper holds the store."""
    settings.store.mkdir(parents=True, exist_ok=True)
    with (settings.store / LOCK).open("w") as lock:
        while not _held(lock):
            if ended.wait(1.0):
                return
        keeper = Keeper(settings)
        try:
            while not ended.is_set():
                keeper.step()
                ended.wait(settings.look_seconds)
        finally:
            keeper.close()


def _held(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _tell(step: str) -> None:
    _log.debug("kb_index.keeper", step=step)


class KeeperProcess:
    """Runs `python -m kb_index keep` beside the serving process, again when it dies, until the block ends.

    The child reads a pipe whose other end is ours: it ends with us, however we end.
    """

    def __init__(self, command: tuple[str, ...] = ("-m", "kb_index", "keep")) -> None:
        self._command = [sys.executable, *command]
        self._ended = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._watch, name="keeper", daemon=True)

    def __enter__(self) -> KeeperProcess:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        child = self._child
        if child is not None and child.stdin is not None:
            child.stdin.close()
        self._thread.join(timeout=10)
        if child is not None and child.poll() is None:
            child.kill()

    def _watch(self) -> None:
        while not self._ended.is_set():
            self._child = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
            if self._ended.is_set() and self._child.stdin is not None:  # ended while it was being born
                self._child.stdin.close()
            code = self._child.wait()
            if self._child.stdin is not None:
                self._child.stdin.close()
            if not self._ended.is_set():
                _log.error("kb_index.keeper_died", exit_code=code, again_in_s=BORN_AGAIN_S)
                self._ended.wait(BORN_AGAIN_S)


def keep_until_orphaned(settings: Settings) -> int:
    """The command `keep`: work until standard input ends."""
    os.nice(KIND)
    ended = threading.Event()

    def wait_for_the_end() -> None:
        sys.stdin.buffer.read()
        ended.set()

    threading.Thread(target=wait_for_the_end, daemon=True).start()
    keep(settings, ended)
    return 0
