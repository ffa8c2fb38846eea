"""A year of 2,000 conversations a day, written past the gateway: rows of every table that a list or a report reads."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pysqlite3 as sqlite3
import sqlalchemy as sa

from handoff_service import tables
from handoff_service.columns import EPOCH, Moment
from handoff_service.tickets.words import words_of
from tests.bench.setting import SEED
from tests.handoff_service.stage import MONDAY

YEAR = 730_000
PER_DAY = 2000
# So many are made here; the database makes the others of them, each time ten days older and under other names.
BASE = 10 * PER_DAY
ENTRIES = 4
AGENTS, QUEUES = 300, 40
OPEN = 600  # the last ones, two of five with agents
CHANNELS = ("web", "web", "web", "wechat", "telegram", "email")
WORDS = ("花瓶破损要求退款", "快递一直没有送到", "parcel is late and wet", "refund not received", "发票抬头写错了")
SIGNALS = ("unsure", "unhappy", "asked")
Rows = Iterator[tuple[str, Mapping[str, Any]]]


def rows(first: int, last: int, end: datetime, *, still_open: bool = False) -> Rows:
    """(table, row) of everything, oldest first, at PER_DAY a day until `end`."""
    draw = random.Random(SEED + first)
    for number in range(first, last):
        at = end - timedelta(days=1) * (last - number) / PER_DAY
        yield from _conversation(number, at, draw, still_open=still_open)
        if number % 7 == 0:
            yield from _ticket(number, at, draw, done=not still_open)
        if number % 4 == 0:
            yield from _beside(number, at, draw)


def _conversation(number: int, at: datetime, draw: random.Random, *, still_open: bool) -> Rows:
    contact, name, language = f"k_{number // 3}", f"c_{number:09}", "zh" if number % 2 else "en"
    queue, agent, handed = f"q_{draw.randrange(QUEUES)}", f"a_{draw.randrange(AGENTS)}", number % 3 == 0 or still_open
    if number % 3 == 0:
        yield "contacts", {"id": contact, "name": f"Customer {number}", "language": language, "created_at": at}
        yield (
            "contact_identities",
            {"channel": "web", "external_id": f"x-{number}", "contact": contact, "verified": True},
        )
    ended = at + timedelta(minutes=draw.randrange(3, 40))
    kind = ("agent", "agent", "queue", "mailbox", "bot")[number % 5] if still_open else "closed"
    channel = CHANNELS[number % len(CHANNELS)]
    owner = {"owner_kind": kind, "owner_agent": agent if kind == "agent" else None, "queue": queue}
    waits = {"rank": int(at.timestamp() * 1_000_000), "priority": number % 10} if kind == "queue" else {}
    yield (
        "conversations",
        {
            **{"id": name, "channel": f"{channel}" if not still_open else f"{channel}-{number}", "contact": contact},
            **owner,
            **waits,
            **{"language": language, "epoch": 4, "phase": 1, "last_seq": ENTRIES, "hold": False},
            **{"handoff": f"h_{number}" if handed else None, "opened_at": at, "updated_at": ended},
            **{
                "closed_at": None if still_open else ended,
                "deadline_at": at + timedelta(days=2) if still_open else None,
            },
            **{"preview": draw.choice(WORDS), "mood": draw.random()},
        },
    )
    for seq in range(1, ENTRIES + 1):
        yield from _entry(number, name, seq, at + timedelta(seconds=20 * seq), agent, draw)
    if handed:
        yield from _handoff(number, name, at, ended, queue, agent, kind, channel)


def _entry(number: int, name: str, seq: int, at: datetime, agent: str, draw: random.Random) -> Rows:
    author = ("customer", "bot", "customer", "agent")[(seq - 1) % 4]
    body: dict[str, Any] = {"text": draw.choice(WORDS)}
    if author == "bot" and number % 3 == 0:
        signal = {"signal": SIGNALS[number % 3], "rule": f"rule {number % 5}", "value": 0.6}
        body["analysis"] = {"signals": [signal], "intent": "refund", "confidence": 0.7}
    who = {"author_kind": author, "author_id": agent if author == "agent" else author, "author_name": ""}
    turn = f"t_{number}" if author == "bot" else None
    parts = {"kind": "message", "audience": "public", "body_hash": "-", "epoch": 4, "at": at, "turn": turn}
    yield "entries", {"conversation": name, "seq": seq, "mid": f"m_{number}_{seq}", **who, **parts, "body": body}


def _handoff(
    number: int, name: str, at: datetime, ended: datetime, queue: str, agent: str, kind: str, channel: str
) -> Rows:
    taken = None if kind in ("queue", "mailbox", "bot") else at + timedelta(minutes=1)
    over = None if kind != "closed" else ended
    yield (
        "handoffs",
        {
            **{"id": f"h_{number}", "conversation": name, "reason": "asked", "priority": number % 10, "queue": queue},
            **{"language": "zh", "evidence": {"turn": f"t_{number}"}, "rank": int(at.timestamp() * 1_000_000)},
            **{"requested_seq": 2, "requested_at": at, "queued_at": at, "accepted_at": taken},
            **{"accepted_by": agent if taken else None, "closed_at": over, "wrap_up": "solved" if over else None},
            **{"declined": [], "first_reply_at": taken},
        },
    )
    late = number % 17 == 0
    state = "running" if over is None else "missed" if late else "met"
    for clock in ("first_reply", "resolution"):
        yield (
            "sla_clocks",
            {
                **{"handoff": f"h_{number}", "kind": clock, "since_seq": 2, "conversation": name, "queue": queue},
                **{"channel": channel, "priority": number % 10, "started_at": at, "target_s": 600, "used_s": 60},
                **{"state": state, "due_at": at + timedelta(minutes=10), "ended_at": over},
                **{"breached_at": at + timedelta(minutes=10) if late else None},
            },
        )
    if number % 2 == 0:
        due = at + timedelta(days=1)
        moments = {"said_at": at, "due_at": due, "remind_at": at + timedelta(hours=18)}
        what = {"text": "24小时内回复", "deed": "answer", "by_kind": "agent", "by_id": agent, "queue": queue}
        state = "open" if number % 500 == 0 else "kept"
        place = {"id": f"p_{number}", "conversation": name, "seq": 4, "n": 0, "vague": False, "state": state}
        yield "promises", {**place, **what, **moments}


def _ticket(number: int, at: datetime, draw: random.Random, *, done: bool) -> Rows:
    name, subject = f"t_{number:026}", f"{draw.choice(WORDS)} LY2026{number:010}"
    visible, kind = f"T{at:%y%m%d}-{number:06}", ("order", "refund", "question", "complaint")[number % 4]
    state = "done" if done else ("filed", "in_progress", "waiting")[number % 3]
    owner = {
        "agent": f"a_{draw.randrange(AGENTS)}",
        "queue": f"q_{draw.randrange(QUEUES)}",
        "contact": f"k_{number // 3}",
    }
    words = {"subject": subject, "reply_to": "", "number": visible, "type": kind, "source": "bot"}
    moments = {"due_at": at + timedelta(hours=48), "created_at": at, "updated_at": at}
    head = {"id": name, "conversation": f"c_{number:09}", "state": state, "priority": draw.randrange(10), "tier": 1}
    yield "tickets", {**head, **words, **owner, **moments, "last_n": 1}
    event = {"kind": "opened", "actor": "bot", "audience": "internal", "body": {}, "at": at}
    yield "ticket_events", {"ticket": name, "n": 1, **event}
    for word in words_of(visible, subject):
        yield "ticket_words", {"word": word, "ticket": name}
    if kind == "complaint":
        answered = at + timedelta(hours=4) if done else None
        case = {"category": "product", "cause": "quality", "wanted": "refund", "evidence": [], "filed_at": at}
        yield "complaints", {"ticket": name, **case, "answered_at": answered}


def _beside(number: int, at: datetime, draw: random.Random) -> Rows:
    name = f"c_{number:09}"
    yield "conversation_tags", {"conversation": name, "tag": f"tag {number % 30}", "by": "a_1", "at": at}
    mention = {"agent": f"a_{number % AGENTS}", "asked_by": "a_1", "at": at, "answered_seq": 5, "seen_at": at}
    yield "mentions", {"conversation": name, "seq": 3, **mention}
    audit = {"at": at, "actor": "operator", "action": "sign_in", "subject": "a_1", "detail": {}, "previous_hash": "-"}
    yield "audit", {"n": number + 1, **audit, "hash": "-"}
    if number % 40 == 0:
        state = "open" if number % 4000 == 0 else "labelled"
        what = {"language": "zh", "reason": "fallback", "text": draw.choice(WORDS), "created_at": at, "at": at}
        yield "training_messages", {"id": f"tm_{number:09}", "conversation": name, "seq": 1, "state": state, **what}
    for part in range(8):  # they are kept for a week
        state = "dead" if number % 100 == 0 and part == 0 else "sent"
        ended = {"state": state, "attempts": 1, "ended_at": at, "next_at": at, "created_at": at}
        about = {"webhook": f"w_{part % 4}", "subject": name, "position": number * 8 + part, "event": "message.created"}
        yield "webhook_messages", {"id": f"msg_{number:09}_{part:02}", **about, **ended, "body": {"type": "x"}}


def _values(kinds: list[tuple[str, Any]], row: Mapping[str, Any], *, postgres: bool) -> tuple[Any, ...]:
    given = {"tenant": "demo", **row}
    return tuple(_stored(given.get(name), kind, postgres=postgres) for name, kind in kinds)


def _stored(value: Any, kind: Any, *, postgres: bool) -> Any:
    if kind is bool:
        return bool(value) if postgres else int(bool(value))
    if value is None:
        return None
    if kind is datetime:
        return (value - EPOCH) // timedelta(microseconds=1)
    return json.dumps(value) if kind is dict else value


def _kind(column: sa.Column[Any]) -> Any:
    if isinstance(column.type, Moment):
        return datetime
    return {sa.JSON: dict, sa.Boolean: bool}.get(type(column.type))


def _by_table(found: Rows, *, postgres: bool) -> dict[str, tuple[list[str], list[tuple[Any, ...]]]]:
    """By table its columns and rows."""
    made: dict[str, tuple[list[str], list[tuple[Any, ...]]]] = {}
    kinds: dict[str, list[tuple[str, Any]]] = {}
    for name, row in found:
        if name not in made:
            columns = [one for one in tables.metadata.tables[name].c if one.server_default is None or one.key in row]
            kinds[name] = [(one.key, _kind(one)) for one in columns]
            made[name] = [one.key for one in columns], []
        made[name][1].append(_values(kinds[name], row, postgres=postgres))
    return made


# What names a row or another one; a copy has names of its own.
NAMES = frozenset({"id", "conversation", "contact", "handoff", "mid", "external_id", "ticket", "number", "turn"})
NOT_COPIED = frozenset({"webhook_messages"})


def copying(name: str, columns: list[str], part: int) -> str:
    """The statement that makes the copies of ten days that many times earlier."""
    table, days = tables.metadata.tables[name], BASE // PER_DAY * part
    shift = int(timedelta(days=days) / timedelta(microseconds=1))
    cells = []
    for column in columns:
        kind = table.c[column].type
        if column in NAMES and isinstance(kind, sa.Text):
            cells.append(f"\"{column}\" || '-{part}'")
        elif isinstance(kind, Moment) or (name, column) == ("handoffs", "rank"):
            cells.append(f'"{column}" - {shift}')
        else:
            cells.append(f'"{column}" + {part * 10_000_000}' if (name, column) == ("audit", "n") else f'"{column}"')
    quoted = ", ".join(f'"{column}"' for column in columns)
    return f"INSERT INTO {name} ({quoted}) SELECT {', '.join(cells)} FROM base_{name}"


def _base(count: int, *, postgres: bool) -> dict[str, tuple[list[str], list[tuple[Any, ...]]]]:
    return _by_table(rows(0, min(count, BASE), MONDAY - timedelta(hours=1)), postgres=postgres)


def _going_on(*, postgres: bool) -> dict[str, tuple[list[str], list[tuple[Any, ...]]]]:
    return _by_table(rows(BASE, BASE + OPEN, MONDAY, still_open=True), postgres=postgres)


def write_sqlite(path: Path, count: int) -> None:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("PRAGMA cache_size=-400000")

    def put(made: Mapping[str, tuple[list[str], list[tuple[Any, ...]]]]) -> None:
        for name, (columns, found) in made.items():
            quoted, marks = ", ".join(f'"{column}"' for column in columns), ", ".join("?" * len(columns))
            connection.executemany(f"INSERT INTO {name} ({quoted}) VALUES ({marks})", found)

    base = _base(count, postgres=False)
    put(base)
    for name, (columns, _) in base.items():
        connection.execute(f"CREATE TEMP TABLE base_{name} AS SELECT * FROM {name}")
        for part in range(1, count // BASE) if name not in NOT_COPIED else ():
            connection.execute(copying(name, columns, part))
    put(_going_on(postgres=False))
    connection.commit()
    connection.close()


async def write_postgres(url: str, count: int) -> None:
    connection = await asyncpg.connect(url)

    async def put(made: Mapping[str, tuple[list[str], list[tuple[Any, ...]]]]) -> None:
        for name, (columns, found) in made.items():
            await connection.copy_records_to_table(name, records=found, columns=columns)

    base = _base(count, postgres=True)
    await put(base)
    for name, (columns, _) in base.items():
        await connection.execute(f"CREATE TEMP TABLE base_{name} AS SELECT * FROM {name}")
        for part in range(1, count // BASE) if name not in NOT_COPIED else ():
            await connection.execute(copying(name, columns, part))
    await put(_going_on(postgres=True))
    await connection.execute("ANALYZE")
    await connection.close()
