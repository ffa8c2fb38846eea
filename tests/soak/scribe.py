"""Writes what the clients of the soak see into a history (tests/history/FORMAT.md)."""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING, Any

from tests.history.events import Recorder, text_digest, wire_digest

if TYPE_CHECKING:
    from tests.soak.wire import Answered, Draft, Frame, Line, Traffic

TENANT = "demo"


def named(name: str, tenant: str = TENANT) -> str:
    """A name with its tenant, as histories have it."""
    return f"{tenant}/{name}"


class Scribe:
    """One for all clients of a tenant. It remembers who met which conversation, and what was refused how often.

    Clients call what they meet by the name of their own tenant; whose it is, the database says at the end.
    """

    def __init__(self, recorder: Recorder, traffic: Traffic, tenant: str = TENANT) -> None:
        self.recorder = recorder
        self.traffic = traffic
        self.tenant = tenant
        self.conversations: set[str] = set()
        self.counts: collections.Counter[str] = collections.Counter()
        self.shown: set[tuple[str, str, str]] = set()  # to which principal, where, which conversation
        self._numbers: dict[str, int] = {}

    def beside(self, tenant: str) -> Scribe:
        """One for the clients of another tenant, who write into the same history and count together with these."""
        other = Scribe(self.recorder, self.traffic, tenant)
        other.counts, other._numbers = self.counts, self._numbers
        return other

    def named(self, name: str) -> str:
        return named(name, self.tenant)

    def saw(self, principal: str, where: str, conversation: str) -> None:
        """A conversation was shown to somebody."""
        self.shown.add((principal, where, conversation))

    def _met(self, conversation: str) -> str:
        self.conversations.add(conversation)
        return self.named(conversation)

    # -- messages

    def send(self, line: Line, draft: Draft) -> str:
        """A message goes out; the name of the attempt."""
        number = self._numbers.setdefault(draft.client_id, len(self._numbers) + 1)
        more = {key: draft.more[key] for key in ("epoch", "audience") if key in draft.more}
        if draft.conversation is not None and "epoch" in draft.more:  # a customer's goes to whichever is open then
            more["conv"] = self._met(draft.conversation)
        self.counts["sends"] += 1
        return self.recorder.invoke(
            "send", author=line.author, device=line.device, n=number, cid=draft.client_id, h=text_digest(draft.text),
            **more,
        )  # fmt: skip

    def sent(self, op: str, conversation: str, seq: int, mid: str) -> None:
        self.counts["sent"] += 1
        self.recorder.write("send", k="ok", op=op, conv=self._met(conversation), seq=seq, mid=mid)

    def not_sent(self, op: str, outcome: str, code: str) -> None:
        self.counts[f"send {outcome} {code}"] += 1
        more = {"code": code} if outcome == "fail" else {}
        self.recorder.write("send", k=outcome, op=op, **more)

    # -- sockets

    def resumed(self, session: str, line: Line, conversation: str, after: int) -> None:
        self.recorder.write(
            "resume", session=session, principal=line.author, device=line.device, conv=self._met(conversation),
            after=after,
        )  # fmt: skip

    def received(self, session: str, conversation: str, entry: Frame) -> None:
        self.counts["received"] += 1
        seen: dict[str, Any] = {"vis": "hidden"}
        if entry["kind"] != "hidden":
            seen = {"vis": entry["audience"], "mid": entry["mid"], "h": wire_digest(entry)}
        self.recorder.write("recv", session=session, conv=self._met(conversation), seq=entry["seq"], **seen)

    def acknowledged(self, session: str, conversation: str, seq: int) -> None:
        self.recorder.write("ack", session=session, conv=self.named(conversation), seq=seq)

    def live(self, line: Line) -> None:
        """The socket is still open, and this is what it follows."""
        if line.session is not None:
            for conversation in line.cursors:
                self.recorder.write("live", session=line.session, conv=self.named(conversation))

    # -- commands

    def change(self, verb: str, actor: str, op_id: str, conversation: str | None, epoch: int | None) -> str:
        self.counts["changes"] += 1
        more: dict[str, Any] = {"epoch": epoch} if epoch is not None else {}
        if conversation is not None:
            more["conv"] = self._met(conversation)
        return self.recorder.invoke("change", verb=verb, actor=actor, opid=op_id, **more)

    def changed(self, op: str, answered: Answered) -> None:
        if answered.outcome == "ok":
            body = answered.body
            more = {"to": body["owner"]} if body.get("owner") else {}
            if body.get("conversation"):
                more["conv"] = self._met(body["conversation"])
            self.recorder.write("change", k="ok", op=op, epoch=body["epoch"], **more)
            self.counts["changed"] += 1
            return
        code = str((answered.body.get("error") or {}).get("code", answered.status))
        self.counts[f"change {answered.outcome} {code}"] += 1
        self.recorder.write(
            "change", k=answered.outcome, op=op, **({"code": code} if answered.outcome == "fail" else {})
        )

    # -- everything else

    def fault(self, k: str, what: str = "") -> None:
        self.recorder.write("fault", k=k, what=what)

    def note(self, text: str) -> None:
        self.recorder.write("note", text=text)
