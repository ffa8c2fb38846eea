"""Every Task from its first word to the shop's own data, zh and en, with the real bot and the real shop."""

from typing import Any

import pytest
import requests

from tests.bot.gateway import Bot, Chat
from tests.bot.tasks.conftest import KEY, ShopDoor

LIN = {"id": "cus_linxiao", "name": "林晓", "verified": True}
ALEX = {"id": "cus_alex", "name": "Alex", "verified": True}
EMMA = {"id": "cus_emma", "name": "Emma", "verified": True}
CHEN = {"id": "cus_chenjing", "name": "陈静", "verified": True}
PICTURE = {"id": "att_1", "name": "photo.jpg", "type": "image/jpeg", "size": 90_000}


def texts(answer: dict[str, Any]) -> str:
    return "\n".join(message["text"] for message in answer["messages"])


def start(
    bot: Bot, task: str, customer: dict[str, Any] | None = None, language: str = "zh", text: str = "好"
) -> tuple[Chat, dict]:
    """A conversation in which a button started the Task, so that no reading of intents is tested here."""
    chat = Chat(bot, customer=customer, language=language)
    return chat, chat.say(text, press=f"/{task}")


def say_all(chat: Chat, *lines: str) -> dict[str, Any]:
    """Say the lines; "[title]" presses that button, "<picture>" sends one without a text. The last answer."""
    answer: dict[str, Any] = {}
    for line in lines:
        if line == "<picture>":
            chat.metadata["files"] = [PICTURE]
            answer = chat.say("看这里" if chat.metadata["language"] == "zh" else "here it is")
            del chat.metadata["files"]
        elif line.startswith("["):
            answer = chat.press(answer, line[1:-1])
        else:
            answer = chat.say(line)
    return answer


def shop(door: ShopDoor, path: str, customer: dict[str, Any]) -> dict[str, Any]:
    """What the shop itself says."""
    headers = {"Authorization": f"Bearer {KEY}", "X-Customer": customer["id"]}
    found: dict[str, Any] = requests.get(f"{door.shop}/api/v1{path}", headers=headers, timeout=10).json()
    return found


def order_status(door: ShopDoor, number: str, customer: dict[str, Any]) -> Any:
    return shop(door, f"/orders/{number}", customer)["status"]


@pytest.mark.parametrize(
    ("language", "number", "tail", "said"),
    [("zh", "LY20261103001", "尾号5678", "运输中"), ("en", "LY20261102045", "it ends in 4321", "on its way")],
)
def test_a_stranger_learns_about_an_order_by_its_number_and_phone(
    bot: Bot, language: str, number: str, tail: str, said: str
) -> None:
    chat, _ = start(bot, "order_status", language=language, text="ok")
    answer = say_all(chat, number, tail)
    assert said in texts(answer)
    assert (answer["active_loop"], answer["messages"][0]["kind"]) == (None, "answer")


def test_a_signed_in_customer_picks_one_of_his_own_orders(bot: Bot) -> None:
    chat, asked = start(bot, "order_status", ALEX, "en", "my order")
    titles = [button["title"] for button in asked["messages"][-1]["buttons"]]
    assert len(titles) == 6, "five orders and a way out"
    assert "Out for delivery" in texts(chat.press(asked, next(title for title in titles if "backpack" in title)))
    chat, _ = start(bot, "order_status", ALEX, "en", "my order")
    assert "LY20261102045" in texts(chat.say("the backpack please"))
    chat, _ = start(bot, "order_status", LIN)
    assert "LY20261104016" in texts(chat.say("第二个"))


@pytest.mark.parametrize(
    ("language", "customer", "number", "steps", "said"),
    [
        ("zh", LIN, "LY20261104016", ("不想要了", "确认"), "已取消"),
        ("en", ALEX, "LY20261104051", ("I changed my mind", "yes"), "is cancelled"),
    ],
)
def test_cancel_before_shipping_and_undo(
    bot: Bot, shop_door: ShopDoor, language: str, customer: dict, number: str, steps: tuple[str, ...], said: str
) -> None:
    chat, _ = start(bot, "cancel_order", customer, language, number)
    done = say_all(chat, *steps)
    assert said in texts(done)
    assert order_status(shop_door, number, customer) == "cancelled"
    undo = "撤销" if language == "zh" else "Undo"
    asked = chat.press(done, undo)
    assert (asked["active_loop"], order_status(shop_door, number, customer)) == ("undo", "cancelled")
    say_all(chat, steps[-1])
    assert order_status(shop_door, number, customer) == "paid"
    assert chat.say("ok", press="/undo")["active_loop"] is None, "there is nothing more to undo"


def test_what_has_shipped_is_neither_cancelled_nor_sent_elsewhere(bot: Bot, shop_door: ShopDoor) -> None:
    for task, said in (("cancel_order", "取消不了"), ("change_address", "地址改不了")):
        _, answer = start(bot, task, LIN, text="LY20261103001")
        assert said in texts(answer)
        assert answer["active_loop"] is None
    assert not any(call.startswith("POST") for call in shop_door.calls)


@pytest.mark.parametrize(
    ("address", "yes", "said"),
    [
        ("浙江省杭州市西湖区文二路 1 号 2 幢 101", "确认", "改好了"),
        ("江苏省南京市鼓楼区中山北路 30 号", "确认", "不在同一个省"),
    ],
)
def test_the_address_changes_within_the_province(bot: Bot, address: str, yes: str, said: str) -> None:
    chat, _ = start(bot, "change_address", LIN, text="LY20261104016")
    again = chat.say("换个地方吧那里")
    assert again["slots"]["requested_slot"] == "address"
    assert address in texts(chat.say(address))
    assert said in texts(chat.say(yes))


def test_a_faulty_thing_is_refunded_with_pictures(bot: Bot, shop_door: ShopDoor) -> None:
    chat, _ = start(bot, "refund_request", LIN, text="LY20261030008")
    asked = say_all(chat, "洗了一次就掉色了")
    assert asked["slots"]["requested_slot"] == "evidence"
    assert asked["messages"][-1]["upload"] == {"accept": "image/*", "most": 6, "max_bytes": 10_485_760}
    interrupted = say_all(chat, "几天能退款？")
    assert [("upload" in one) for one in interrupted["messages"]] == [False, True], "with the question once more"
    confirm = say_all(chat, "<picture>")
    assert not any("upload" in one for one in confirm["messages"])
    assert all(part in texts(confirm) for part in ("LY20261030008", "¥329.00", "洗了一次就掉色了"))
    done = say_all(chat, "确认")
    assert "退款单号" in texts(done)
    sent = next(body for body in reversed(shop_door.bodies) if body)
    assert (sent["code"], sent["evidence"]) == ("quality", ["att_1"])
    assert order_status(shop_door, "LY20261030008", LIN) == "refunding"


def test_a_large_refund_is_reviewed_and_a_part_is_a_part(bot: Bot, shop_door: ShopDoor) -> None:
    chat, _ = start(bot, "refund_request", CHEN, text="LY20261025077")
    assert "人工审核" in texts(say_all(chat, "尺码不合适", "确认"))
    chat, _ = start(bot, "refund_request", LIN, text="LY20261103001 退我50元")
    assert "¥50.00" in texts(say_all(chat, "不想要了"))
    say_all(chat, "确认")
    assert next(body for body in reversed(shop_door.bodies) if body)["amount"] == "50.00"


def test_a_return_and_an_exchange(bot: Bot, shop_door: ShopDoor) -> None:
    chat, _ = start(bot, "return_request", ALEX, "en", "LY20261028011")
    assert "postage is yours" in texts(say_all(chat, "too big", "I post it myself", "yes"))
    assert shop(shop_door, "/orders/LY20261028011", ALEX)["cannot"]["exchange"] == "already_requested"
    chat, _ = start(bot, "exchange_request", EMMA, "en", "LY20261018044")
    assert "courier" in texts(say_all(chat, "one is broken", "<picture>", "yes"))
    chat, _ = start(bot, "exchange_request", EMMA, "en", "LY20261024031")
    assert "return it" in texts(say_all(chat, "wrong size, too small"))


def test_an_exchange_needs_a_picture_and_says_so_before_the_yes(bot: Bot, shop_door: ShopDoor) -> None:
    chat, _ = start(bot, "exchange_request", ALEX, "en", "LY20261028011")
    answer = say_all(chat, "it stopped working", "can't take one right now")
    assert "without a photo" in texts(answer)
    assert say_all(chat, "I have no photo")["handoff"]["reason"] == "unsure"
    assert "return" not in shop(shop_door, "/orders/LY20261028011", ALEX)["cannot"]


def test_an_invoice_for_a_company_and_no_second_one(bot: Bot) -> None:
    chat, _ = start(bot, "invoice_request", LIN, text="LY20261030008")
    confirm = say_all(chat, "公司", "蓝天科技有限公司", "91310000MA1FL0000X", "lin@example.com")
    assert all(part in texts(confirm) for part in ("蓝天科技有限公司", "91310000MA1FL0000X", "lin@example.com"))
    assert "24 小时内" in texts(say_all(chat, "确认"))
    _, again = start(bot, "invoice_request", LIN, text="LY20261030008")
    assert "已经开过发票" in texts(again)


@pytest.mark.parametrize(
    ("code", "language", "said"),
    [
        ("save30", "en", "is valid"),
        ("WINTER20", "zh", "还没到"),
        ("SPRING15", "en", "expired"),
        ("TEA25", "zh", "没有找到"),
    ],
)
def test_a_coupon_is_told_by_its_state_and_a_foreign_one_does_not_exist(
    bot: Bot, code: str, language: str, said: str
) -> None:
    chat, _ = start(bot, "coupon_check", None, language, "coupon")
    assert said in texts(chat.say(f"code {code}"))


def test_money_on_its_way_is_waited_for_and_overdue_money_is_traced_once(bot: Bot) -> None:
    chat, _ = start(bot, "payment_missing", LIN, text="TR2026110502")
    assert "处理中" in texts(_)
    chat, _ = start(bot, "payment_missing", LIN, text="TU2026110401")
    assert "案件号" in texts(say_all(chat, "没有图片", "确认"))
    _, again = start(bot, "payment_missing", LIN, text="TU2026110401")
    assert "已经在核查中" in texts(again)
    stranger, _ = start(bot, "payment_missing", None, text="TU2026110511")
    assert "没有找到" in texts(say_all(stranger, "5678"))


def test_identity_is_helped_with_by_its_state(bot: Bot, shop_door: ShopDoor) -> None:
    chat, asked = start(bot, "verify_identity", LIN)
    assert "反光" in texts(asked)
    done = say_all(chat, "身份证", "确认")
    assert all(part in texts(done) for part in ("人像面", "国徽面", "lanyu.example/verify"))
    assert shop(shop_door, "/identity", LIN)["state"] == "awaiting_documents"
    assert "verified already" in texts(start(bot, "verify_identity", EMMA, "en", "id")[1])
    chat, _ = start(bot, "verify_identity", None, "en", "id")
    assert "photo page" in texts(chat.say("passport"))
    chat, _ = start(bot, "verify_identity", None)
    assert "不能用来认证" in texts(chat.say("驾照行吗"))


def test_an_account_is_closed_in_steps_and_comes_back(bot: Bot, shop_door: ShopDoor) -> None:
    assert "¥23.50" in texts(start(bot, "close_account", LIN)[1])
    assert "signed in" in texts(start(bot, "close_account", None, "en", "close")[1])
    chat, notes = start(bot, "close_account", EMMA, "en", "close")
    assert "7 days" in texts(notes)
    closing = say_all(chat, "I understand, go on", "privacy", "yes")
    assert shop(shop_door, "/account/closing", EMMA)["state"] == "closing"
    chat.press(closing, "Undo")
    say_all(chat, "yes")
    assert shop(shop_door, "/account/closing", EMMA)["state"] == "open"
    chat, notes = start(bot, "close_account", EMMA, "en", "close")
    assert chat.press(notes, "Keep my account")["active_loop"] is None
    assert shop(shop_door, "/account/closing", EMMA)["state"] == "open"


def test_a_call_back_becomes_a_ticket(bot: Bot) -> None:
    chat, _ = start(bot, "callback_request", None, "en", "call me")
    assert "number" in texts(chat.say("12"))
    done = say_all(chat, "138 1234 5678", "tomorrow at 3 pm", "about my refund", "yes")
    assert done["ticket"]["type"] == "callback"
    assert done["ticket"]["fields"] == {"phone": "13812345678", "time": "tomorrow at 3 pm", "topic": "about my refund"}
    assert "{ticket}" in texts(done)


def test_a_complaint_becomes_a_ticket_with_its_pictures(bot: Bot) -> None:
    chat, _ = start(bot, "complaint")
    done = say_all(chat, "送货", "LY20261103001 快递员把包裹扔在门口就走了", "希望道歉", "<picture>", "确认")
    assert done["ticket"]["type"] == "complaint"
    fields = done["ticket"]["fields"]
    assert (fields["order"], fields["wish"]) == ("LY20261103001", "希望道歉")
    assert done["ticket"]["files"] == [PICTURE["id"]]
    assert done["handoff"] is None


def test_a_complaint_asks_for_the_order_unless_it_is_about_people(bot: Bot) -> None:
    chat, _ = start(bot, "complaint")
    assert "哪一单" in texts(chat.say("送货"))
    assert "经过" in texts(chat.say("找不到了"))
    done = say_all(chat, "快递员把包裹扔在门口就走了", "希望道歉", "没有图片", "确认")
    assert "order" not in done["ticket"]["fields"]
    assert done["ticket"]["files"] == []
    chat, _ = start(bot, "complaint", ALEX, "en", "i want to complain")
    asked = chat.say("a product")
    assert any("LY20261102045" in button["title"] for button in asked["messages"][-1]["buttons"])
    assert "what happened" in texts(chat.say("LY20261102045"))
    chat, _ = start(bot, "complaint", language="en", text="i want to complain")
    assert "what happened" in texts(say_all(chat, "a product", "[No order number]"))
    chat, _ = start(bot, "complaint", language="en", text="i want to complain")
    assert "what happened" in texts(chat.say("your agent was rude to me"))
