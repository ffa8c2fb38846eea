"""What a client may say over its socket, one function per frame."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from starlette.websockets import WebSocket

from handoff_service import tracing
from handoff_service.agents import store as agents
from handoff_service.bell import Bell, conversation_topic, desk_topic, typing_topic
from handoff_service.calls.shown import calls_in, confirm
from handoff_service.clock import Clock
from handoff_service.conversations import cursors
from handoff_service.conversations.access import visible
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import Audience, Conversation, Entry, OwnerKind
from handoff_service.conversations.receive import receive
from handoff_service.conversations.reply import reply
from handoff_service.database import Database, Transaction
from handoff_service.errors import Invalid, TandemError
from handoff_service.failpoints import failpoint
from handoff_service.handoffs.choices import choose, read_choice
from handoff_service.inputs import is_name, is_seq
from handoff_service.limits import Limits
from handoff_service.live.principal import Principal
from handoff_service.live.unstored import Unstored
from handoff_service.settings import Settings
from handoff_service.video.commands import check_party
from handoff_service.video.signal import packed

if TYPE_CHECKING:
    from handoff_service.live.session import Session

Frame = dict[str, Any]

CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")


class Handlers:
    """Carries out frames; one instance serves all sessions."""

    def __init__(self, database: Database, bell: Bell, settings: Settings, clock: Clock, limits: Limits) -> None:
        self._database = database
        self._bell = bell
        self._settings = settings
        self._clock = clock
        self._limits = limits
        self._by_type: Mapping[str, Callable[[Session, Frame], Awaitable[None]]] = {
            "sub": self._sub,
            "unsub": self._unsub,
            "send": self._send,
            "ack": self._ack,
            "read": self._ack,
            "typing": self._typing,
            "signal": self._signal,
            "shown": self._shown,
            "choose": self._choose,
        }

    async def handle(self, session: Session, frame: Any) -> None:
        """Carries out one frame. Raises Invalid for an unknown one and whatever its verb raises."""
        if not isinstance(frame, dict):
            raise Invalid("A frame is a JSON object.")
        handler = self._by_type.get(str(frame.get("t")))
        if handler is None:
            raise Invalid(f"There is no frame {str(frame.get('t'))[:40]!r}.")
        await handler(session, frame)

    async def _sub(self, session: Session, frame: Frame) -> None:
        conversation, after = _name(frame), frame.get("after", 0)
        if not is_seq(after):
            raise Invalid("`after` is the seq of the last entry that you have, or 0.")
        if session.is_full(conversation):
            raise Invalid("This socket follows as many conversations as it may; unsub one first.")
        found = await self._database.read(lambda connection: visible(connection, session.principal, conversation))
        session.follow(conversation, cursor(after, found.last_seq))

    async def _unsub(self, session: Session, frame: Frame) -> None:
        session.unfollow(_name(frame))

    async def _send(self, session: Session, frame: Frame) -> None:
        unstored, client_id = session.unstored, str(frame.get("client_id"))
        if unstored is not None:
            unstored.take_turn(client_id)
        try:
            conversation, entry = await self.write_message(session.principal, frame.get("conv"), frame)
        except TandemError as error:
            if error.retryable:
                session.unstored = session.unstored or Unstored()
                session.unstored.refuse(client_id, error)
            else:
                session.settle(client_id)
            raise
        session.settle(client_id)
        session.say(
            {
                "t": "sent",
                "client_id": entry.client_id,
                "conv": conversation.id,
                "seq": entry.seq,
                "mid": entry.mid,
            }
        )
        session.echo(entry)
        failpoint("append_after_ack")

    async def write_message(
        self, principal: Principal, conversation: str | None, message: Mapping[str, Any]
    ) -> tuple[Conversation, Entry]:
        """Stores a message of a customer or an agent; the same for the `send` frame and for HTTP."""
        client_id, body = message.get("client_id"), message.get("body")
        if not isinstance(client_id, str) or not CLIENT_ID.fullmatch(client_id):
            raise Invalid("`client_id` is 8 to 64 letters, digits, - or _.")
        if not isinstance(body, dict):
            raise Invalid("`body` is an object.")
        if conversation is not None and not is_name(conversation):
            raise Invalid("`conv` names the conversation.")
        await self._limits.message(":".join((principal.tenant, *principal.key)))
        context = Context(self._settings, self._clock())
        if principal.customer is not None:
            language = message.get("language") or principal.customer.language
            if language not in ("zh", "en"):
                raise Invalid("`language` is zh or en.")
            sender = replace(principal.customer, language=language)
            named = None if conversation in (None, "current") else conversation
            with tracing.first_span("receive", tracing.origin(sender.tenant, sender.contact, client_id)):
                return await self._database.write(
                    lambda tx: receive(
                        tx, sender, client_id=client_id, body=body, context=context, conversation_id=named
                    )
                )
        who, epoch = principal.as_agent(), message.get("epoch")
        if conversation is None:
            raise Invalid("`conv` names the conversation.")
        if epoch is not None and not is_seq(epoch):
            raise Invalid("`epoch` is a number.")
        if message.get("audience", "public") not in ("public", "internal"):
            raise Invalid("`audience` is public or internal.")
        audience = Audience(message.get("audience", "public"))

        def write(tx: Transaction) -> tuple[Conversation, Entry]:
            agent = agents.enabled(tx.connection, who.tenant, who.id)  # a socket may be older than his dismissal
            return reply(
                tx, agent, conversation, client_id=client_id, body=body, epoch=epoch, audience=audience, context=context
            )

        return await self._database.write(write)

    async def _ack(self, session: Session, frame: Frame) -> None:
        conversation, seq = _name(frame), frame.get("seq")
        if not is_seq(seq):
            raise Invalid("`seq` is a number.")
        principal = session.principal
        read = seq if frame["t"] == "read" else 0

        def save(tx: Any) -> None:
            found = visible(tx.connection, principal, conversation)
            acked = min(seq, found.last_seq)
            more = cursors.save_cursor(
                tx.connection,
                principal.tenant,
                principal.key,
                session.device,
                conversation,
                acked=acked,
                read=min(read, acked),
            )
            if read and principal.agent is not None and found.owner.agent == principal.agent.id:
                tx.ring(conversation_topic(found.tenant, found.id))  # the customer is told that it was read
            if more and principal.customer is not None and found.owner.kind is OwnerKind.OFFER:
                tx.ring(desk_topic(found.tenant))  # whom it is offered to sees that a page is there

        await self._database.write(save)

    async def _choose(self, session: Session, frame: Frame) -> None:
        """A customer's choice, as over HTTP; `done` or `err` carries its op_id."""
        sender, conversation, verb = session.principal.customer, _name(frame), str(frame.get("verb"))
        if sender is None:
            raise Invalid("Only customers choose.")
        parts = {name: value for name, value in frame.items() if name not in ("t", "conv", "verb")}
        asked = read_choice(verb, parts)
        await self._limits.message(":".join((sender.tenant, *session.principal.key)))
        context = Context(self._settings, self._clock())
        done = await self._database.write(lambda tx: choose(tx, sender, conversation, verb, asked, context))
        session.say({"t": "done", "op_id": asked.op_id, "conv": conversation, "verb": verb, **done})

    async def _shown(self, session: Session, frame: Frame) -> None:
        agent, calls = session.principal.agent, calls_in(frame.get("calls"))
        if agent is None:
            raise Invalid("Only desks are shown calls.")
        context = Context(self._settings, self._clock())
        await self._database.write(lambda tx: confirm(tx, agent, calls, context))

    async def _typing(self, session: Session, frame: Frame) -> None:
        conversation = _name(frame)
        if session.is_following(conversation):
            kind, _ = session.principal.key
            name = session.principal.customer.name if session.principal.customer else session.principal.as_agent().name
            topic = typing_topic(session.principal.tenant, conversation)
            self._bell.tell(topic, {"session": session.id, "author": {"kind": kind, "name": name}})

    async def _signal(self, session: Session, frame: Frame) -> None:
        """Passes on what one browser says to the other; only the two who speak in this conversation may."""
        conversation, principal = _name(frame), session.principal
        detail = {"session": session.id, "call": str(frame.get("call"))[:64], "signal": packed(frame.get("data"))}
        if session.is_following(conversation):
            found = await self._database.read(lambda connection: visible(connection, principal, conversation))
            if principal.agent is not None:
                check_party(found, principal.agent)
            self._bell.tell(typing_topic(principal.tenant, conversation), detail)


async def receive_json(socket: WebSocket) -> Any:
    """The value of the next frame. Raises ValueError for what is no JSON text, WebSocketDisconnect at the end."""
    try:
        return json.loads(await socket.receive_text())
    except (KeyError, RecursionError) as error:  # a binary frame; nested deeper than anything we know
        raise ValueError("not JSON text") from error


def _name(frame: Frame) -> str:
    conversation = frame.get("conv")
    if not isinstance(conversation, str) or not is_name(conversation):
        raise Invalid("`conv` names the conversation.")
    return conversation


def cursor(after: int, last_seq: int) -> int:
    """Where to go on; a cursor from before a restore may be ahead of the log, then everything is sent again."""
    return after if 0 <= after <= last_seq else 0


def answering(frame: Any) -> Frame:
    """Tells the client which of its messages or choices is meant, if it has named one."""
    named = frame if isinstance(frame, dict) else {}
    return {name: named[name] for name in ("client_id", "op_id") if is_name(named.get(name))}
