"""Everything that people do to a conversation, each so that it can be repeated with the same ids after a crash."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx2
from websockets.exceptions import ConnectionClosed, InvalidMessage

from tests.handoff_service.channels.fake_platform import FakePlatform
from tests.handoff_service.web.conftest import House
from tests.handoff_service.web.visitors import Customer, Desk, Gone, accepted, fresh

WITHIN_S = 15.0


@dataclass
class Scene:
    """A customer, two agents with open desks, and what the operation needs to remember between attempts."""

    customer: Customer
    lin: Desk
    maya: Desk
    house: House
    key: str = field(default_factory=fresh)
    epoch: int = 0
    handoff: str = ""
    seq: int = 0
    until: str | None = None
    file: str = ""
    subject: str = ""  # the ticket or the promise that it is about
    other: str = ""  # a second ticket, or a second person
    third: Desk = field(init=False, repr=False)  # an agent of this scene alone
    platform: FakePlatform = field(init=False, repr=False)

    @property
    def conversation(self) -> str:
        return self.customer.conversation

    async def events(self) -> list[str]:
        """The owner changes so far."""
        entries = await self.lin.timeline(self.conversation)
        return [entry["body"]["event"] for entry in entries if entry["kind"] == "state"]

    async def texts(self, kind: str) -> list[str]:
        """What authors of a kind have said, in order."""
        entries = await self.lin.timeline(self.conversation)
        said = [entry for entry in entries if entry["kind"] == "message" and entry["author"]["kind"] == kind]
        return [entry["body"]["text"] for entry in said]

    async def becomes(self, reached: Callable[[], Awaitable[bool]]) -> None:
        """Waits for what the gateway does by itself."""
        until = time.monotonic() + WITHIN_S
        while not await reached():
            assert time.monotonic() < until, f"it did not happen: {await self.lin.timeline(self.conversation)}"
            await asyncio.sleep(0.02)


Step = Callable[[Scene], Awaitable[Any]]


@dataclass(frozen=True)
class Operation:
    """`prepare` once, `act` until it gets through, `check` that it took effect exactly once."""

    name: str
    prepare: Step
    act: Step
    check: Step


async def nothing(_: Scene) -> None:
    pass


async def greeted(scene: Scene) -> None:
    await scene.customer.write("hello")
    scene.seq = (await scene.customer.answered(within=WITHIN_S))["seq"]


async def waiting(scene: Scene) -> None:
    await greeted(scene)
    await scene.customer.ask_human()
    scene.handoff = (await scene.lin.look(scene.conversation))["card"]["handoff"]["id"]


async def served(scene: Scene) -> None:
    await waiting(scene)
    scene.epoch = accepted(await scene.lin.accept(scene.handoff))["epoch"]


async def offered(scene: Scene) -> None:
    """Maya is offered what Lin passed on to the queue that pushes."""
    await served(scene)
    moved = await scene.lin.do(scene.conversation, "transfer", epoch=scene.epoch, to_queue="senior")
    accepted(moved)

    async def reached() -> bool:
        return (await scene.events())[-1] == "offer"

    await scene.becomes(reached)


async def closed(scene: Scene) -> None:
    await served(scene)
    await scene.lin.reply(scene.conversation, "done", scene.epoch)
    accepted(await scene.lin.do(scene.conversation, "close", epoch=scene.epoch, wrap_up="solved"))


def customer_command(verb: str, **body: Any) -> Step:
    async def act(scene: Scene) -> None:
        filled = {name: getattr(scene, value[1:]) if str(value)[:1] == "$" else value for name, value in body.items()}
        accepted(await scene.customer.post(scene.customer.path(verb), {"op_id": scene.key, **filled}))

    return act


def agent_command(verb: str, **body: Any) -> Step:
    async def act(scene: Scene) -> None:
        command = {"op_id": scene.key, "epoch": scene.epoch, **body}
        accepted(await scene.lin.post(f"/v1/conversations/{scene.conversation}/{verb}", command))

    return act


async def writes(scene: Scene) -> None:
    await scene.customer.write("a question", client_id=scene.key)
    await scene.customer.answered(within=WITHIN_S)


async def writes_on_socket(scene: Scene) -> None:
    socket = await scene.customer.socket()
    await socket.say(t="send", conv=None, client_id=scene.key, body={"text": "a question"})
    sent = await socket.sent(scene.key)
    assert sent["t"] == "sent", sent
    scene.customer.conversation = sent["conv"]
    await socket.entry(lambda entry: entry.get("client_id") == scene.key)
    await scene.customer.answered(within=WITHIN_S)


async def wants_human(scene: Scene) -> None:
    await scene.customer.write("human please", client_id=scene.key)

    async def reached() -> bool:
        return "unsure" in await scene.events()

    await scene.becomes(reached)


async def accepts(scene: Scene) -> None:
    accepted(await scene.lin.post(f"/v1/handoffs/{scene.handoff}/accept", {"op_id": scene.key}))


async def takes_offer(scene: Scene) -> None:
    owner = (await scene.lin.look(scene.conversation))["card"]["owner"]
    desk = scene.maya if owner["agent"]["id"] == scene.maya.id else scene.lin
    accepted(await desk.post(f"/v1/handoffs/{scene.handoff}/accept", {"op_id": scene.key}))


async def passes_to_offering_queue(scene: Scene) -> None:
    await agent_command("transfer", to_queue="senior")(scene)

    async def reached() -> bool:
        return (await scene.events())[-1] == "offer"

    await scene.becomes(reached)


async def declines(scene: Scene) -> None:
    """Once; what has been declined is offered to the other."""
    owner = (await scene.lin.look(scene.conversation))["card"]["owner"]
    if (await scene.events()).count("decline") == 0:
        desk = scene.maya if owner["agent"]["id"] == scene.maya.id else scene.lin
        accepted(await desk.post(f"/v1/handoffs/{scene.handoff}/decline", {"op_id": scene.key}))

    async def reached() -> bool:
        return (await scene.events())[-2:] == ["decline", "offer"]

    await scene.becomes(reached)


async def replies(scene: Scene) -> None:
    accepted(await scene.lin.reply(scene.conversation, "a reply", scene.epoch, client_id=scene.key))


async def notes(scene: Scene) -> None:
    body = {"client_id": scene.key, "body": {"text": "a note"}, "audience": "internal"}
    accepted(await scene.lin.post(f"/v1/conversations/{scene.conversation}/messages", body))


async def arrives(scene: Scene) -> None:
    """A new visitor; a session that nobody heard of may stay unused, so only the one that was answered counts."""
    await scene.customer.arrive()


def happened(event: str) -> Step:
    async def check(scene: Scene) -> None:
        assert (await scene.events()).count(event) == 1, await scene.events()

    return check


def said(kind: str, text: str) -> Step:
    async def check(scene: Scene) -> None:
        texts = await scene.texts(kind)
        assert texts.count(text) == 1, texts

    return check


async def answered_once(scene: Scene) -> None:
    await said("customer", "a question")(scene)
    await said("bot", "answer to: a question")(scene)


def counted(kind: str) -> Step:
    async def check(scene: Scene) -> None:
        entries = await scene.lin.timeline(scene.conversation)
        assert sum(entry["kind"] == kind for entry in entries) == 1, entries

    return check


OPERATIONS = (
    Operation("arrive", nothing, arrives, nothing),
    Operation("write", nothing, writes, answered_once),
    Operation("write on a socket", nothing, writes_on_socket, answered_once),
    Operation("the bot hands over", greeted, wants_human, happened("unsure")),
    Operation("ask for a person", greeted, customer_command("ask-human"), happened("asked")),
    Operation("judge", greeted, customer_command("feedback", seq="$seq", value="up"), counted("feedback")),
    Operation("solved", waiting, customer_command("solved"), happened("solved")),
    Operation("leave a message", waiting, customer_command("leave-message", text="call me"), happened("leave_message")),
    Operation("accept", waiting, accepts, happened("claim")),
    Operation("reply", served, replies, said("agent", "a reply")),
    Operation("note", served, notes, said("agent", "a note")),
    Operation("transfer", served, agent_command("transfer", to_queue="support"), happened("transfer")),
    Operation("offer", served, passes_to_offering_queue, happened("offer")),
    Operation("accept an offer", offered, takes_offer, happened("accept")),
    Operation("decline an offer", offered, declines, happened("decline")),
    Operation("give back", served, agent_command("give-back"), happened("give_back")),
    Operation("close", served, agent_command("close", wrap_up="solved"), happened("close")),
    Operation("rate", closed, customer_command("rating", score=5), counted("rating")),
)

# What a client sees when the gateway dies under it.
DEAD = (httpx2.HTTPError, Gone, ConnectionClosed, InvalidMessage, OSError, TimeoutError)
