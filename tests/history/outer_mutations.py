"""Faults of what stands around the logs: channels, turns, privacy, audit, storage, processes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from tests.history.mutations import NotHere, Raw, Scene, renumber, seen_by


def _copy(raw: Raw, **changes: Any) -> Raw:
    return {**{key: value for key, value in raw.items() if key not in ("t", "f")}, **changes}


# I15, I16: channels


@seen_by("effects_happen_once")
def double_effect(scene: Scene) -> None:
    one = scene.pick([raw for raw in scene.all("chan_rx") if not raw.get("uncertain")])
    scene.add("chan_rx", one, **_copy(one))


@seen_by("effects_happen_once")
def repeat_to_a_channel_that_recognises_repeats(scene: Scene) -> None:
    one = scene.one("chan_rx", dedups=True)
    scene.add("chan_rx", one, **_copy(one, uncertain=True))


@seen_by("effects_arrive_in_order")
def delivered_out_of_order(scene: Scene) -> None:
    arrived = sorted(scene.all("chan_rx", conv=scene.one("chan_rx")["conv"]), key=lambda raw: raw["t"])
    first = {raw["key"]: raw for raw in reversed(arrived)}
    last: list[Raw] = sorted(first.values(), key=lambda raw: raw["t"])[-2:]
    if len(last) < 2 or not any(log["conv"] == last[0]["conv"] for log in scene.logs()):
        raise NotHere
    keys = {last[0]["key"]: last[1]["key"], last[1]["key"]: last[0]["key"]}
    for raw in arrived:
        raw["key"] = keys.get(raw["key"], raw["key"])


def _delivered(scene: Scene) -> tuple[Raw, Raw]:
    arrived = {raw["key"] for raw in scene.all("chan_rx")}
    return scene.entry(lambda one: one["mid"] in arrived)


@seen_by("nothing_stays_undelivered")
def never_delivered(scene: Scene) -> None:
    _, entry = _delivered(scene)
    scene.remove(*scene.all("chan_rx", key=entry["mid"]))


@seen_by("deliveries_end")
def delivery_that_hangs(scene: Scene) -> None:
    scene.one("delivery_row")["state"] = "leased"


@seen_by("deliveries_end")
def told_as_sent_and_not_sent(scene: Scene) -> None:
    _, entry = _delivered(scene)
    scene.remove(*scene.all("chan_rx", key=entry["mid"]))


@seen_by("inbox_holds_an_event_once")
def event_taken_twice(scene: Scene) -> None:
    scene.add("inbox_row", **_copy(scene.one("inbox_row")))


@seen_by("inbox_holds_an_event_once")
def event_forgotten_after_200(scene: Scene) -> None:
    scene.remove(scene.one("inbox_row"))


@seen_by("inbox_holds_an_event_once")
def event_that_never_came(scene: Scene) -> None:
    scene.add("inbox_row", chan="demo/ch_1", pid="e_never")


@seen_by("inbox_holds_an_event_once")
def forged_event_in_the_inbox(scene: Scene) -> None:
    scene.add("inbox_row", chan="demo/ch_1", pid=scene.one("hook", sig=False)["pid"])


@seen_by("events_become_one_entry")
def event_became_two_entries(scene: Scene) -> None:
    log, entry = scene.entry(lambda one: str(one.get("cid")).startswith("api:"))
    scene.append(log, entry["author"], cid="api:other", h=entry["h"])


@seen_by("events_become_one_entry")
def event_became_no_entry(scene: Scene) -> None:
    log, entry = scene.entry(lambda one: str(one.get("cid")).startswith("api:"))
    log["entries"].remove(entry)
    renumber(log)
    for raw in scene.all("erase"):  # with an erasure its absence might be right
        scene.remove(raw)


@seen_by("forged_events_are_refused")
def forged_event_taken(scene: Scene) -> None:
    scene.one("hook", sig=False)["status"] = 200


@seen_by("forged_events_are_refused")
def forged_event_in_a_log(scene: Scene) -> None:
    log = scene.pick([one for one in scene.logs() if one["channel"] == "api"])
    scene.append(log, log["contact"], cid="api:forged", h=scene.one("hook", sig=False)["h"])


# I23, I24, I26: turns, rest, robustness


@seen_by("turns_end_once")
def turn_ended_twice(scene: Scene) -> None:
    row = scene.one("turn_row", state="suppressed")
    scene.add("turn_row", **_copy(row, state="posted"))


@seen_by("turns_end_once")
def turn_without_an_end(scene: Scene) -> None:
    scene.add("turn_row", **_copy(scene.one("turn_row"), turn="t_hangs", state="running"))


@seen_by("turns_end_once")
def turn_in_an_unknown_state(scene: Scene) -> None:
    scene.one("turn_row")["state"] = "half"


def _answered(scene: Scene) -> Raw:
    """The row of a turn whose answer is in a log."""
    _, entry = scene.entry(lambda one: one.get("turn"))
    return scene.one("turn_row", turn=entry["turn"])


@seen_by("turns_speak_in_their_epoch")
def late_turn_posted(scene: Scene) -> None:
    _answered(scene)["epoch"] -= 1


@seen_by("turns_speak_in_their_epoch")
def suppressed_and_yet_said(scene: Scene) -> None:
    _answered(scene)["state"] = "suppressed"


@seen_by("a_message_is_answered_by_one_turn")
def answered_twice(scene: Scene) -> None:
    row = scene.one("turn_row", state="posted")
    scene.add("turn_row", row, **_copy(row, turn="t_twin"))


@seen_by("a_message_is_answered_by_one_turn")
def answered_twice_beside_one_queue(scene: Scene) -> None:
    _, entry = scene.entry(lambda one: one.get("interim"))
    row = scene.one("turn_row", turn=entry["turn"])
    scene.add("turn_row", row, **_copy(row, turn="t_twin"))


@seen_by("retries_succeed_after_healing")
def never_answered_again(scene: Scene) -> None:
    healed = scene.one("fault", k="heal")
    asked = {"author": "demo/customer:k_1", "cid": "cid_stuck", "h": "stuck"}
    scene.add("send", healed, k="invoke", op="op_stuck_1", **asked)
    scene.add("send", scene.all("send", op="op_stuck_1")[0], k="info", op="op_stuck_1")
    scene.add("send", scene.all("send", op="op_stuck_1")[1], k="invoke", op="op_stuck_2", **asked)


@seen_by("ages_return_below_their_limits")
def queue_that_grows(scene: Scene) -> None:
    scene.add("gauge", name="outbox age", value=60, limit=5)


@seen_by("nothing_breaks")
def internal_error(scene: Scene) -> None:
    scene.one("http")["status"] = 500


@seen_by("nothing_breaks")
def process_that_died(scene: Scene) -> None:
    scene.add("exit", node="gateway", code=1, wanted=False)


@seen_by("nothing_breaks")
def memory_that_grows(scene: Scene) -> None:
    scene.one("gauge", inv="I26")["value"] = 1000


# I17-I20: privacy and audit


@seen_by("tenants_stay_apart")
def shown_to_another_tenant(scene: Scene) -> None:
    resumed = scene.one("resume", session=scene.pick(scene.recvs())["session"])
    for raw in scene.all("resume", session=resumed["session"]):
        raw["principal"] = "rival/agent:a_1"


@seen_by("tenants_stay_apart")
def search_hit_of_another_tenant(scene: Scene) -> None:
    scene.one("saw", where="search")["tenant"] = "other"


@seen_by("tenants_stay_apart")
def entry_of_another_tenant(scene: Scene) -> None:
    _, entry = scene.entry(lambda one: one["kind"] == "message")
    entry["author"] = "rival" + entry["author"][entry["author"].index("/") :]


@seen_by("customers_see_their_own")
def shown_to_another_customer(scene: Scene) -> None:
    kept = {log["conv"] for log in scene.logs()}
    shown = scene.pick(scene.recvs(lambda one, who: ":k_" in who and one["conv"] in kept))
    for raw in scene.all("resume", session=shown["session"]):
        raw["principal"] = raw["principal"].partition("/")[0] + "/customer:k_curious"


@seen_by("customers_see_their_own")
def listed_for_another_customer(scene: Scene) -> None:
    kept = {log["conv"]: log["contact"] for log in scene.logs()}
    saw = scene.pick([one for one in scene.all("saw", where="list") if one["conv"] in kept])
    saw["principal"] = saw["principal"].partition("/")[0] + "/customer:k_curious"


@seen_by("notes_stay_inside")
def note_shown_to_the_customer(scene: Scene) -> None:
    notes = {(log["conv"], e["seq"]): e for log in scene.logs() for e in log["entries"] if e["audience"] == "internal"}
    shown = scene.pick(scene.recvs(lambda one, who: ":k_" in who and (one["conv"], one["seq"]) in notes))
    note = notes[shown["conv"], shown["seq"]]
    shown |= {"vis": "public", "mid": note["mid"], "h": note["h"]}


@seen_by("notes_stay_inside")
def note_behind_its_place_holder(scene: Scene) -> None:
    scene.pick(scene.recvs(lambda one, who: ":k_" in who and one["vis"] == "hidden"))["h"] = "its content"


@seen_by("notes_stay_inside")
def note_sent_over_the_channel(scene: Scene) -> None:
    log, entry = scene.entry(lambda one: one["audience"] == "internal")
    scene.add("chan_rx", chan="demo/ch_1", conv=log["conv"], key=entry["mid"])


@seen_by("notes_stay_inside")
def note_in_an_export(scene: Scene) -> None:
    saw = scene.one("saw", where="list")
    saw |= {"where": "export", "audience": "internal"}


def _hidden_from_an_agent(scene: Scene, matches: Callable[[Raw], Any]) -> tuple[Raw, Raw]:
    """(recv, entry) where an agent was shown a place-holder of a matching entry."""
    entries = {(log["conv"], one["seq"]): one for log in scene.logs() for one in log["entries"] if matches(one)}
    shown = scene.recvs(
        lambda one, who: ":a_" in who and one["vis"] == "hidden" and (one["conv"], one["seq"]) in entries
    )
    recv: Raw = scene.pick(shown)
    return recv, entries[recv["conv"], recv["seq"]]


@seen_by("agents_see_what_is_for_them")
def whisper_shown_to_another_agent(scene: Scene) -> None:
    recv, entry = _hidden_from_an_agent(scene, lambda one: one.get("whisper"))
    recv |= {"vis": "internal", "mid": entry["mid"], "h": entry["h"]}


@seen_by("agents_see_what_is_for_them")
def complaint_shown_to_whom_it_is_about(scene: Scene) -> None:
    recv, entry = _hidden_from_an_agent(scene, lambda one: one.get("kept_from"))
    recv |= {"vis": entry["audience"], "mid": entry["mid"], "h": entry["h"]}


@seen_by("agents_see_what_is_for_them")
def note_hidden_from_a_colleague(scene: Scene) -> None:
    noted = {
        (log["conv"], one["seq"])
        for log in scene.logs()
        for one in log["entries"]
        if one["audience"] == "internal" and not one.get("whisper")
    }
    recv = scene.pick(scene.recvs(lambda one, who: ":a_" in who and (one["conv"], one["seq"]) in noted))
    recv["vis"] = "hidden"
    del recv["mid"], recv["h"]


def _audit(scene: Scene) -> list[Raw]:
    rows = sorted(scene.all("audit_row", tenant="demo"), key=lambda raw: raw["n"])
    if len(rows) < 3:
        raise NotHere
    return rows


@seen_by("the_audit_is_a_chain")
def audit_row_deleted(scene: Scene) -> None:
    rows = _audit(scene)
    scene.remove(rows[scene.chance.randrange(len(rows) - 1)])


@seen_by("the_audit_is_a_chain")
def audit_row_deleted_and_renumbered(scene: Scene) -> None:
    rows = _audit(scene)
    gone = 1 + scene.chance.randrange(len(rows) - 2)
    scene.remove(rows[gone])
    for row in rows[gone + 1 :]:
        row["n"] -= 1


@seen_by("the_audit_is_a_chain")
def audit_row_edited(scene: Scene) -> None:
    row = scene.pick(_audit(scene))
    row["content"] = row["content"].replace("|demo/", "|demo/x")


@seen_by("the_audit_is_a_chain")
def audit_row_edited_and_hashed_anew(scene: Scene) -> None:
    row = scene.pick(_audit(scene)[:-1])
    row["content"] += " or not"
    row["hash"] = hashlib.sha256(row["content"].encode()).hexdigest()


@seen_by("the_audit_is_complete")
def last_audit_row_deleted(scene: Scene) -> None:
    scene.remove(_audit(scene)[-1])


@seen_by("the_audit_is_complete")
def act_without_an_audit_row(scene: Scene) -> None:
    scene.add("admin", k="invoke", op="op_quiet", action="export", subject="demo/all", tenant="demo")
    scene.add("admin", k="ok", op="op_quiet")


@seen_by("erased_is_gone")
def canary_after_the_erasure(scene: Scene) -> None:
    scene.add("canary", subject=scene.one("erase", k="invoke")["subject"], where="backup/demo.db")


@seen_by("erased_is_gone")
def content_after_the_erasure(scene: Scene) -> None:
    subject = scene.one("erase", k="invoke")["subject"]
    sent = scene.one("send", k="invoke", author=subject)
    log = scene.pick(scene.logs())
    scene.append(log, subject, cid=sent["cid"], h=sent["h"])


@seen_by("erased_is_gone")
def shown_after_the_erasure(scene: Scene) -> None:
    subject = scene.one("erase", k="invoke")["subject"]
    sent = scene.one("send", k="invoke", author=subject)
    conv = scene.pick(scene.logs())["conv"]
    scene.add("resume", session="s_after", principal="demo/agent:a_lin", device="d_after", conv=conv, after=0)
    scene.add("recv", session="s_after", conv=conv, seq=1, vis="public", mid="m_1", h=sent["h"])


# I27, I28: storage and knowledge


def _restored(scene: Scene) -> list[Raw]:
    """Restored logs of which nothing was ever erased."""
    erased = {conv for raw in scene.all("erase", k="invoke") for conv in raw["convs"]}
    return [log for log in scene.all("restored_log") if log["conv"] not in erased]


@seen_by("a_restore_is_a_prefix")
def restored_another_entry(scene: Scene) -> None:
    log = scene.pick([one for one in _restored(scene) if one["entries"]])
    log["entries"][-1]["mid"] = "m_other"


@seen_by("a_restore_is_a_prefix")
def restored_with_a_hole(scene: Scene) -> None:
    log = scene.pick([one for one in _restored(scene) if len(one["entries"]) > 1])
    del log["entries"][0]


@seen_by("a_restore_is_a_prefix")
def restored_more_than_there_was(scene: Scene) -> None:
    log = scene.pick(_restored(scene))
    for lost in scene.all("lost_log", conv=log["conv"]):
        lost["entries"] = log["entries"][:-1]
    if not log["entries"]:
        raise NotHere


@seen_by("a_restore_is_a_prefix")
def restored_less_than_was_saved(scene: Scene) -> None:
    kept = {log["conv"] for log in _restored(scene)}
    saved = scene.pick([one for one in scene.all("backup_log") if one["entries"] and one["conv"] in kept])
    for log in scene.all("restored_log", conv=saved["conv"]):
        log["entries"] = saved["entries"][:-1]


@seen_by("a_restore_is_a_prefix")
def conversation_missing_in_the_restore(scene: Scene) -> None:
    scene.remove(scene.pick(_restored(scene)))


@seen_by("storage_is_sound")
def damaged_database(scene: Scene) -> None:
    scene.one("disk")["ok"] = False


@seen_by("answers_cite_what_exists")
def source_of_another_generation(scene: Scene) -> None:
    _, entry = scene.entry(lambda one: one.get("sources"))
    entry["sources"] = ["deleted"]


@seen_by("answers_cite_what_exists")
def generation_that_never_was(scene: Scene) -> None:
    _, entry = scene.entry(lambda one: one.get("sources"))
    entry["generation"] = "g0"
