"""The parts of the simulator that need no bot: speech, typing, hearing, the shop's file, the referee, the steps."""

import random
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.actions.texts import TEXTS
from bot.settings import ROOT
from bot.simulation.goals import OTHERS, STATES, Goal, draw_facts, draw_goal
from bot.simulation.hearing import hear
from bot.simulation.noise import Typing, in_pieces, typed
from bot.simulation.referee import Dialogue, Exchange, judge
from bot.simulation.speech import NoSuchPhrase, Speech, phrases
from bot.simulation.store import Change, ShopFile, changes
from bot.simulation.world import LONGEST, Reply, SimulatedCustomer
from bot.tasks import TASKS

NUMBER = "LY20261104016"
OTHER = "LY20261103001"


@pytest.fixture
def shop(tmp_path: Path) -> ShopFile:
    """A shop with two customers and three orders."""
    path = tmp_path / "shop.sqlite"
    placed = (datetime.now(timezone.utc) - timedelta(days=3)).isoformat()
    with closing(sqlite3.connect(path)) as file:
        file.executescript(
            "CREATE TABLE customers (id TEXT PRIMARY KEY, name TEXT, phone TEXT, language TEXT);"
            "CREATE TABLE orders (number TEXT, customer TEXT, status TEXT, placed_at TEXT, delivered_at TEXT);"
            "CREATE TABLE items (order_number TEXT, name TEXT);"
            "CREATE TABLE parcels (order_number TEXT, tracking TEXT, last_event TEXT);"
        )
        people = [("a", "林", "13800005678", "zh"), ("b", "Al", "13900004321", "en")]
        file.executemany("INSERT INTO customers VALUES (?, ?, ?, ?)", people)
        orders = [(NUMBER, "a", "paid"), (OTHER, "a", "shipped"), ("LY20261102045", "b", "delivered")]
        file.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, NULL)", [(*order, placed) for order in orders])
        file.executemany("INSERT INTO items VALUES (?, 'lamp')", [(number,) for number, _, _ in orders])
        file.commit()
    found = ShopFile(path)
    found.remember()
    return found


def test_customers_say_nothing_that_the_bot_was_trained_on() -> None:
    """Else the figures would measure memory. Words such as yes and numbers are everybody's."""
    lines = {
        line.removeprefix("- ").strip().lower()
        for path in (ROOT / "data" / "training" / "nlu").glob("*.yml")
        for entry in yaml.safe_load(path.read_text(encoding="utf-8"))["nlu"]
        for line in entry.get("examples", "").splitlines()
    }
    for language in ("zh", "en"):
        said = [line for wishes in phrases(language)["open"].values() for line in wishes]
        said += [line for questions in phrases(language)["topics"].values() for line in questions]
        plain = [line.replace("{hey?}", "").replace("{ending?}", "").strip().lower() for line in said]
        assert [line for line in plain if line in lines] == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_phrase_can_be_said(language: str, shop: ShopFile) -> None:
    """A hole that nothing fills would end a run of two thousand dialogues in the middle."""
    facts = SimulatedCustomer(shop, goal="refund_request", language=language).reset(1).goal.facts
    speech = Speech(language, {**facts, "wish": "x"}, random.Random(1))

    def walk(entry: Any) -> None:
        if isinstance(entry, dict):
            for each in entry.values():
                walk(each)
        elif isinstance(entry, list):
            for line in entry:
                assert "{" not in speech.fill(str(line)), line

    walk(dict(phrases(language)))
    assert set(STATES) <= set(phrases(language)["open"])
    with pytest.raises(NoSuchPhrase):
        speech.say("give", "nothing of the kind")


def test_slips_never_touch_a_fact() -> None:
    hasty = Typing(slips=0.9, shortens=1.0, unmarked=1.0)
    for seed in range(200):
        text = typed(f"please look at {NUMBER}, mail to a.b@example.com 谢谢", hasty, random.Random(seed))
        assert NUMBER in text
        assert "a.b@example.com" in text


def test_pieces_are_the_whole_text() -> None:
    typing = Typing(pieces=1.0)
    for seed in range(50):
        pieces = in_pieces("你好，我的订单 LY20261104016 到哪了？急", typing, random.Random(seed))
        assert "".join(pieces).replace(" ", "") == "你好，我的订单LY20261104016到哪了？急"


@pytest.mark.parametrize(
    ("text", "asks", "done"),
    [
        ("请发我订单号（LY 开头加 11 位数字）。", "order_number", False),
        ("Which order is it? The number starts with LY.", "order_number", False),
        ("再核对一下身份：下单时填的手机号，后四位是多少？", "phone_tail", False),
        ("请确认：取消订单 LY20261104016，已付的钱会原路退回。要提交吗？", "confirm", False),
        ("Please confirm: a refund of ¥9.00 for order LY20261104016. Shall I submit it?", "confirm", False),
        ("Your refund is requested: RF1, amount ¥9.00. Changed your mind? You can undo it until 9:00.", None, True),
        ("改好了，订单 LY20261104016 会寄到新地址。", None, True),
        ("您希望我们怎么解决？", "remedy", False),
        ("退款一般 3 天到账。", None, False),
    ],
)
def test_an_answer_is_heard_as_a_person_would(text: str, asks: str | None, done: bool) -> None:
    assert (hear(text).asks, hear(text).done) == (asks, done)


HEARD_AS = {
    "about": "details",
    "cause": "details",
    "code": "coupon",
    "evidence": "picture",
    "notes": "confirm",
    "payment": "reference",
    "reason": "details",
    "topic": "details",
    "what": "details",
    "wish": "remedy",
}
"""What a customer calls a Task's slot, where that is not its name."""


def asked_by(name: str) -> str:
    """What a customer should hear in a Task's text of this name, such as ask_document_glare."""
    slots = {step.slot for task in TASKS.values() for step in task.steps}
    slot = max((slot for slot in slots if name.removeprefix("ask_").startswith(slot)), key=len, default=name)
    return HEARD_AS.get(slot, slot)


def test_every_question_of_every_task_is_heard_as_what_it_asks() -> None:
    """Half of the English returns ended with a goodbye: nobody had heard one wording of "pick-up or post"."""
    misheard = [
        (path.stem, name, text, hear(text).asks)
        for path in sorted((ROOT / "bot" / "tasks").glob("*.yml"))
        for name, entry in (yaml.safe_load(path.read_text(encoding="utf-8")).get("texts") or {}).items()
        if name == "confirm" or name.startswith("ask_")
        for language in ("zh", "en")
        for text in entry[language]
        if hear(text).asks != asked_by(name)
    ]
    assert misheard == []


@pytest.mark.parametrize("name", ["miss", "unclear", "no_words", "too_long", "clarify", "which_task"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_not_being_understood_is_no_refusal(name: str, language: str) -> None:
    """ "I have nothing on that" was heard as "we have no", in English only: whoever was not understood went away."""
    texts = yaml.safe_load(TEXTS.read_text(encoding="utf-8"))["texts"][name][language]
    assert [text for text in texts if hear(text).cannot] == []


def test_a_customer_who_is_not_signed_in_asks_about_no_coupon_of_his_own(shop: ShopFile) -> None:
    """The shop shows those to nobody else, so the bot can only say that it finds none."""
    with closing(sqlite3.connect(shop._path)) as file:
        file.execute("CREATE TABLE coupons (code TEXT, customer TEXT)")
        file.executemany("INSERT INTO coupons VALUES (?, ?)", [("ALL10", None), ("MINE10", "a")])
        file.commit()
    order = next(order for order in shop.orders() if order["customer"] == "a")
    named = {
        (signed_in, draw_facts(shop, random.Random(seed), language="zh", order=order, signed_in=signed_in)["coupon"])
        for seed in range(20)
        for signed_in in (True, False)
    }
    assert named == {(True, "ALL10"), (True, "MINE10"), (False, "ALL10")}


def test_what_a_fault_still_brings_back_is_not_called_impossible(shop: ShopFile) -> None:
    """Ten days old: too late for a change of mind, not for a fault. Who returned it rightly counted as not helped."""
    with closing(sqlite3.connect(shop._path)) as file:
        file.execute("UPDATE orders SET customer = 'b'")
        for number, days in ((NUMBER, 10), (OTHER, 20), ("LY20261102045", 3)):
            when = (datetime.now(timezone.utc) - timedelta(days=days)).isoformat()
            changed = "UPDATE orders SET status = 'delivered', delivered_at = ? WHERE number = ?"
            file.execute(changed, (when, number))
        file.commit()
    drawn = [draw_goal(shop, random.Random(seed), language="en", name="return_request") for seed in range(60)]
    assert {(goal.number, goal.possible) for goal in drawn} == {("LY20261102045", True), (OTHER, False)}


def test_the_shops_file_tells_what_changed_and_goes_back(shop: ShopFile) -> None:
    before = shop.rows()
    with closing(sqlite3.connect(shop._path)) as file:
        file.execute("UPDATE orders SET status = 'cancelled' WHERE number = ?", (NUMBER,))
        file.commit()
    found = changes(before, shop.rows())
    assert [(change.table, change.new, "cancelled" in change.row) for change in found] == [
        ("orders", False, False),
        ("orders", True, True),
    ]
    shop.put_back()
    assert shop.rows() == before


@pytest.mark.parametrize("seed", range(30))
def test_every_customer_comes_to_an_end_whatever_is_answered(seed: int, shop: ShopFile) -> None:
    """The step interface: an answering side that learns nothing must not hang the run."""
    world = SimulatedCustomer(shop)
    seen, steps = world.reset(seed), 0
    while not seen.done:
        assert seen.messages or seen.pictures
        seen = world.step(("好的，请问订单号是多少？", "Please confirm: shall I submit it?", "哦")[steps % 3])
        steps += 1
    assert steps <= LONGEST
    assert seen.reward <= 1.0
    assert 0 <= seen.mood <= 1


def test_the_same_seed_is_the_same_customer_and_others_differ(shop: ShopFile) -> None:
    def talk(seed: int) -> list[tuple[str, ...]]:
        world = SimulatedCustomer(shop)
        said = [world.reset(seed).messages]
        for answer in ("您好，请问有什么可以帮您？", "请发我订单号。", "抱歉，没听懂。"):
            seen = world.step(answer)
            said.append(seen.messages)
        return said

    assert talk(5) == talk(5)
    assert len({str(talk(seed)) for seed in range(20)}) > 15


def test_a_person_taking_over_ends_the_talk(shop: ShopFile) -> None:
    world = SimulatedCustomer(shop, goal="human")
    world.reset(1)
    seen = world.step(Reply(text="马上为您转接。", handed_over=True))
    assert seen.done
    assert seen.messages == ()


def exchange(
    act: str, said: str, *, changed: str | None = None, handoff: str | None = None, kind: str = "form"
) -> Exchange:
    rows = [Change(table="refunds", row=f'{{"order_number": "{changed}"}}', new=True)] if changed else []
    answer = {
        "messages": [{"text": said, "kind": kind, "buttons": [], "sources": []}],
        "handoff": {"reason": handoff} if handoff else None,
    }
    return Exchange(act=act, text="…", pressed=None, answer=answer, changes=rows, mood=0.1)


def verdict_on(*exchanges: Exchange, goal: str = "refund_request") -> Any:
    wanted = Goal(name=goal, language="en", order={"number": NUMBER, "items": [], "parcels": []}, facts={})
    return judge(Dialogue(seed=1, goal=wanted, exchanges=list(exchanges)))


SUMMARY = f"Please confirm: a refund for order {NUMBER}. Shall I submit it?"


def test_the_referee_knows_a_right_action_from_a_wrong_one() -> None:
    fine = verdict_on(exchange("give", SUMMARY), exchange("yes", "requested", changed=NUMBER))
    assert (fine.faults, fine.success) == (0, True)
    unasked = verdict_on(exchange("give", SUMMARY), exchange("waits", "requested", changed=NUMBER))
    assert unasked.wrong_actions
    other_order = verdict_on(exchange("give", SUMMARY), exchange("yes", "requested", changed=OTHER))
    assert other_order.wrong_actions


def test_the_referee_sees_refused_humans_loops_and_repeated_soothing() -> None:
    assert verdict_on(exchange("ask_human", "pardon?")).refused_human
    assert verdict_on(exchange("ask_human", "pardon?", handoff="unsure")).refused_human
    assert not verdict_on(exchange("ask_human", "of course", handoff="asked")).refused_human
    assert verdict_on(*[exchange("again", "pardon?")] * 3).loops
    assert not verdict_on(*[exchange("again", "pardon?")] * 2).loops
    assert verdict_on(*[exchange("angry", "I am sorry.", kind="soothe")] * 2).soothed_twice


def test_there_is_a_goal_for_every_task() -> None:
    """A task that is added wants a goal in goals.py and words in phrases/*.yml."""
    assert set(TASKS) - {"undo"} <= set(STATES)
    assert not set(STATES) & set(OTHERS)
