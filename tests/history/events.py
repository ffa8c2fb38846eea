"""What a tester saw: the events of a history, written and read as JSON lines. FORMAT.md explains every field."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar, Self


class Unreadable(ValueError):
    """A line that is not an event of FORMAT.md."""


@dataclass(kw_only=True, slots=True)
class Happening:
    """Any event. `t`: monotonic seconds of the tester; `line`: its place in the history, from 1."""

    t: float
    line: int = 0
    F: ClassVar[str]


@dataclass(kw_only=True, slots=True)
class Operation(Happening):
    """Invoked once, then one of ok, fail (it did not happen) and info (nobody knows)."""

    k: str
    op: str


@dataclass(kw_only=True, slots=True)
class Send(Operation):
    F: ClassVar[str] = "send"
    conv: str | None = None
    author: str = ""
    device: str = ""
    n: int = 0
    cid: str = ""
    h: str = ""
    audience: str = "public"
    epoch: int | None = None
    seq: int = 0
    mid: str = ""
    code: str = ""


@dataclass(kw_only=True, slots=True)
class Change(Operation):
    F: ClassVar[str] = "change"
    opid: str = ""
    conv: str | None = None
    actor: str = ""
    verb: str = ""
    epoch: int | None = None
    to: str | None = None
    code: str = ""


@dataclass(kw_only=True, slots=True)
class Erase(Operation):
    F: ClassVar[str] = "erase"
    subject: str = ""
    convs: list[str] = field(default_factory=list)
    actor: str = ""
    action: str = ""


@dataclass(kw_only=True, slots=True)
class Admin(Operation):
    F: ClassVar[str] = "admin"
    actor: str = ""
    action: str = ""
    subject: str = ""
    tenant: str = ""


@dataclass(kw_only=True, slots=True)
class Resume(Happening):
    F: ClassVar[str] = "resume"
    session: str
    principal: str
    device: str
    conv: str
    after: int


@dataclass(kw_only=True, slots=True)
class Recv(Happening):
    F: ClassVar[str] = "recv"
    session: str
    conv: str
    seq: int
    vis: str
    mid: str | None = None
    h: str | None = None


@dataclass(kw_only=True, slots=True)
class Ack(Happening):
    F: ClassVar[str] = "ack"
    session: str
    conv: str
    seq: int
    read: int | None = None


@dataclass(kw_only=True, slots=True)
class CursorRow(Happening):
    F: ClassVar[str] = "cursor_row"
    principal: str
    device: str
    conv: str
    acked: int
    read: int = 0


@dataclass(kw_only=True, slots=True)
class Live(Happening):
    F: ClassVar[str] = "live"
    session: str
    conv: str


@dataclass(kw_only=True, slots=True)
class Saw(Happening):
    F: ClassVar[str] = "saw"
    principal: str
    tenant: str
    where: str
    conv: str | None = None
    audience: str = "public"


@dataclass(kw_only=True, slots=True)
class Hook(Happening):
    F: ClassVar[str] = "hook"
    chan: str
    pid: str
    sig: bool
    status: int
    h: str | None = None


@dataclass(kw_only=True, slots=True)
class InboxRow(Happening):
    F: ClassVar[str] = "inbox_row"
    chan: str
    pid: str
    conv: str | None = None
    seq: int | None = None


@dataclass(kw_only=True, slots=True)
class ChanRx(Happening):
    F: ClassVar[str] = "chan_rx"
    chan: str
    conv: str
    key: str
    dedups: bool = False
    uncertain: bool = False


@dataclass(kw_only=True, slots=True)
class DeliveryRow(Happening):
    F: ClassVar[str] = "delivery_row"
    conv: str
    seq: int
    state: str


@dataclass(kw_only=True, slots=True)
class TurnRow(Happening):
    F: ClassVar[str] = "turn_row"
    turn: str
    conv: str
    epoch: int
    state: str
    upto: int = 0


@dataclass(kw_only=True, slots=True)
class Canary(Happening):
    F: ClassVar[str] = "canary"
    subject: str
    where: str


@dataclass(kw_only=True, slots=True)
class AgentRow(Happening):
    F: ClassVar[str] = "agent"
    agent: str
    cap: int
    supervises: bool = False
    open: int | None = None
    queues: list[str] = field(default_factory=list)
    languages: list[str] = field(default_factory=list)
    online: bool = True
    away_s: float = 0.0


@dataclass(kw_only=True, slots=True)
class AuditRow(Happening):
    F: ClassVar[str] = "audit_row"
    tenant: str
    n: int
    actor: str
    action: str
    subject: str
    prev: str
    hash: str
    content: str = ""


@dataclass(kw_only=True, slots=True)
class KbGeneration(Happening):
    F: ClassVar[str] = "kb_generation"
    generation: str
    articles: list[str]


@dataclass(kw_only=True, slots=True)
class Fault(Happening):
    F: ClassVar[str] = "fault"
    k: str
    what: str = ""


@dataclass(kw_only=True, slots=True)
class Quiesce(Happening):
    F: ClassVar[str] = "quiesce"
    grace_s: float = 60.0
    pushing: list[str] = field(default_factory=list)


@dataclass(kw_only=True, slots=True)
class Gauge(Happening):
    F: ClassVar[str] = "gauge"
    name: str
    value: float
    limit: float
    inv: str = "I24"


@dataclass(kw_only=True, slots=True)
class Http(Happening):
    F: ClassVar[str] = "http"
    status: int
    path: str


@dataclass(kw_only=True, slots=True)
class Exit(Happening):
    F: ClassVar[str] = "exit"
    node: str
    code: int
    wanted: bool


@dataclass(kw_only=True, slots=True)
class Disk(Happening):
    F: ClassVar[str] = "disk"
    what: str
    ok: bool


@dataclass(kw_only=True, slots=True)
class Note(Happening):
    F: ClassVar[str] = "note"
    text: str = ""


@dataclass(kw_only=True, slots=True)
class Entry:
    """One entry of a log. `author` is a principal; `h` the digest of what it says; state entries name event and owner.

    `whisper`: only the agent it is for, its author and supervisors may read it; `kept_from`: the one who may not.
    `commit` is a number that grows with commit order over all conversations, if the tester could read one.
    """

    seq: int
    mid: str
    kind: str
    audience: str
    author: str
    epoch: int
    h: str = ""
    cid: str | None = None
    turn: str | None = None
    event: str | None = None
    source: str | None = None
    to: str | None = None
    agent: str | None = None
    queue: str | None = None
    priority: int | None = None
    whisper: str | None = None
    kept_from: str | None = None
    interim: bool = False
    erased: bool = False
    generation: str | None = None
    sources: list[str] = field(default_factory=list)
    commit: int | None = None

    @property
    def author_kind(self) -> str:
        return kind_of(self.author)


@dataclass(kw_only=True, slots=True)
class Log(Happening):
    """A conversation's log as the tester read it, with the cached head beside it."""

    F: ClassVar[str] = "final_log"
    conv: str
    entries: list[Entry]
    contact: str = ""
    channel: str = "web"
    language: str = ""
    owner: str | None = None
    agent: str | None = None
    epoch: int | None = None
    deadline_in_s: float | None = None


@dataclass(kw_only=True, slots=True)
class BackupLog(Log):
    """Read just before the backup began."""

    F: ClassVar[str] = "backup_log"


@dataclass(kw_only=True, slots=True)
class LostLog(Log):
    """Read last before the database was lost."""

    F: ClassVar[str] = "lost_log"


@dataclass(kw_only=True, slots=True)
class RestoredLog(Log):
    """Read just after the restore."""

    F: ClassVar[str] = "restored_log"


KINDS: dict[str, type[Happening]] = {
    kind.F: kind
    for kind in (
        *(Send, Change, Erase, Admin, Resume, Recv, Ack, CursorRow, Live, Saw, Hook, InboxRow, ChanRx, DeliveryRow),
        *(TurnRow, Canary, AgentRow, AuditRow, KbGeneration, Fault, Quiesce, Gauge, Http, Exit, Disk, Note),
        *(Log, BackupLog, LostLog, RestoredLog),
    )
}
_NAMES = {name: {one.name for one in fields(kind)} - {"line"} for name, kind in KINDS.items()}
_ASKED = {
    name: {one.name for one in fields(kind) if one.default is MISSING and one.default_factory is MISSING}
    for name, kind in KINDS.items()
}
# What the first line of an operation must say; its outcome repeats only `op`.
_INVOKED = {"send": {"author", "cid", "h"}, "change": {"verb", "actor"}, "erase": {"subject"}, "admin": {"action"}}
OUTCOMES = frozenset({"ok", "fail", "info"})


def kind_of(principal: str) -> str:
    """`customer`, `agent`, `bot` or `system` of "demo/customer:k_1"."""
    return principal.partition("/")[2].partition(":")[0]


def tenant_of(name: str) -> str:
    """`demo` of "demo/c_1" and of "demo/agent:a_1"."""
    return name.partition("/")[0]


def event(raw: Mapping[str, Any], line: int = 0) -> Happening:
    """One event from its JSON. Raises Unreadable for what FORMAT.md does not know."""
    name = str(raw.get("f"))
    kind = KINDS.get(name)
    if kind is None:
        raise Unreadable(f"line {line}: there is no event {name!r}")
    given = {key: value for key, value in raw.items() if key != "f"}
    missing, unknown = _ASKED[name] - given.keys(), given.keys() - _NAMES[name]
    if issubclass(kind, Operation):
        if given.get("k") not in {"invoke", *OUTCOMES}:
            raise Unreadable(f"line {line}: {name} with k={given.get('k')!r}")
        if given["k"] == "invoke":
            missing |= _INVOKED[name] - given.keys()
        given["op"] = str(given["op"])
    if missing or unknown:
        raise Unreadable(f"line {line}: {name} without {sorted(missing)}, with unknown {sorted(unknown)}")
    try:
        if issubclass(kind, Log):
            given["entries"] = [Entry(**one) for one in given["entries"]]
        return kind(line=line, **given)
    except TypeError as error:
        raise Unreadable(f"line {line}: {name}: {error}") from error


@dataclass(slots=True)
class History:
    """Events in the order of the tester's clock, and the JSON that they were read from."""

    events: list[Happening]
    raws: list[Mapping[str, Any]]

    @classmethod
    def of(cls, raws: Iterable[Mapping[str, Any]]) -> Self:
        """From the JSON of events; those of the same moment stay in the order given. Raises Unreadable."""
        ordered = sorted(raws, key=lambda raw: raw["t"])
        return cls([event(raw, number) for number, raw in enumerate(ordered, 1)], ordered)

    def text(self, line: int) -> str:
        """The JSON of one line, counted from 1."""
        return json.dumps(self.raws[line - 1], ensure_ascii=False)

    @classmethod
    def read(cls, *paths: Path) -> Self:
        """From files, each written by a tester on the same machine. Raises Unreadable."""
        return cls.of(raws_in(*paths))


def raws_in(*paths: Path) -> list[dict[str, Any]]:
    """The JSON of every line. A last line that its writer could not finish is left out. Raises Unreadable."""
    found = []
    for path in paths:
        lines = path.read_text(encoding="utf-8").split("\n")
        for number, line in enumerate(lines, 1):
            if not line:
                continue
            try:
                found.append(json.loads(line))
            except ValueError as error:
                if number < len(lines):
                    raise Unreadable(f"{path}:{number}: {error}") from error
    return found


class Recorder:
    """Writes events as they happen, one whole line each, from any thread; what is written survives the writer."""

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._file = path.open("a", encoding="utf-8", buffering=1)
        self._clock = clock
        self._lock = threading.Lock()
        self._ops = 0
        self._name = path.stem

    def write(self, f: str, **given: Any) -> None:
        """Adds an event at the present moment, or at `t`. Raises Unreadable instead of writing nonsense."""
        with self._lock:
            raw = {"t": self._clock(), "f": f, **given}
            event(raw)
            self._file.write(json.dumps(raw, ensure_ascii=False) + "\n")

    def invoke(self, f: str, **given: Any) -> str:
        """Writes that an operation begins; returns its name, with which `write` tells the outcome."""
        with self._lock:
            self._ops += 1
            op = f"{self._name}-{self._ops}"
        self.write(f, k="invoke", op=op, **given)
        return op

    def close(self) -> None:
        self._file.close()


def digest(*parts: Any) -> str:
    """16 hex digits that stand for what was said, so that a history holds no texts."""
    return hashlib.sha256(json.dumps(parts, ensure_ascii=True, sort_keys=True).encode()).hexdigest()[:16]


def text_digest(text: str) -> str:
    """`h` of a message with this text."""
    return digest("message", text)


def wire_digest(entry: Mapping[str, Any]) -> str | None:
    """`h` of an entry as the protocol shows it to an agent or a customer, the same for both; None when it is hidden."""
    kind, body = entry["kind"], entry.get("body", {})
    if kind == "hidden":
        return None
    if kind == "message":
        beside = _beside_the_text(body)
        return digest("message", body.get("text", ""), beside) if beside else text_digest(body.get("text", ""))
    if kind == "state":
        return digest("state", body["event"], body["to"]["kind"], body.get("text", ""))
    return digest(kind, body.get("of"), body.get("value"), body.get("score"), body.get("comment", ""))


def _beside_the_text(body: Mapping[str, Any]) -> dict[str, Any]:
    """The file, the buttons and the sources of a message, as far as agents and customers see the same of them."""
    sources = [[source["article"], source.get("language")] for source in body.get("sources") or ()]
    parts = {
        "file": (body.get("file") or {}).get("id"),
        "buttons": [button["title"] for button in body.get("buttons") or ()],
        "sources": sources,
    }
    return {name: value for name, value in parts.items() if value}


def wire_entry(tenant: str, entry: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """An entry of a log from what the protocol shows to an agent; `more`: what only the database knows."""
    author, body = entry["author"], entry.get("body", {})
    to: Mapping[str, Any] = (body.get("to") or {}) if entry["kind"] == "state" else {}
    agent = to.get("agent")
    raw = {
        "seq": entry["seq"],
        "mid": entry["mid"],
        "kind": entry["kind"],
        "audience": entry["audience"],
        "author": f"{tenant}/{author['kind']}:{author['id']}",
        "epoch": entry["epoch"],
        "h": wire_digest(entry) or "",
        "cid": entry.get("client_id"),
        "event": body.get("event") if to else None,
        "source": body.get("from") if to else None,
        "to": to.get("kind"),
        "agent": f"{tenant}/agent:{agent['id'] if isinstance(agent, Mapping) else agent}" if agent else None,
        "queue": to.get("queue"),
        "priority": body.get("priority") if to else None,
        "whisper": f"{tenant}/agent:{body['whisper']}" if body.get("whisper") else None,
        "kept_from": f"{tenant}/agent:{body['hidden_from']}" if body.get("hidden_from") else None,
        "interim": bool(body.get("interim")),
        "erased": bool(body.get("erased")),
        "sources": [str(source["article"]) for source in body.get("sources", [])],
        "generation": (body.get("analysis") or {}).get("generation"),
        **more,
    }
    return {key: value for key, value in raw.items() if value is not None and value is not False and value != []}


def by_kind(events: Sequence[Happening]) -> dict[str, int]:
    """How many events of each kind."""
    counted: dict[str, int] = {}
    for one in events:
        counted[one.F] = counted.get(one.F, 0) + 1
    return counted
