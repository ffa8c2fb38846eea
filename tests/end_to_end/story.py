"""The story of the product, told over the real interfaces, in Chinese and English.

Each chapter raises NotAsTold where something is not as told. `make demo` and the end-to-end tests play the same text.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.end_to_end.clients import Agent, Customer, Entry, Frame, NotAsTold


@dataclass(frozen=True)
class Lines:
    """What a customer of one language says."""

    language: str
    hello: str
    routine: tuple[str, str]
    vague: str
    unknown: tuple[str, str]
    ask_human: str
    start_form: str
    angry: str
    with_facts: str
    order_number: str
    agent_says: str
    interim: tuple[str, str]
    search: str


ZH = Lines(
    language="zh",
    hello="你好",
    routine=("多久能退款？", "refund-timing"),
    vague="退款",
    unknown=("这款耳机支持蓝牙5.3吗", "这双鞋的鞋底是什么材质"),
    ask_human="转人工",
    start_form="我要查订单",
    angry="你们太过分了！等了两个星期还没收到货，客服根本不管，骗子！",
    with_facts="订单 LY20261103001 被多扣了 ¥128.50，11月3日付的款",
    order_number="LY20261103001",
    agent_says="您好，我已经看到您的订单，马上为您处理。",
    interim=("运费怎么算", "shipping-fees"),
    search="退款",
)
EN = Lines(
    language="en",
    hello="hello",
    routine=("how do I change my delivery address", "change-delivery-address"),
    vague="refund",
    unknown=("is the blue lamp dimmable", "which football team do you sponsor"),
    ask_human="let me talk to a person",
    start_form="where is my order",
    angry="This is outrageous! Two weeks and still nothing, nobody cares, you are scammers!",
    with_facts="order LY20261103001 was charged ¥128.50 too much on Nov 3",
    order_number="LY20261103001",
    agent_says="Hello, I can see your order and will sort this out now.",
    interim=("how much is shipping", "shipping-fees"),
    search="refund",
)


@dataclass
class Stage:
    """Where the story is played: addresses, logins, and what was measured."""

    gateway: str
    shop: str
    logins: list[Mapping[str, str]]
    stop: Callable[[str], Awaitable[None]] | None = None
    start: Callable[[str], Awaitable[None]] | None = None
    answers_ms: list[float] = field(default_factory=list)
    tell: Callable[[str], None] = lambda _: None
    people: list[Customer | Agent] = field(default_factory=list)

    async def customer(self, lines: Lines) -> Customer:
        customer = Customer(self.gateway, self.shop, language=lines.language)
        self.people.append(customer)
        return await customer.arrive()

    async def agent(self, index: int = 0) -> Agent:
        login, agent = self.logins[index], Agent(self.gateway)
        self.people.append(agent)
        return await agent.sign_in(login["email"], login["password"])

    async def play(self, chapter: Chapter, lines: Lines) -> None:
        """Plays a chapter; whatever becomes of it, its people leave."""
        try:
            await chapter(self, lines)
        finally:
            await self.empty()

    async def empty(self) -> None:
        """Everybody leaves who is still there."""
        while self.people:
            await self.people.pop().leave()


async def ask(stage: Stage, customer: Customer, text: str, *, within_s: float = 30.0) -> tuple[str, Entry]:
    """Writes and waits for the bot's first words behind it."""
    conversation, seq, begun = await customer.write(text)
    stage.tell(f"  customer  {text}")
    answer = await customer.live.entry(
        conversation,
        lambda one: one["author"]["kind"] == "bot" and one["kind"] == "message",
        f"an answer to {text!r}",
        after=seq,
        within_s=within_s,
    )
    took = (customer.live.seen_at[f"{conversation}/{answer['seq']}"] - begun) * 1000
    stage.answers_ms.append(took)
    stage.tell(f"  bot       {answer['body']['text'][:100]!r}  [{answer['body'].get('kind')}, {took:.0f} ms]")
    return conversation, answer


def expect(condition: Any, what: str) -> None:
    if not condition:
        raise NotAsTold(what)


async def routine(stage: Stage, lines: Lines) -> None:
    """Hello, and a routine question answered from the knowledge base, with its source and thumbs."""
    customer = await stage.customer(lines)
    _, hello = await ask(stage, customer, lines.hello)
    expect(hello["body"]["kind"] == "small_talk", f"the greeting is {hello['body']}")
    question, article = lines.routine
    conversation, answer = await ask(stage, customer, question)
    sources = [source["article"] for source in answer["body"].get("sources", [])]
    expect(
        answer["body"]["kind"] == "answer" and sources[:1] == [article],
        f"{question!r} was answered with {answer['body']}",
    )
    await customer.command(conversation, "feedback", seq=answer["seq"], value="up")
    await customer.live.entry(conversation, lambda one: one["kind"] == "feedback", "the thumb in the timeline")


async def unsure(stage: Stage, lines: Lines) -> None:
    """Vague: one clarifying question. Unknown: says so and offers a human. Again: handed off as unsure."""
    agent = await stage.agent()
    customer = await stage.customer(lines)
    conversation, clarify = await ask(stage, customer, lines.vague)
    expect(clarify["body"]["kind"] == "clarify", f"{lines.vague!r} was answered with {clarify['body']}")
    expect(len(clarify["body"]["buttons"]) >= 2, "a clarifying question has at least two buttons")
    _, seq, _ = await customer.press(conversation, clarify["seq"], 0)
    chosen = await customer.live.entry(
        conversation, lambda one: one["author"]["kind"] == "bot", "the chosen article", after=seq
    )
    expect(chosen["body"]["kind"] == "answer", f"the button led to {chosen['body']}")
    _, first = await ask(stage, customer, lines.unknown[0])
    expect(first["body"]["kind"] == "offer_human", f"an unknown question was answered with {first['body']}")
    expect(first["body"].get("buttons"), "the offer has a button")
    await ask(stage, customer, lines.unknown[1])
    status = await customer.owned_by(conversation, "queue")
    expect(status["place"] >= 1, f"the place is {status['place']}")
    card = await agent.waiting(conversation)
    expect(card["handoff"]["reason"] == "unsure", f"handed off as {card['handoff']['reason']}")
    await end(agent, conversation, card)


async def end(agent: Agent, conversation: str, card: Frame) -> None:
    """The agent takes and closes it."""
    accepted = await agent.accept(card["handoff"]["id"])
    expect(accepted.status_code == 200, f"accepting failed: {accepted.text}")
    await agent.command(conversation, "close", epoch=accepted.json()["epoch"], wrap_up="solved")


async def asked(stage: Stage, lines: Lines) -> None:
    """A human in one step, from the first word and in the middle of a form."""
    agent = await stage.agent()
    for opening in ((), (lines.start_form,)):
        customer = await stage.customer(lines)
        for text in opening:
            _, form = await ask(stage, customer, text)
            expect(form["body"]["kind"] == "form", f"{text!r} did not open a form: {form['body']}")
        conversation, _ = await ask(stage, customer, lines.ask_human)
        await customer.owned_by(conversation, "queue")
        card = await agent.waiting(conversation)
        expect(card["handoff"]["reason"] == "asked", f"handed off as {card['handoff']['reason']}")
        await end(agent, conversation, card)


async def unhappy(stage: Stage, lines: Lines) -> None:
    """An angry customer is soothed first, then handed off before those who only asked."""
    agent = await stage.agent()
    calm, angry = await stage.customer(lines), await stage.customer(lines)
    waiting, _ = await ask(stage, calm, lines.ask_human)
    first = await agent.waiting(waiting)
    place = (await calm.owned_by(waiting, "queue"))["place"]
    conversation, soothed = await ask(stage, angry, lines.angry)
    expect(soothed["body"]["kind"] == "soothe", f"anger was answered with {soothed['body']}")
    card = await agent.waiting(conversation)
    expect(card["handoff"]["reason"] == "unhappy", f"handed off as {card['handoff']['reason']}")
    expect(card["handoff"]["priority"] > first["handoff"]["priority"], "anger has no higher priority")
    both = (conversation, waiting)
    order = tuple(one["conversation"] for one in agent.live.desk["waiting"] if one["conversation"] in both)
    expect(order == both, f"the angry one does not come first: {agent.live.last_seen()}")
    behind = place + 1
    status = await calm.live.until(
        lambda: calm.live.status[waiting].get("place") == behind and calm.live.status[waiting], f"place {behind}"
    )
    stage.tell(f"  queue     the calm customer now has place {status['place']}, wait {status['wait_s']}")
    for one, its_card in ((conversation, card), (waiting, first)):
        await end(agent, one, its_card)


async def together(stage: Stage, lines: Lines) -> None:
    """The whole path: facts, wait with the bot's help, two agents at once, packet, reply, note, article, give back."""
    first, second = await stage.agent(0), await stage.agent(1)
    customer = await stage.customer(lines)
    await ask(stage, customer, lines.with_facts)
    conversation, _ = await ask(stage, customer, lines.ask_human)
    status = await customer.owned_by(conversation, "queue")
    stage.tell(f"  queue     place {status['place']}, expected wait {status['wait_s']} s")
    card = await first.waiting(conversation)
    _, interim = await ask(stage, customer, lines.interim[0])
    expect(interim["body"].get("interim") is True, "the answer in the queue is not marked interim")
    expect(interim["body"]["sources"][0]["article"] == lines.interim[1], f"{interim['body']}")
    expect((await customer.owned_by(conversation, "queue"))["place"] == status["place"], "the place was lost")
    await _packet(first, card, customer.live.entries[conversation], lines, stage)
    winner, epoch = await _race(stage, first, second, card)
    await customer.live.entry(conversation, lambda one: one["body"].get("event") == "claim", "the claim")
    expect((await customer.owned_by(conversation, "agent"))["owner"]["agent"]["name"] == winner.name, "the name")
    await _serve(stage, winner, customer, conversation, epoch, lines)
    await winner.command(conversation, "give-back", epoch=epoch, note="done")
    await customer.owned_by(conversation, "bot")
    _, answer = await ask(stage, customer, lines.routine[0])
    if answer["body"]["kind"] == "notice":  # what the agent has agreed comes first
        place = answer["seq"]
        answer = await customer.live.entry(
            conversation, lambda one: one["seq"] > place and one["author"]["kind"] == "bot", "the answer itself"
        )
    expect(answer["body"]["kind"] == "answer", f"after the give-back the bot said {answer['body']}")
    await rate_and_return(stage, customer, winner, conversation, lines)


async def _packet(agent: Agent, card: Frame, entries: list[Entry], lines: Lines, stage: Stage) -> None:
    handoff = await agent.get(f"/v1/handoffs/{card['handoff']['id']}")
    packet = handoff["packet"]
    facts = {fact["kind"]: fact for fact in packet["facts"]}
    expect(facts["order_number"]["value"] == lines.order_number, f"facts: {packet['facts']}")
    expect("128.50" in facts["amount"]["value"] and "date" in facts, f"facts: {packet['facts']}")
    expect(packet["goal"]["entries"] and packet["evidence"], f"packet: {packet}")
    said = {one["seq"]: one["body"].get("text", "") for one in entries}
    for fact in packet["facts"]:
        wrong = [seq for seq in fact["entries"] if fact["value"] not in said[seq]]
        expect(fact["entries"] and not wrong, f"{fact} is not what entries {wrong} say")
    cited = {seq for part in ("evidence", "tried") for line in packet[part] for seq in line["entries"]}
    expect(cited and cited <= said.keys(), f"citations: {cited}")
    stages = [stage_["stage"] for stage_ in handoff["receipt"]]
    expect(stages[:2] == ["requested", "queued"], f"receipt: {stages}")
    stage.tell(f"  packet    goal {packet['goal']['text'][:60]!r}, facts {[fact['value'] for fact in packet['facts']]}")


async def _race(stage: Stage, first: Agent, second: Agent, card: Frame) -> tuple[Agent, int]:
    """Both accept at the same moment: one has it, the other is told who."""
    answers = await asyncio.gather(*(agent.accept(card["handoff"]["id"]) for agent in (first, second)))
    expect(sorted(answer.status_code for answer in answers) == [200, 409], f"{[one.text for one in answers]}")
    won = 0 if answers[0].status_code == 200 else 1
    winner = (first, second)[won]
    lost = answers[1 - won].json()["error"]
    expect(lost["code"] == "already_taken" and lost["holder"]["name"] == winner.name, f"the loser read {lost}")
    stage.tell(f"  race      {winner.name} won, the other read: {lost['message']}")
    return winner, int(answers[won].json()["epoch"])


async def _serve(stage: Stage, agent: Agent, customer: Customer, conversation: str, epoch: int, lines: Lines) -> None:
    await agent.live.follow(conversation)
    await agent.live.send(conversation, {"text": "internal-note-canary"}, audience="internal")
    begun = time.perf_counter()
    sent = await agent.live.send(conversation, {"text": lines.agent_says}, epoch=epoch)
    reply = await customer.live.entry(conversation, lambda one: one["seq"] == sent["seq"], "the agent's reply")
    expect(reply["body"]["text"] == lines.agent_says and reply["author"]["name"] == agent.name, f"{reply}")
    stage.tell(f"  agent     {lines.agent_says!r}  [{(time.perf_counter() - begun) * 1000:.0f} ms]")
    found = await agent.get("/v1/knowledge/search", q=lines.search, language=lines.language)
    hit = found["hits"][0]
    article = {"id": hit["article"], "language": hit["language"], "title": hit["title"]}
    await agent.live.send(conversation, {"text": hit["answer"], "article": article}, epoch=epoch)
    await customer.live.entry(conversation, lambda one: one["body"].get("article") == article, "the article")
    bot_after = [
        one
        for one in customer.live.entries[conversation]
        if one["seq"] > sent["seq"] and one.get("author", {}).get("kind") == "bot"
    ]
    expect(not bot_after, f"the bot spoke while {agent.name} owned the conversation: {bot_after}")
    expect("internal-note-canary" not in str(customer.live.entries), "the customer saw an internal note")


async def rate_and_return(stage: Stage, customer: Customer, agent: Agent, conversation: str, lines: Lines) -> None:
    """Close, rate, write again: the same conversation with its history; the second handoff works like the first."""
    await ask(stage, customer, lines.ask_human)
    await customer.owned_by(conversation, "queue")
    requested = (await agent.get(f"/v1/conversations/{conversation}"))["card"]["handoff"]["id"]
    # The desk is redrawn at most ten times a second; for a moment it may still show the request of before.
    card = await agent.live.until(
        lambda: next((one for one in agent.live.desk.get("waiting", []) if one["handoff"]["id"] == requested), None),
        "the second request at the desk",
    )
    await end(agent, conversation, card)
    status = await customer.owned_by(conversation, "closed")
    await customer.live.until(lambda: customer.live.status[conversation]["rate"], "a rating may be given")
    await customer.command(conversation, "rating", score=5, comment="👍")
    before = len(customer.live.entries[conversation])
    again, answer = await ask(stage, customer, lines.routine[0])
    expect(again == conversation and answer["seq"] > before, "writing again did not reopen the conversation")
    expect(customer.live.status[conversation]["epoch"] > status["epoch"], "the reopening is not in the timeline")


async def leave_message(stage: Stage, lines: Lines) -> None:
    """Instead of waiting the customer leaves a message: a ticket with a due time, and the promise is shown."""
    agent = await stage.agent()
    customer = await stage.customer(lines)
    conversation, _ = await ask(stage, customer, lines.ask_human)
    await customer.owned_by(conversation, "queue")
    await customer.command(conversation, "leave-message", text=lines.with_facts, reply_to="alex@example.com")
    await customer.owned_by(conversation, "mailbox")
    tickets = (await agent.get("/v1/tickets"))["tickets"]
    ticket = next((one for one in tickets if one["conversation"] == conversation), None)
    expect(ticket and ticket["due_at"] and ticket["reply_to"] == "alex@example.com", f"the ticket is {ticket}")
    card = await agent.waiting(conversation, box="mailbox")
    await end(agent, conversation, card)


async def nobody_there(stage: Stage, lines: Lines) -> None:
    """With no agent on duty the customer gets a truthful promise instead of a place in an empty queue."""
    everybody = [await stage.agent(index) for index in range(len(stage.logins))]
    for one in everybody:
        await one.post("/v1/agents/me/presence", status="offline", conversations="requeue")
    agent = everybody[0]
    await agent.live.until(
        lambda: {one["status"] for one in agent.live.desk.get("agents", [])} == {"offline"}, "everybody is offline"
    )
    customer = await stage.customer(lines)
    conversation, _ = await ask(stage, customer, lines.ask_human)
    await customer.owned_by(conversation, "mailbox")
    promise = await customer.live.entry(
        conversation, lambda one: one["kind"] == "state" and one["body"].get("text"), "a promise"
    )
    stage.tell(f"  promise   {promise['body']['text']}")
    await agent.post("/v1/agents/me/presence", status="online")
    await end(agent, conversation, await agent.waiting(conversation, box="mailbox"))


async def same_everywhere(stage: Stage, lines: Lines) -> None:
    """A second tab, a killed gateway: everybody sees one complete, ordered conversation and goes on."""
    agent = await stage.agent()
    customer = await stage.customer(lines)
    conversation, answer = await ask(stage, customer, lines.routine[0])
    tab = await customer.other_tab()
    stage.people.append(tab)
    await tab.live.entry(conversation, lambda one: one["seq"] == answer["seq"], "the history in a second tab")
    await ask(stage, tab, lines.ask_human)
    card = await agent.waiting(conversation)
    epoch = (await agent.accept(card["handoff"]["id"])).json()["epoch"]
    await agent.live.follow(conversation)
    if stage.stop and stage.start:
        await stage.stop("handoff_service")
        await stage.start("handoff_service")
        for live in (customer.live, tab.live, agent.live):
            await live.reconnect()
    sent = await agent.live.send(conversation, {"text": lines.agent_says}, epoch=epoch)
    await tab.live.send(conversation, {"text": lines.hello})
    views = []
    for live in (customer.live, tab.live, agent.live):
        await live.entry(conversation, lambda one: one["seq"] > sent["seq"], "the last word", within_s=15)
        views.append([entry.get("mid") for entry in live.entries[conversation]])
    expect(views[0] == views[1] == views[2] and None not in views[0], f"they see different conversations: {views}")
    await agent.command(conversation, "close", epoch=epoch, wrap_up="solved")


async def falling(stage: Stage, lines: Lines) -> None:
    """Rasa stopped: search answers. kb_index too: the gateway's own copy quotes, who asks gets a person. All back."""
    assert stage.stop, "this chapter needs a stage that can stop parts"
    assert stage.start, "… and start them again"
    agent = await stage.agent()
    customer = await stage.customer(lines)
    await stage.stop("bot")
    _, answer = await ask(stage, customer, lines.routine[0])
    expect(answer["body"]["sources"][0]["article"] == lines.routine[1], f"the fallback said {answer['body']}")
    await stage.stop("kb_index")
    conversation, copied = await ask(stage, customer, lines.interim[0])
    said = copied["body"]
    quoted = said["kind"] == "answer" and said["sources"][0]["article"] == lines.interim[1]
    expect(quoted or said["kind"] in ("notice", "clarify"), f"with both down the customer was told {said}")
    await ask(stage, customer, lines.ask_human)
    await customer.owned_by(conversation, "queue")
    card = await agent.waiting(conversation)
    expect(card["handoff"]["reason"] == "asked", f"handed off as {card['handoff']['reason']}")
    await end(agent, conversation, card)
    await stage.start("kb_index")
    await stage.start("bot")
    _, back = await ask(stage, customer, lines.routine[0])
    expect(back["body"]["kind"] == "answer", f"with all parts back the bot said {back['body']}")


Chapter = Callable[[Stage, Lines], Awaitable[None]]

CHAPTERS: tuple[Chapter, ...] = (routine, unsure, asked, unhappy, together, leave_message, same_everywhere)
# These change what everybody on the stage sees, so they come last and only once.
DISRUPTIVE: tuple[Chapter, ...] = (nobody_there, falling)
