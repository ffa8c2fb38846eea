"""Faults of logs, sessions and owners."""

from __future__ import annotations

import itertools
from typing import Any

from tests.history.mutations import NotHere, Raw, Scene, renumber, seen_by, swap


def _public_by(kind: str) -> Any:
    return lambda one: one["kind"] == "message" and one["audience"] == "public" and f"/{kind}:" in one["author"]


# I1-I4, I8, I9: the log


def _told(scene: Scene, least: int = 1) -> tuple[Raw, list[Raw]]:
    """A log with at least so many acknowledged messages, and these."""
    logs = [log for log in scene.logs() if len(scene.acknowledged(log["conv"])) >= least]
    log: Raw = scene.pick(logs)
    return log, scene.acknowledged(log["conv"])


@seen_by("acknowledged_is_in_the_log")
def lost_suffix(scene: Scene) -> None:
    log, told = _told(scene)
    del log["entries"][told[-1]["seq"] - 1 :]


@seen_by("acknowledged_is_in_the_log")
def lost_prefix(scene: Scene) -> None:
    log, told = _told(scene, 2)
    log["entries"] = [one for one in log["entries"] if one is not told[0]]
    renumber(log)


@seen_by("acknowledged_is_in_the_log")
def lost_middle(scene: Scene) -> None:
    log, told = _told(scene, 3)
    log["entries"] = [one for one in log["entries"] if one is not told[len(told) // 2]]
    renumber(log)


@seen_by("acknowledged_is_in_the_log")
def lost_log(scene: Scene) -> None:
    scene.remove(_told(scene)[0])


@seen_by("acknowledged_is_in_the_log")
def acknowledged_under_another_mid(scene: Scene) -> None:
    _, told = _told(scene)
    scene.pick(scene.all("send", k="ok", mid=told[0]["mid"]))["mid"] = "m_other"


@seen_by("acknowledged_is_in_the_log")
def stored_with_another_content(scene: Scene) -> None:
    _, told = _told(scene)
    told[-1]["h"] = "cut off"


@seen_by("entries_were_sent")
def phantom(scene: Scene) -> None:
    log = scene.pick(scene.logs())
    scene.append(log, log["contact"], cid="cid_never")


@seen_by("entries_were_sent")
def phantom_without_a_client_id(scene: Scene) -> None:
    log = scene.pick(scene.logs())
    scene.append(log, log["contact"])


@seen_by("entries_were_sent")
def refused_and_yet_there(scene: Scene) -> None:
    _, told = _told(scene)
    for invoke, outcome in scene.attempts(told[0]["cid"]):
        if outcome is None:
            scene.add("send", invoke, k="fail", op=invoke["op"])
        else:
            for key in ("seq", "mid", "conv"):
                outcome.pop(key, None)
            outcome["k"] = "fail"


@seen_by("client_ids_are_unique")
def written_twice(scene: Scene) -> None:
    log, told = _told(scene)
    scene.append(log, told[0]["author"], cid=told[0]["cid"], h=told[0]["h"])


@seen_by("client_ids_are_unique")
def written_into_two_conversations(scene: Scene) -> None:
    log, told = _told(scene)
    other = scene.pick([one for one in scene.logs() if one is not log])
    scene.append(other, told[0]["author"], cid=told[0]["cid"], h=told[0]["h"])


@seen_by("mids_are_unique")
def one_mid_for_two(scene: Scene) -> None:
    log = scene.pick([one for one in scene.logs() if len(one["entries"]) > 1])
    log["entries"][1]["mid"] = log["entries"][0]["mid"]


@seen_by("seqs_are_dense")
def gap_in_the_log(scene: Scene) -> None:
    log = scene.pick([one for one in scene.logs() if len(one["entries"]) > 2])
    del log["entries"][scene.chance.randrange(len(log["entries"]) - 1)]


@seen_by("seqs_are_dense")
def seq_given_twice(scene: Scene) -> None:
    log = scene.pick([one for one in scene.logs() if len(one["entries"]) > 2])
    log["entries"][-1]["seq"] -= 1


@seen_by("later_requests_come_later")
def overtaken(scene: Scene) -> None:
    """Two messages change places, of which the second was sent after the first was acknowledged."""
    for log in scene.logs():
        told = scene.acknowledged(log["conv"])
        for first, second in itertools.pairwise(told):
            ok = min(raw["t"] for raw in scene.all("send", k="ok", mid=first["mid"]))
            invoked = min(invoke["t"] for invoke, _ in scene.attempts(second["cid"]))
            if ok < invoked:
                told_first = [raw for raw in scene.all("send", k="ok") if raw["mid"] == first["mid"]]
                told_second = [raw for raw in scene.all("send", k="ok") if raw["mid"] == second["mid"]]
                swap(first, second)
                for raw in told_first:
                    raw["seq"] = second["seq"]
                for raw in told_second:
                    raw["seq"] = first["seq"]
                return
    raise NotHere


@seen_by("later_requests_come_later")
def older_than_what_was_seen(scene: Scene) -> None:
    """A session had seen the entry behind it before the message was sent."""
    log, told = _told(scene)
    entry = scene.pick([one for one in told if one["seq"] < len(log["entries"])])
    first = min((invoke for invoke, _ in scene.attempts(entry["cid"])), key=lambda raw: raw["t"])
    begun = scene.add("resume", session="s_early", principal=log["contact"], device="d", conv=log["conv"], after=0)
    shown = scene.add("recv", session="s_early", conv=log["conv"], seq=entry["seq"] + 1, vis="hidden")
    begun["t"], shown["t"] = first["t"] - 0.2, first["t"] - 0.1


@seen_by("devices_keep_their_order")
def device_out_of_order(scene: Scene) -> None:
    for log in scene.logs():
        for first in scene.acknowledged(log["conv"]):
            for second in scene.acknowledged(log["conv"]):
                one, two = scene.attempts(first["cid"])[0][0], scene.attempts(second["cid"])[0][0]
                if one.get("device") and one.get("device") == two.get("device") and one["n"] < two["n"]:
                    swap(first, second)
                    return
    raise NotHere


# I5-I7, I22: sessions


@seen_by("received_is_in_the_log")
def shown_another_entry(scene: Scene) -> None:
    scene.pick(scene.recvs(lambda one, _: one.get("mid") and _kept(scene, one)))["mid"] = "m_other"


@seen_by("received_is_in_the_log")
def shown_another_content(scene: Scene) -> None:
    scene.pick(scene.recvs(lambda one, _: one.get("h") and _kept(scene, one)))["h"] = "other"


@seen_by("received_is_in_the_log")
def shown_what_was_rolled_back(scene: Scene) -> None:
    live = scene.pick([one for one in scene.all("live") if _kept(scene, one)])
    log = next(log for log in scene.logs() if log["conv"] == live["conv"])
    seq = len(log["entries"]) + 1
    scene.add("recv", session=live["session"], conv=live["conv"], seq=seq, vis="public", mid="m_gone", h="x")


@seen_by("received_is_in_the_log")
def hidden_without_need(scene: Scene) -> None:
    one = scene.pick(scene.recvs(lambda one, _: one["vis"] == "public" and _kept(scene, one)))
    one["vis"] = "hidden"
    one.pop("mid", None)
    one.pop("h", None)


def _kept(scene: Scene, one: Raw) -> bool:
    return any(log["conv"] == one["conv"] for log in scene.logs())


def _rows_of_a_session(scene: Scene) -> list[Raw]:
    """Three or more entries that one session got one after the other."""
    session = scene.pick([raw["session"] for raw in scene.all("resume")])
    happened = [raw for raw in scene.events if raw.get("session") == session and raw["f"] in ("recv", "resume")]
    happened.sort(key=lambda raw: raw["t"])
    for place in range(len(happened) - 2):
        row = happened[place : place + 3]
        if all(raw["f"] == "recv" for raw in row):
            return row
    raise NotHere


@seen_by("sessions_see_every_seq_in_order")
def gap_on_a_session(scene: Scene) -> None:
    scene.remove(_rows_of_a_session(scene)[1])


@seen_by("sessions_see_every_seq_in_order")
def repeat_on_a_session(scene: Scene) -> None:
    row = _rows_of_a_session(scene)
    scene.events.append({**row[0], "t": row[1]["t"] + 1e-7})


@seen_by("sessions_see_every_seq_in_order")
def swapped_on_a_session(scene: Scene) -> None:
    row = _rows_of_a_session(scene)
    row[0]["t"], row[1]["t"] = row[1]["t"], row[0]["t"]


@seen_by("live_sessions_have_everything")
def forgotten_session(scene: Scene) -> None:
    live = scene.pick([one for one in scene.all("live") if _kept(scene, one)])
    shown = scene.all("recv", session=live["session"], conv=live["conv"])
    scene.remove(max(shown, key=lambda raw: raw["t"], default=None) or scene.pick([]))


@seen_by("devices_resume_from_what_they_saw")
def resumes_from_nowhere(scene: Scene) -> None:
    scene.one("resume")["after"] += 100


@seen_by("cursors_go_forward")
def cursor_backwards(scene: Scene) -> None:
    row = scene.pick([one for one in scene.all("cursor_row") if one["acked"] > 0])
    scene.add("cursor_row", **{**{k: v for k, v in row.items() if k not in "tf"}, "acked": row["acked"] - 1})


@seen_by("cursors_go_forward")
def read_mark_backwards(scene: Scene) -> None:
    row = scene.pick([one for one in scene.all("cursor_row") if one["read"] > 0])
    scene.add("cursor_row", **{**{k: v for k, v in row.items() if k not in "tf"}, "read": row["read"] - 1})


@seen_by("cursors_stay_behind_what_was_received")
def cursor_beyond_what_was_sent(scene: Scene) -> None:
    scene.one("cursor_row")["acked"] += 1000


# I10-I14, I21, I25: owners


def _state(scene: Scene, **has: Any) -> tuple[Raw, Raw]:
    return scene.entry(lambda one: one["kind"] == "state" and all(one.get(key) == has[key] for key in has))


@seen_by("epochs_count_up")
def epoch_left_out(scene: Scene) -> None:
    log, entry = _state(scene)
    for one in log["entries"]:
        if one["seq"] >= entry["seq"]:
            one["epoch"] += 1


@seen_by("epochs_count_up")
def epoch_used_twice(scene: Scene) -> None:
    _, entry = scene.entry(lambda one: one["kind"] == "state" and one["epoch"] > 1)
    entry["epoch"] -= 1


def _told_change(scene: Scene, *verbs: str) -> tuple[Raw, Raw]:
    """(invoke, ok) of a change that succeeded."""
    told = {raw["op"]: raw for raw in scene.all("change", k="ok")}
    kept = {log["conv"] for log in scene.logs()}
    asked = [raw for raw in scene.all("change", k="invoke") if raw["op"] in told and raw["verb"] in verbs]
    invoke = scene.pick([raw for raw in asked if raw["conv"] in kept])
    return invoke, told[invoke["op"]]


@seen_by("an_epoch_has_one_winner")
def two_winners_of_a_claim(scene: Scene) -> None:
    invoke, told = _told_change(scene, "accept", "take_over")
    asked = {key: invoke[key] for key in ("conv", "verb")}
    scene.add("change", invoke, k="invoke", op="op_second", opid="second", actor="demo/agent:a_other", **asked)
    scene.add("change", told, k="ok", op="op_second", epoch=told["epoch"])


@seen_by("an_epoch_has_one_winner")
def released_twice(scene: Scene) -> None:
    invoke, told = _told_change(scene, "transfer", "give_back", "close", "decline")
    asked = {key: invoke[key] for key in ("conv", "verb", "actor")}
    scene.add("change", invoke, k="invoke", op="op_second", opid="second", **asked)
    scene.add("change", told, k="ok", op="op_second", epoch=told["epoch"])


@seen_by("told_changes_are_in_the_log")
def claim_that_was_lost(scene: Scene) -> None:
    _told_change(scene, "accept", "take_over")[1]["epoch"] += 50


@seen_by("told_changes_are_in_the_log")
def claim_that_another_got(scene: Scene) -> None:
    invoke, _ = _told_change(scene, "accept", "take_over")
    invoke["actor"] = "demo/agent:a_other"


@seen_by("told_changes_are_in_the_log")
def released_under_a_stale_epoch(scene: Scene) -> None:
    told = _told_change(scene, "transfer", "give_back", "close")
    told[0]["epoch"] -= 1


@seen_by("the_bot_speaks_as_owner")
def bot_after_agent(scene: Scene) -> None:
    _, entry = scene.entry(_public_by("agent"))
    entry |= {"author": "demo/bot:bot", "cid": "t_late-0"}


@seen_by("the_bot_speaks_as_owner")
def bot_after_the_goodbye(scene: Scene) -> None:
    log = scene.pick([one for one in scene.logs() if one["owner"] == "closed"])
    scene.append(log, "demo/bot:bot")


@seen_by("the_bot_speaks_as_owner")
def bot_beside_the_queue_as_if_alone(scene: Scene) -> None:
    _, entry = scene.entry(lambda one: one.get("interim"))
    del entry["interim"]


@seen_by("agents_speak_as_owner")
def agent_without_owning(scene: Scene) -> None:
    log = scene.pick([one for one in scene.logs() if one["owner"] in ("bot", "closed", "mailbox")])
    scene.append(log, "demo/agent:a_lin", cid="cid_stray")


@seen_by("agents_speak_as_owner")
def agent_in_a_colleagues_conversation(scene: Scene) -> None:
    _, entry = scene.entry(_public_by("agent"))
    entry["author"] = "demo/agent:a_other"


@seen_by("agents_speak_as_owner")
def agent_with_stale_epoch(scene: Scene) -> None:
    _, entry = scene.entry(_public_by("agent"))
    for invoke, _ in scene.attempts(entry["cid"]):
        invoke["epoch"] -= 1


@seen_by("entries_carry_the_present_epoch")
def written_under_another_epoch(scene: Scene) -> None:
    _, entry = scene.entry(lambda one: one["kind"] == "message")
    entry["epoch"] -= 1


@seen_by("only_the_owner_lets_go")
def closed_by_a_stranger(scene: Scene) -> None:
    events = ("transfer", "give_back", "close", "decline")
    _, entry = scene.entry(lambda one: one.get("event") in events and "/agent:" in one["author"])
    entry["author"] = "demo/agent:a_other"


@seen_by("moves_are_legal")
def illegal_move(scene: Scene) -> None:
    _, entry = scene.entry(lambda one: one["kind"] == "state" and one["event"] != "opened")
    entry["event"] = "opened"


@seen_by("moves_are_legal")
def missing_state(scene: Scene) -> None:
    """A move that was never written: the next one starts from somewhere else."""
    log, entry = scene.entry(lambda one: one["kind"] == "state", log=lambda one: one["epoch"] > 2)
    if entry["epoch"] == log["epoch"] or (entry["event"], entry["to"]) == ("transfer", "agent"):
        raise NotHere
    log["entries"].remove(entry)
    for one in log["entries"]:
        if one["seq"] > entry["seq"]:
            one["epoch"] -= 1
    renumber(log)


@seen_by("moves_are_legal")
def came_from_elsewhere(scene: Scene) -> None:
    _, entry = scene.entry(lambda one: one.get("source"))
    entry["source"] = "closed" if entry["source"] != "closed" else "bot"


@seen_by("moves_are_legal")
def agent_without_a_name(scene: Scene) -> None:
    _, entry = scene.entry(lambda one: one.get("to") in ("agent", "offer"))
    del entry["agent"]


@seen_by("moves_are_legal")
def queue_without_a_name(scene: Scene) -> None:
    _, entry = _state(scene, to="queue")
    del entry["queue"]


@seen_by("the_head_is_the_replay")
def row_with_another_owner(scene: Scene) -> None:
    log = scene.pick(scene.logs())
    log["owner"] = "mailbox" if log["owner"] != "mailbox" else "bot"


@seen_by("the_head_is_the_replay")
def row_with_another_epoch(scene: Scene) -> None:
    scene.pick(scene.logs())["epoch"] += 1


def _moved(scene: Scene, log: Raw, event: str, to: str, **target: str) -> None:
    entry = scene.append(log, "demo/system:system", kind="state", event=event, to=to, **target)
    entry["epoch"] += 1
    log |= {"owner": to, "epoch": entry["epoch"], "agent": target.get("agent")}


def _held(scene: Scene) -> Raw:
    log: Raw = scene.pick([one for one in scene.logs() if one["owner"] == "agent"])
    return log


@seen_by("nobody_is_forgotten")
def offer_that_nobody_ended(scene: Scene) -> None:
    log = _held(scene)
    agent = log["agent"]
    _moved(scene, log, "agent_lost", "queue", queue="support")
    _moved(scene, log, "offer", "offer", queue="support", agent=agent)
    log["deadline_in_s"] = -100.0


@seen_by("nobody_is_forgotten")
def orphan_of_a_lost_agent(scene: Scene) -> None:
    agent = _held(scene)["agent"]
    max(scene.all("agent", agent=agent), key=lambda raw: raw["t"])["away_s"] = 500.0


@seen_by("nobody_is_forgotten")
def orphan_in_queue(scene: Scene) -> None:
    log = _held(scene)
    desk = max(scene.all("agent", agent=log["agent"]), key=lambda raw: raw["t"])
    _moved(scene, log, "agent_lost", "queue", queue="support")
    desk |= {"away_s": 0.0, "open": desk["open"] - 1}


@seen_by("nobody_is_forgotten")
def unanswered_by_the_bot(scene: Scene) -> None:
    log = scene.pick([one for one in scene.logs() if one["owner"] == "bot" and one["channel"] == "web"])
    entry = scene.append(log, log["contact"], cid="cid_last")
    asked = {"author": log["contact"], "cid": "cid_last", "h": entry["h"], "conv": log["conv"]}
    scene.add("send", k="invoke", op="op_last", **asked)
    scene.add("send", k="ok", op="op_last", seq=entry["seq"], mid=entry["mid"])


@seen_by("nobody_is_forgotten")
def conversation_of_nobody(scene: Scene) -> None:
    log = scene.pick(scene.logs())
    log["entries"] = [one for one in log["entries"] if one["kind"] != "state"]


@seen_by("nobody_has_more_than_his_capacity")
def capacity_exceeded(scene: Scene) -> None:
    agent = _held(scene)["agent"]
    held = [log for log in scene.logs() if log.get("agent") == agent]
    for row in scene.all("agent", agent=agent):
        row["cap"] = len(held) - 1


@seen_by("open_is_what_an_agent_owns")
def capacity_that_leaks(scene: Scene) -> None:
    scene.pick([row for row in scene.all("agent") if "open" in row])["open"] += 1


def _waiting(scene: Scene, name: str, places: list[float]) -> Raw:
    """A conversation of a tenant of its own that is opened, waits and is offered at these moments.

    Messages before and behind each move show when it was made to a tester who reads no commit numbers.
    """
    numbered = any("commit" in entry for log in scene.all("final_log") for entry in log["entries"])
    conv, contact, entries = f"fair/{name}", f"fair/customer:k_{name}", []
    moves: list[Raw] = [
        {"event": "opened", "to": "bot"},
        {"event": "asked", "source": "bot", "to": "queue", "queue": "support", "priority": 3},
        {"event": "offer", "source": "queue", "to": "offer", "queue": "support", "agent": "fair/agent:a_1"},
    ]
    for epoch, (move, t) in enumerate(zip(moves, places, strict=True), 1):
        for number, shift in enumerate((-0.3, 0.0, 0.3)):
            moment = max(t + shift, t if epoch == 1 else 0.0)
            cid = f"{name}_{epoch}_{number}"
            entry: Raw = {"seq": len(entries) + 1, "mid": f"m_{cid}", "audience": "public", "epoch": epoch}
            if number == 1:
                entry |= {"kind": "state", "author": "fair/system:system", **move}
            elif epoch > 1 or number == 2:
                entry |= {"kind": "message", "author": contact, "cid": cid, "h": cid, "epoch": epoch - (number == 0)}
                scene.add("send", k="invoke", op=cid, author=contact, cid=cid, h=cid, conv=conv)["t"] = moment
                told = scene.add("send", k="ok", op=cid, seq=entry["seq"], mid=entry["mid"])
                told["t"] = moment + 0.1
            else:
                continue
            if numbered:
                entry["commit"] = int(1e6 + 100 * moment)
            entries.append(entry)
    return scene.add("final_log", conv=conv, contact=contact, language="en", entries=entries)


@seen_by("queues_are_fair")
def passed_over(scene: Scene) -> None:
    scene.add("agent", agent="fair/agent:a_1", cap=3, queues=["support"], languages=["en", "zh"])
    _waiting(scene, "first", [1.0, 2.0, 9.0])
    _waiting(scene, "second", [3.0, 4.0, 6.0])


@seen_by("a_contact_has_one_open_conversation")
def two_open_conversations(scene: Scene) -> None:
    opened = [log for log in scene.logs() if log["owner"] != "closed" and log["channel"] == "web"]
    log = scene.pick(opened)
    other = scene.pick([one for one in opened if one["conv"][:4] == log["conv"][:4] and one is not log])
    other["contact"] = log["contact"]
