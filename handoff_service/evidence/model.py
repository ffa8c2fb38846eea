"""Named photos that an agent asks a customer for: what the request says, and which of its places a picture fills. Pure.

The request is a message with `photos` (names), each answer a message with its file and `photo` (the request's seq, and
which name). What is complete or missing follows from the timeline; a later picture for the same place replaces one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from handoff_service.conversations.model import Audience, AuthorKind, Entry
from handoff_service.errors import Invalid
from handoff_service.inputs import is_seq

MOST = 8
LONGEST = 80


def read_names(given: Any) -> list[str]:
    """The names of the photos that are wanted. Raises Invalid."""
    if not isinstance(given, list) or not 1 <= len(given) <= MOST or not all(isinstance(one, str) for one in given):
        raise Invalid(f"`photos` is a list of 1 to {MOST} names.")
    names = [" ".join(one.split()) for one in given]
    if any(not 1 <= len(one) <= LONGEST or not one.isprintable() for one in names) or len(set(names)) < len(names):
        raise Invalid(f"Each name in `photos` is another one, of 1 to {LONGEST} printable characters.")
    return names


def request_parts(body: Mapping[str, Any], audience: Audience, text: str) -> dict[str, Any]:
    """What a reply that asks for photos stores: their names, and the whole request as its text. Raises Invalid."""
    if body.get("photos") is None:
        return {}
    if audience is Audience.INTERNAL:
        raise Invalid("Only the customer can be asked for photos.")
    names = read_names(body["photos"])
    return {"photos": names, "text": listing(text, names)}


def listing(text: str, names: Sequence[str]) -> str:
    """The request in words, for channels and mails that show no card."""
    return "\n".join([text, *(f"{number}. {name}" for number, name in enumerate(names, start=1))])


def read_place(given: Any) -> tuple[int, int]:
    """(seq of the request, index of the name). Raises Invalid."""
    if not isinstance(given, dict) or set(given) != {"seq", "index"} or not all(map(is_seq, given.values())):
        raise Invalid("A photo has the numbers `seq` and `index`.")
    return given["seq"], given["index"]


def name_at(entry: Entry, index: int) -> str:
    """The name that was asked for there. Raises Invalid."""
    names = entry.body.get("photos", [])
    if entry.author.kind is not AuthorKind.AGENT or not 0 <= index < len(names):
        raise Invalid(f"Entry {entry.seq} asks for no photo {index}.")
    return str(names[index])
