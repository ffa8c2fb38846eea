"""What each side may see of an entry. Whatever is not named here does not reach a customer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handoff_service.clock import iso
from handoff_service.conversations.model import Audience, AuthorKind, Entry, Kind, OwnerKind

# Parts of a message body that a customer sees as they are.
_SHOWN = ("name", "picture")  # of an agent
_FILE_PARTS = ("file", "photos", "photo", "upload")
_OPEN_PARTS = ("text", "kind", "interim", "pressed", "article", "call", *_FILE_PARTS, "erased", "mention")


def for_agent(entry: Entry, names: Mapping[str, str]) -> dict[str, Any]:
    """The whole entry; `names` are those of agents by id."""
    body = dict(entry.body)
    if entry.kind is Kind.STATE:
        body["to"] = _owner(body["to"], names)
    if "buttons" in body:
        body["buttons"] = _titles(body)
    return {**_frame(entry), "client_id": entry.client_id, "epoch": entry.epoch, "body": body}


def for_customer(entry: Entry, names: Mapping[str, str], contact: str) -> dict[str, Any]:
    """A public entry without what is only for agents; an internal one is a place-holder that keeps `seq` dense."""
    if entry.audience is not Audience.PUBLIC:
        return withheld(entry)
    own = entry.author.id == contact
    frame = _frame(entry)
    if entry.author.kind is AuthorKind.AGENT:
        frame["author"]["id"] = "agent"  # a name is for customers, an id for colleagues
    return {
        **frame,
        "client_id": entry.client_id if own else None,
        "epoch": entry.epoch,
        "body": _public_body(entry, names),
    }


def withheld(entry: Entry) -> dict[str, Any]:
    """The place of an entry that is for others."""
    return {"seq": entry.seq, "kind": Kind.HIDDEN}


def owner_for_customer(owner: Mapping[str, Any]) -> dict[str, Any]:
    """An owner with the agent's name only, and without the one who is merely asked."""
    # An offer is between the queue and the agent; to the customer he waits either way.
    hidden = owner["agent"] is None or owner["kind"] == OwnerKind.OFFER
    return {**owner, "agent": None if hidden else {key: owner["agent"][key] for key in _SHOWN if key in owner["agent"]}}


def _frame(entry: Entry) -> dict[str, Any]:
    return {
        "seq": entry.seq,
        "mid": entry.mid,
        "kind": entry.kind,
        "audience": entry.audience,
        "author": {"kind": entry.author.kind, "id": entry.author.id, "name": entry.author.name},
        "at": iso(entry.at),
    }


def _public_body(entry: Entry, names: Mapping[str, str]) -> dict[str, Any]:
    body = entry.body
    if entry.kind is Kind.STATE:
        to = owner_for_customer(_owner(body["to"], names))
        public: dict[str, Any] = {"event": body["event"], "to": {"kind": to["kind"], "agent": to["agent"]}}
        return public | {part: body[part] for part in ("text", "erased") if body.get(part)}
    if entry.kind is not Kind.MESSAGE:
        return dict(body)
    public = {part: body[part] for part in _OPEN_PARTS if part in body}
    if "buttons" in body:
        public["buttons"] = _titles(body)
    if "sources" in body:
        public["sources"] = [
            {key: source.get(key) for key in ("article", "language", "title")} for source in body["sources"]
        ]
    return public


def _titles(body: Mapping[str, Any]) -> list[dict[str, str]]:
    return [{"title": button["title"]} for button in body["buttons"]]


def _owner(raw: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    agent = raw.get("agent")
    return {
        "kind": raw["kind"],
        "agent": {"id": agent, "name": names.get(agent, "")} if agent else None,
        "queue": raw.get("queue"),
    }
