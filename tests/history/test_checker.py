"""The checker as a tool: reading and writing histories, its commands, shrinking, and what it says of losses."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.history import log_mutations
from tests.history.checker import judge_raw, losses
from tests.history.clean import clean_history
from tests.history.events import History, Recorder, Unreadable, raws_in, wire_digest, wire_entry
from tests.history.mutations import MUTATIONS, NotHere, Raw, Scene
from tests.history.shrink import shrink
from tests.history.timeline import lost_part

ROOT = Path(__file__).resolve().parents[2]


def planted(name: str) -> list[Raw]:
    """The first clean history that has a place for the fault, with it."""
    for seed in range(60):
        scene = Scene(json.dumps(clean_history(seed)), random.Random(seed))
        try:
            getattr(log_mutations, name)(scene)
        except NotHere:
            continue
        return scene.events
    raise AssertionError(f"no place for {name}")


def test_what_is_recorded_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "p1.jsonl"
    recorder = Recorder(path, clock=iter([1.0, 2.0, 3.0]).__next__)
    op = recorder.invoke("send", author="demo/customer:k_1", cid="c-1", h="x")
    recorder.write("send", k="ok", op=op, seq=2, mid="m_2", conv="demo/c_1")
    with pytest.raises(Unreadable, match="colour"):
        recorder.write("send", k="ok", op=op, colour="red")
    recorder.close()
    history = History.read(path)
    assert [one.t for one in history.events] == [1.0, 2.0]
    assert [raw["op"] for raw in raws_in(path)] == ["p1-1", "p1-1"]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ({"t": 1.0, "f": "unheard"}, "no event"),
        ({"t": 1.0, "f": "send", "k": "perhaps", "op": "1"}, "k='perhaps'"),
        ({"t": 1.0, "f": "send", "k": "invoke", "op": "1", "cid": "c"}, "author"),
        ({"t": 1.0, "f": "live", "session": "s"}, "conv"),
        ({"t": 1.0, "f": "final_log", "conv": "demo/c", "entries": [{"seq": 1}]}, "missing"),
    ],
)
def test_nonsense_is_refused(raw: Raw, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        History.of([raw])


def test_a_line_that_its_writer_could_not_finish_is_left_out_only_at_the_end(tmp_path: Path) -> None:
    whole, torn = '{"t": 1.0, "f": "note"}\n', '{"t": 2.0, "f": "no'
    path = tmp_path / "p.jsonl"
    path.write_text(whole + torn)
    assert len(raws_in(path)) == 1
    path.write_text(torn + "\n" + whole)
    with pytest.raises(Unreadable):
        raws_in(path)


def test_the_examples_of_the_format_are_a_clean_history(tmp_path: Path) -> None:
    text = (ROOT / "tests/history/FORMAT.md").read_text().split("```")[1]
    (tmp_path / "example.jsonl").write_text(text.strip())
    raws = raws_in(tmp_path / "example.jsonl")
    assert len(raws) == 12
    # Its live session lags behind on purpose of brevity; nothing else is wrong.
    assert {one.check for one in judge_raw(raws)} == {"live_sessions_have_everything"}


def test_both_sides_of_the_protocol_have_the_same_digest() -> None:
    """The agent's view knows more of an entry than the customer's; what is said is the same."""
    to = {"kind": "agent", "agent": {"id": "a_1", "name": "Lin"}, "queue": "support"}
    frame = {"seq": 3, "mid": "m_3", "kind": "state", "audience": "public", "epoch": 2}
    agent = {**frame, "author": {"kind": "agent", "id": "a_1"}, "body": {"event": "claim", "to": to, "text": "Hi"}}
    public = {"event": "claim", "to": {"kind": "agent", "agent": {"name": "Lin"}}, "text": "Hi"}
    assert wire_digest(agent) == wire_digest({**agent, "body": public})
    entry = wire_entry("demo", agent)
    assert (entry["to"], entry["agent"], entry["queue"]) == ("agent", "demo/agent:a_1", "support")
    assert wire_digest({"seq": 4, "kind": "hidden"}) is None


@pytest.mark.parametrize(
    "changed",
    [
        {"file": {"id": "f_2", "name": "a.png"}},
        {"buttons": [{"title": "No"}]},
        {"sources": [{"article": "delivery", "language": "en"}]},
    ],
)
def test_another_file_button_or_source_is_another_content(changed: Raw) -> None:
    """The same words with something else beside them: whoever was shown that was shown another entry."""
    beside = {
        "file": {"id": "f_1", "name": "a.png"},
        "buttons": [{"title": "Yes", "payload": "/yes"}],
        "sources": [{"article": "refund", "language": "en", "probability": 0.9}],
    }
    told = {"seq": 1, "mid": "m_1", "kind": "message", "audience": "public", "epoch": 1}
    told |= {"author": {"kind": "bot", "id": "bot"}, "body": {"text": "Is it this?", **beside}}
    log = {"t": 3.0, "f": "final_log", "conv": "demo/c_1", "entries": [wire_entry("demo", told)]}

    def judged(**body: Any) -> set[str]:
        seen = {"session": "s", "conv": "demo/c_1", "seq": 1, "vis": "public", "mid": "m_1"}
        shown = wire_digest({**told, "body": {**told["body"], **body}})
        return {one.check for one in judge_raw([{"t": 1.0, "f": "recv", **seen, "h": shown}, log])}

    customers = {"buttons": [{"title": "Yes"}], "sources": [{"article": "refund", "language": "en", "title": "R"}]}
    assert "received_is_in_the_log" not in judged(**customers)
    assert "received_is_in_the_log" in judged(**changed)


@pytest.mark.parametrize(
    ("lost", "part"),
    [
        (set(), "nothing"),
        ({1, 2}, "prefix"),
        ({5}, "suffix"),
        ({3}, "middle"),
        ({1, 5}, "middle"),
        ({1, 2, 3, 5}, "everything"),
    ],
)
def test_losses_are_told_by_their_place(lost: set[int], part: str) -> None:
    assert lost_part([1, 2, 3, 5], lost) == part


@pytest.mark.parametrize(
    "name", ["lost_suffix", "gap_on_a_session", "two_winners_of_a_claim", "bot_after_agent", "capacity_exceeded"]
)
def test_shrinking_leaves_only_what_shows_it(name: str) -> None:
    raws = planted(name)
    found = next(one for one in judge_raw(raws) if one.check == MUTATIONS[name][0])
    short = shrink(raws, found)
    assert len(short) <= 8 < len(raws)
    assert any(one.identity == found.identity for one in judge_raw(short))
    for place in range(len(short)):
        rest = short[:place] + short[place + 1 :]
        assert not any(one.identity == found.identity for one in judge_raw(rest)), "something can be left out"


def test_when_time_is_up_it_is_the_shortest_that_was_found_by_then() -> None:
    """The history of a soak takes longer than anybody waits; its first step leaves all other conversations out."""
    raws = planted("lost_suffix")
    found = next(one for one in judge_raw(raws) if one.check == MUTATIONS["lost_suffix"][0])
    hurried = shrink(raws, found, until=0.0)
    assert len(shrink(raws, found)) < len(hurried) < len(raws)
    assert {raw["conv"] for raw in hurried if raw.get("conv")} == {found.conv}
    assert any(one.identity == found.identity for one in judge_raw(hurried))


def test_the_commands(tmp_path: Path) -> None:
    clean, spoilt = tmp_path / "clean.jsonl", tmp_path / "spoilt.jsonl"
    clean.write_text("".join(json.dumps(raw) + "\n" for raw in clean_history(3)))
    spoilt.write_text("".join(json.dumps(raw) + "\n" for raw in planted("lost_suffix")))

    def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "tests.history", *map(str, words)]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    good, bad, short = run("check", clean), run("check", spoilt), run("shrink", spoilt, "--invariant", "I1")
    assert (good.returncode, good.stdout.splitlines()[-1]) == (0, "no violation")
    assert bad.returncode == 1
    assert "I1 " in bad.stdout
    assert "of what was acknowledged" in bad.stdout
    assert short.returncode == 1
    (tmp_path / "short.jsonl").write_text(short.stdout)
    assert run("check", tmp_path / "short.jsonl").returncode == 1
    assert run("check", tmp_path / "nowhere.jsonl").returncode == 2
    assert losses(History.read(spoilt))
