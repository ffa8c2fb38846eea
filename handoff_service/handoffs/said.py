"""What a waiting customer says of his place in words: that he needs nobody any more, leaves, leaves a message, a call.

For channels that have no buttons for it, and for whoever writes instead of pressing. Only what can mean nothing else
counts: the whole message, without what is polite in it. Anything else is the bot's to answer.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

import sqlalchemy as sa

from handoff_service import outbox
from handoff_service.calendars.moments import when_open
from handoff_service.conversations import store
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import Audience, AuthorKind, Conversation, Entry, Kind, OwnerKind
from handoff_service.conversations.receive import Sender
from handoff_service.database import Transaction
from handoff_service.errors import StaysWithPeople
from handoff_service.handoffs.choices import CHOICES, FARTHEST, book_call, call_time, phone_number
from handoff_service.handoffs.release import leave_message, leave_queue, solved
from handoff_service.promises.when import Said, due_in
from handoff_service.tenants import store as tenants

# In the body of an entry by which the gateway asks for a telephone number.
ASKS, NUMBER = "asks", "number"
LAST_SAID = 6
LONGEST = 200  # characters; who writes more tells his matter
LONGEST_NUMBER = 25

_LEAD = (
    r"(?:(?:好(?:的|吧)?|那|算了|嗯|哦|行吧?|谢谢|[你您]好|不好意思|ok(?:ay)?|hi|hello|thanks|"
    r"thank you|sorry|please|never mind|no need)[\s,，.。!！、]*)*"
)
_TAIL = (
    r"[了啦啊哦]?[\s,，.。!！~]*(?:(?:谢谢|多谢|感谢|麻烦|辛苦|再见|thanks|thank you|thx|please|bye)"
    r"(?:[您你啦了]|你们| anyway| a lot)?[\s,，.。!！~]*)*"
)


def _whole(*said: str) -> re.Pattern[str]:
    return re.compile(rf"{_LEAD}(?:{'|'.join(said)}){_TAIL}", re.IGNORECASE)


_SOLVED = _whole(
    r"我?的?(?:问题|問題|事情)?(?:都|也|已经|已經|已|自己|现在|現在)*(?:解决|解決|搞定|处理好|處理好|弄好)[了啦]",
    r"已解[决決]",
    r"没事[了啦]|沒事[了啦]",
    r"(?:it|that|this|everything|(?:my |the )?(?:problem|issue|question|matter))(?:['’]s| is| has been| was| got)?"
    r"(?: (?:now|already|all))* (?:solved|resolved|sorted(?: out)?|fixed)(?: (?:now|already|itself))?",
    r"(?:already |all )?(?:solved|resolved|sorted)(?: now)?",
    r"(?:i|we)(?:['’]ve| have)?(?: already)? (?:solved|fixed|sorted|figured) it(?: out)?"
    r"(?: (?:myself|ourselves|now|already))?",
)
_LEAVES = _whole(
    r"我?(?:们|們)?就?(?:先)?不(?:再)?(?:排队|排隊|排|等)[了啦]",
    r"我?(?:要|想)?(?:取消|退出)(?:排队|排隊|队列|隊列|等待|转人工|轉人工|人工)",
    r"我?不(?:用|需要|要)(?:再)?(?:转|轉|找)?(?:人工|客服)(?:客服|服务|服務)?[了啦]",
    r"(?:i(?:['’]d like| would like| want) to )?(?:leave|exit|quit|cancel)(?: the| this| my)?(?: waiting)? "
    r"(?:queue|line|list)",
    r"(?:take|get) me (?:out of|off) the (?:queue|line|list)",
    r"cancel (?:my|the) (?:request|transfer) (?:for|to) an? (?:person|human|agent)|(?:cancel|give up) my place",
    r"stop waiting",
    r"i (?:do not|don['’]t|no longer) need (?:an?|the|to talk to an?|to speak to an?) (?:person|human|agent|colleague)"
    r"(?: any ?more| any longer)?",
)
_MESSAGE = re.compile(
    rf"{_LEAD}(?:我?们?(?:想|要|就|先|选|选择|改成?|直接)*留(?:个|個|条|條|一个|一条)?言|"
    r"(?:i(?:['’]d like| would like| want) to |let me |i(?:['’]ll| will) |can i )?leave (?:you )?a message)"
    rf"(?:{_TAIL}|\s*[:：]\s*(?P<text>\S.*))",
    re.IGNORECASE | re.DOTALL,
)
_CALL = re.compile(
    r"回电|回電|回个?电话|回個?電話|打个?电话给我|打個?電話給我|打给我|打給我|给我(?:打|回)[个個]?电话|給我(?:打|回)[个個]?電話|电话联系我|電話聯絡我|"
    r"\b(?:call|phone|ring) me\b|\bcall ?back\b|\bgive me a (?:call|ring)\b",
    re.IGNORECASE,
)
# More than twelve figures are the number of an order, unless a + says that they are none.
_DIGITS = re.compile(
    r"(?<![A-Za-z0-9_.@+-])(?:\+\d(?:[ ()-]{0,2}\d){6,14}|\(?\d(?:[ ()-]{0,2}\d){6,11})(?![A-Za-z0-9_@-])",
    re.ASCII,
)
# What may stand beside the wish for a call and the number; a "not", an order or a yesterday makes it something else.
_BESIDE = re.compile(
    r"\b(?:please|pls|back|can|could|would|will|you|someone|somebody|anybody|just|to|me|my|the|on|at|in|by|is|it|this|number|"
    r"phone|mobile|cell|tel|ok|okay|yes|hi|hello|thanks|thank|and|then|today|tomorrow|tonight|morning|afternoon|evening|noon|"
    r"after|around|about|between|from|or|am|pm|a|an|the|next|monday|tuesday|wednesday|thursday|friday|saturday|sunday|"
    r"half|past|hours?|hrs?|minutes?|mins?|days?|working|business|one|two|three|four|five|six|seven|eight|nine|ten|later)\b|"
    r"请|請|麻烦|麻煩|可以|能|给|給|让|讓|叫|人|午|客服|您|你|们|們|我|的|吧|吗|嗎|呢|下|一|好|谢谢|謝謝|就|在|到|打|这个|這個|个|個|是|电话|電話|手机|手機|"
    r"号码|號碼|号|號|今天|明天|后天|後天|上午|下午|中午|晚上|早上|现在|現在|周|星期|礼拜|[一二三四五六七八九十日天两兩半几幾点點分钟鐘小时時内內后後之前左右]|"
    r"\d{1,2}(?:[:：]\d{2})?",
    re.IGNORECASE | re.ASCII,
)
_MINE = re.compile(
    r"(?:我的?|my|the|it['’]?s|is|电话|電話|手机|手機|号码|號碼|号|號|是|number|phone|mobile|[\s:：,，.。!！])*", re.I
)


class Wish(NamedTuple):
    """A choice of `choices.CHOICES`, and what he said with it: the number, or the words of his message."""

    verb: str
    said: str = ""


def wish_in(text: str, *, number_asked: bool = False) -> Wish | None:
    """What a message of somebody who waits says of his place; `number_asked`: he was just asked for his number."""
    plain = unicodedata.normalize("NFKC", text).strip()
    if not plain or len(plain) > LONGEST:
        return None
    if _SOLVED.fullmatch(plain):
        return Wish("solved")
    if _LEAVES.fullmatch(plain):
        return Wish("leave-queue")
    if found := _MESSAGE.fullmatch(plain):
        return Wish("leave-message", found["text"] or "")
    numbers = _DIGITS.findall(plain)
    if len(numbers) != 1 or len(numbers[0]) > LONGEST_NUMBER:
        return None
    rest = plain.replace(numbers[0], " ")
    called = _CALL.search(rest) is not None and re.search(r"\w", _BESIDE.sub(" ", _CALL.sub(" ", rest))) is None
    return Wish("callback", numbers[0]) if called or (number_asked and _MINE.fullmatch(rest)) else None


def heed(tx: Transaction, sender: Sender, conversation: Conversation, entry: Entry, context: Context) -> Conversation:
    """Carries out what a message that was just stored asks for, instead of asking the bot about it.

    Somebody who has been to and fro too often stays with people, and the bot answers him.
    """
    kind = conversation.owner.kind
    if kind not in (OwnerKind.QUEUE, OwnerKind.OFFER, OwnerKind.MAILBOX) or set(entry.body) != {"text"}:
        return conversation
    asked = _number_asked(tx.connection, conversation, entry)
    wish = wish_in(str(entry.body["text"]), number_asked=asked)
    if wish is None or kind not in CHOICES[wish.verb].offered or not _queue_is_known(tx.connection, conversation):
        return conversation
    if outbox.pending(tx.connection, conversation.tenant, conversation.id, "bot") == entry.seq:
        outbox.finish(tx.connection, conversation.tenant, conversation.id, "bot", upto_seq=entry.seq)
    try:
        return _done(tx, sender, conversation, wish, entry, context)
    except StaysWithPeople:
        outbox.enqueue(tx, conversation, "bot", entry.seq, context.now)
        return conversation


def _done(
    tx: Transaction, sender: Sender, conversation: Conversation, wish: Wish, entry: Entry, context: Context
) -> Conversation:
    if wish.verb == "solved":
        return solved(tx, conversation, sender.author, context)
    if wish.verb == "leave-queue":
        return leave_queue(tx, conversation, sender.author, context)
    if wish.verb == "leave-message":
        return leave_message(tx, conversation, sender.author, context, reply_to="", written=bool(wish.said))
    settings = tenants.find(tx.connection, conversation.tenant).settings
    calendar = settings.calendar(conversation.owner.queue or settings.default_queue.id)
    text = str(entry.body["text"])
    at = due_in(unicodedata.normalize("NFKC", text).replace(wish.said, " "), Said(context.now, calendar))
    named = at is not None and at <= context.now + FARTHEST
    due_at = when_open(calendar, at) if at is not None and named else call_time(None, calendar, context.now)
    return book_call(tx, sender, conversation, phone_number(wish.said), due_at, subject=text, context=context)


def _queue_is_known(connection: sa.Connection, conversation: Conversation) -> bool:
    """Whether the place can be moved: its queue may have gone from the configuration since."""
    settings = tenants.find(connection, conversation.tenant).settings
    return conversation.owner.queue is None or settings.queue(conversation.owner.queue) is not None


def _number_asked(connection: sa.Connection, conversation: Conversation, entry: Entry) -> bool:
    """Whether the last thing that was said to him before this message asks for his number."""
    recent = store.entries_after(connection, conversation.tenant, conversation.id, max(0, entry.seq - 1 - LAST_SAID))
    for before in reversed([one for one in recent if one.seq < entry.seq]):
        told = before.kind in (Kind.MESSAGE, Kind.STATE) and before.author.kind is not AuthorKind.CUSTOMER
        if told and before.audience is Audience.PUBLIC and before.body.get("text"):
            return before.body.get(ASKS) == NUMBER
    return False
