"""The knowledge base is down: answers from the gateway's own copy, else the form "leave a message" (F-68)."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from handoff_service.bots.keywords import KeywordBot
from handoff_service.bots.ladder import Ladder
from handoff_service.bots.left_message import PAYLOAD, leave_message
from handoff_service.bots.model import Answer
from handoff_service.bots.search import SearchBot
from handoff_service.conversations import turn
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import OwnerKind
from handoff_service.conversations.receive import Sender, receive
from handoff_service.database import Database
from handoff_service.errors import BotFailed, BotRefused, Unavailable
from handoff_service.knowledge import store
from handoff_service.knowledge.client import Knowledge
from handoff_service.knowledge.copier import Copier
from handoff_service.knowledge.matching import Copy, Matcher, is_sure
from tests.handoff_service.bots.test_ladder import REQUEST, failing
from tests.handoff_service.conversations.test_turn import Chat, chat  # noqa: F401
from tests.handoff_service.stage import FakeClock, ScriptedBot, answer
from tests.handoff_service.test_tickets import listed

ROOT = Path(__file__).parents[3]


@pytest.fixture(params=["sqlite"])
def engine(request: pytest.FixtureRequest) -> str:
    """What is tested here does not depend on the engine; the tables are tested with all others."""
    return str(request.param)


class FarKnowledge:
    """kb_index as the copier sees it: a list of what is served, and each article as the public reads it."""

    def __init__(self) -> None:
        self.up = True
        self.articles: dict[tuple[str, str], dict[str, Any]] = {}
        self.asked: list[str] = []

    def put(self, article: str, answer: str, *, language: str = "en", **more: Any) -> None:
        self.articles[article, language] = {
            "article": article, "language": language, "title": article.replace("-", " "), "category": "x",
            "questions": [f"what about {article.replace('-', ' ')}"], "answer": answer, **more,
        }  # fmt: skip

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request.url.path)
        if not self.up:
            raise httpx2.ConnectError("down")
        if request.headers.get("authorization") != "Bearer secret":
            return httpx2.Response(401, json={})
        language = request.url.params.get("language")
        if request.url.path == "/tenants/demo/articles":
            assert request.url.params["audience"] == "public"
            names = sorted(self.articles)
            after = request.url.params.get("after")
            left = [name for name in names if after is None or f"{name[0]}/{name[1]}" > after][:2]
            more = f"{left[-1][0]}/{left[-1][1]}" if left and left[-1] != names[-1] else None
            page = [
                {"article": {"id": id, "language": lang, "title": self.articles[id, lang]["answer"]}, "served": 1}
                for id, lang in left
            ]
            page.append({"article": {"id": "draft", "language": "en"}, "served": None})
            return httpx2.Response(200, json={"articles": page, "after": more})
        found = self.articles.get((request.url.path.rpartition("/")[2], str(language)))
        if found is None or found.get("agents"):
            return httpx2.Response(404, json={"error": {"message": "no such article"}})
        return httpx2.Response(200, json=found)


@pytest.fixture
def far() -> FarKnowledge:
    known = FarKnowledge()
    known.put("refund-timing", "Three days.")
    known.put("parcel-lost", "We look for it.")
    known.put("invoice", "开好了发邮箱。", language="zh")
    return known


@pytest.fixture
def knowledge(far: FarKnowledge) -> Knowledge:
    return Knowledge(httpx2.AsyncClient(transport=httpx2.MockTransport(far)), "http://kb", token="secret")


@pytest.fixture
def copier(database: Database, knowledge: Knowledge, clock: FakeClock) -> Copier:
    return Copier(database, knowledge, clock, every_s=1)


async def names(database: Database) -> list[str]:
    return [copy.article for copy in await database.read(lambda c: store.copies(c, "demo"))]


async def test_the_copy_is_what_the_public_may_read(database: Database, copier: Copier, far: FarKnowledge) -> None:
    far.put("staff-only", "Secret.", agents=True)
    far.put("contradicted", "One or two.", doubt="two values")
    assert await copier.refresh("demo") is True
    assert await names(database) == ["invoice", "parcel-lost", "refund-timing"]


async def test_what_was_withdrawn_is_gone_and_what_was_edited_is_new(
    database: Database, copier: Copier, far: FarKnowledge
) -> None:
    await copier.refresh("demo")
    far.asked.clear()
    assert await copier.refresh("demo") is False
    assert set(far.asked) == {"/tenants/demo/articles"}, "nothing is read that has not changed"
    del far.articles["parcel-lost", "en"]
    far.put("refund-timing", "Five days.")
    assert await copier.refresh("demo") is True
    copies = await database.read(lambda c: store.copies(c, "demo"))
    assert [(copy.article, copy.answer) for copy in copies] == [
        ("invoice", "开好了发邮箱。"), ("refund-timing", "Five days."),
    ]  # fmt: skip


async def test_the_copy_outlives_the_knowledge_base_and_is_renewed_by_itself(
    database: Database, copier: Copier, far: FarKnowledge
) -> None:
    await copier.refresh("demo")
    far.up = False
    with pytest.raises(Unavailable):
        await copier.refresh("demo")
    assert len(await names(database)) == 3
    said = await KeywordBot(database).ask(replace(REQUEST, text="what about refund timing?"))
    assert (said.messages[0]["text"], said.messages[0]["kind"]) == ("Three days.", "answer")
    far.up = True
    far.put("refund-timing", "Five days.")
    await copier.refresh("demo")
    said = await KeywordBot(database).ask(replace(REQUEST, text="what about refund timing?"))
    assert said.messages[0]["text"] == "Five days."


async def test_every_rung_in_turn_and_back_without_a_hand(
    database: Database, copier: Copier, far: FarKnowledge, knowledge: Knowledge
) -> None:
    await copier.refresh("demo")
    now = [0.0]
    rasa = ScriptedBot(usually=answer("from rasa"))
    ladder = Ladder([rasa, SearchBot(knowledge), KeywordBot(database)], failures=2, open_s=5, clock=lambda: now[0])
    asked = replace(REQUEST, text="what about refund timing?")
    assert (await ladder.ask(asked)).bot == "scripted"
    rasa.usually, far.up = BotFailed("rasa: down"), False
    for _ in range(4):
        assert (await ladder.ask(asked)).bot == "keywords"
    with pytest.raises(BotFailed, match="keywords: nothing like it"):
        await ladder.ask(replace(asked, text="could you sing a song about llamas"))
    person = await ladder.ask(replace(asked, text="let me talk to a person"))
    assert person.handoff is not None, "one step away on every rung"
    rasa.usually, far.up, now[0] = answer("from rasa"), True, 6.0
    assert (await ladder.ask(asked)).bot == "scripted"


async def test_rasa_without_its_knowledge_is_helped_out(database: Database, copier: Copier) -> None:
    await copier.refresh("demo")
    gives_up = Answer([{"text": "I cannot look it up."}], {"reason": "bot_failed", "priority": 4, "evidence": {}})
    ladder = Ladder([ScriptedBot(usually=gives_up), failing("search"), KeywordBot(database)])
    said = await ladder.ask(replace(REQUEST, text="what about refund timing?"))
    assert (said.bot, said.handoff, said.messages[0]["text"]) == ("keywords", None, "Three days.")
    said = await ladder.ask(replace(REQUEST, text="could you sing a song about llamas"))
    assert said.handoff is not None, "what nobody knows goes to a person as Rasa wished"


async def test_a_choice_is_quoted_and_a_foreign_button_is_refused(database: Database, copier: Copier) -> None:
    await copier.refresh("demo")
    bot = KeywordBot(database)
    said = await bot.ask(replace(REQUEST, press='/choose_article{"article": "invoice"}'))
    assert said.messages[0]["sources"][0]["language"] == "zh", "there is no other"
    for press in ("/deny", '/choose_article{"article": "gone"}'):
        with pytest.raises(BotRefused):
            await bot.ask(replace(REQUEST, press=press))


async def test_without_a_copy_it_says_nothing(database: Database) -> None:
    with pytest.raises(BotRefused, match="no copy"):
        await KeywordBot(database).ask(REQUEST)


def test_words_alone_are_right_or_silent() -> None:
    """On every third of the evaluation questions."""
    copies = [
        Copy(path.stem, path.parent.name, front["title"], tuple(front["questions"]), "")
        for path in sorted((ROOT / "data" / "kb").glob("*/*.md"))
        for front in [_front(path)]
    ]
    matcher, right, wrong, offered = Matcher(copies), 0, 0, 0
    lines = (ROOT / "data" / "evaluation" / "answerable.jsonl").read_text("utf-8").splitlines()
    questions = [json.loads(line) for line in lines[::3]]
    for question in questions:
        good = {question["article"], *question["also"]}
        found = matcher.find(question["text"], language=question["language"])
        if is_sure(found):
            right, wrong = right + (found[0].copy.article in good), wrong + (found[0].copy.article not in good)
        else:
            offered += any(match.copy.article in good for match in found)
    assert wrong <= 0.05 * (right + wrong), (right, wrong)
    assert right + offered >= 0.6 * len(questions), (right, offered)
    lines = (ROOT / "data" / "evaluation" / "out_of_scope.jsonl").read_text("utf-8").splitlines()
    foreign = [json.loads(line) for line in lines[::3]]
    silly = [one for one in foreign if is_sure(matcher.find(one["text"], language=one["language"]))]
    assert len(silly) <= 0.02 * len(foreign), silly


def _front(path: Path) -> dict[str, Any]:
    import yaml

    found: dict[str, Any] = yaml.safe_load(path.read_text("utf-8").split("---", 2)[1])
    return found


def test_the_form_needs_no_bot() -> None:
    form = leave_message(replace(REQUEST, press=PAYLOAD, text="Leave a message"))
    assert form is not None
    assert (form.messages[0]["kind"], form.messages[0]["form"]) == ("form", "leave_message")
    left = leave_message(replace(REQUEST, form="leave_message", text="My parcel LY20261103001 is lost"))
    assert left is not None
    assert left.handoff is not None
    assert leave_message(replace(REQUEST, form="leave_message", text="let me talk to a person")) is None
    assert leave_message(REQUEST) is None


async def test_who_leaves_a_message_is_promised_an_answer(
    chat: Chat,  # noqa: F811
    hire: Callable[..., Awaitable[Any]],
) -> None:
    """All bots are down and a colleague is on duty: who prefers to write gets a promise, not a place in the queue."""
    await hire("lin")
    chat.settings = chat.settings.model_copy(update={"reply_deadline_s": 3})
    ladder = Ladder([failing("rasa"), failing("search")], failures=50)
    async with chat.answered_by(ladder):
        await chat.say("could you sing a song about llamas")
        await chat.until_heard(1)
        notice = (await chat.timeline())[-1]
        titles = [button["title"] for button in notice.body["buttons"]]
        assert titles == ["Leave a message", "Talk to a person"]
        await chat.say(press={"seq": notice.seq, "index": 0})
        form = (await chat.until_heard(2))[-1]
        assert "write down what it is about" in form, "the question before it does not stand in its way"
        await chat.say("My parcel LY20261103001 never came, call 13812345678")
        await chat.until_heard(3)
    now = await chat.now()
    assert now.owner.kind is OwnerKind.MAILBOX
    (ticket,) = await listed(chat.database)
    assert (ticket.conversation, ticket.state) == (now.id, "open")


async def test_the_button_for_a_person_is_not_kept_waiting_either(chat: Chat) -> None:  # noqa: F811
    ladder = Ladder([failing("rasa"), failing("search")], failures=50)
    async with chat.answered_by(ladder):
        await chat.say("could you sing a song about llamas")
        await chat.until_heard(1)
        notice = (await chat.timeline())[-1]
        await chat.say(press={"seq": notice.seq, "index": 1})
        await chat.until_heard(2)
    assert (await chat.now()).owner.kind in (OwnerKind.QUEUE, OwnerKind.MAILBOX)


async def test_only_the_gateway_itself_puts_somebody_into_the_mailbox(
    database: Database, sender: Sender, context: Callable[[], Context], hire: Callable[..., Awaitable[Any]]
) -> None:
    """`mailbox` in a handoff from the wire means nothing."""
    await hire("lin")
    await database.write(lambda tx: receive(tx, sender, client_id="client-01", body={"text": "hi?"}, context=context()))
    conversation = await database.read(lambda c: _current(c, sender))
    begun = await database.write(lambda tx: turn.begin(tx, "demo", conversation.id, context().now))
    assert begun is not None
    wish = {"reason": "bot_failed", "priority": 1, "evidence": {}, "mailbox": True}
    said = Answer([{"text": "A colleague will help."}], wish, bot="rasa")
    await database.write(lambda tx: turn.post(tx, begun, said, context()))
    assert (await database.read(lambda c: _current(c, sender))).owner.kind is OwnerKind.QUEUE


@pytest.fixture
async def sender(arrive: Callable[..., Awaitable[Sender]]) -> Sender:
    return await arrive()


def _current(connection: Any, sender: Sender) -> Any:
    from handoff_service.conversations import store as conversations

    found = conversations.current(connection, sender.tenant, sender.channel, sender.contact)
    assert found is not None
    return found
