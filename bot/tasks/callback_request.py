"""A call back: number, time and topic go into a Ticket that outlives the conversation."""

import re
from collections.abc import Mapping
from datetime import datetime

from bot.tasks import readers
from bot.tasks.choices import choices
from bot.tasks.task import Case, Found, Result, Step, Task, Told, Wrong

NAME = "callback_request"
TIMES = choices(NAME, "time")
TIME_WORD = re.compile(
    r"[今明后昨早晚午夜点时周]|星期|礼拜|随时|都行|都可以|方便|几?分钟|[月号日]|\d"
    r"|\b(?:today|tonight|tomorrow|noon|morning|afternoon|evening|night|week\w*|(?:mon|tues|wednes|thurs|fri"
    r"|satur|sun)day|soon|now|asap"
    r"|any ?time|whenever|later|hours?|minutes?|after|before|between|lunch)\b",
    re.IGNORECASE,
)
_CLOCK = r"[\d一二三四五六七八九十两]{1,3}(?:点(?:钟|半|一刻|\d{1,2}分?)?|[:：]\d\d)(?:以?[前后]|左右)?"
MOMENT = re.compile(
    r"(?:大?后天|[今明][天早晚]|下?(?:周|星期|礼拜)[一二三四五六日天]|\d{1,2}[号日])(?:早上|上午|中午|下午"
    r"|傍晚|晚上)?的?(?:" + _CLOCK + r")?"
    r"|(?:早上|上午|中午|下午|傍晚|晚上)"
    + _CLOCK
    + r"|\b(?:(?:today|tonight|tomorrow|(?:on |next )?(?:mon|tues|wednes|thurs|fri|satur|sun)day)"
    r"(?: (?:morning|afternoon|evening|night))?(?: (?:at|after|before|around))?(?: \d{1,2}(?::\d\d)? ?(?:am|pm"
    r"|o'?clock)?)?"
    r"|(?:at|after|before|around) \d{1,2}(?::\d\d)? ?(?:am|pm|o'?clock))",
    re.IGNORECASE,
)


def call_time(text: str, now: datetime) -> str | None:
    """When to call, in words that speak of a time; a phone number or a topic is none."""
    if readers.phone(text, now) or (TIMES.read(text, now) is None and TIME_WORD.search(text) is None):
        return None
    return readers.words(text, now)


def named_time(text: str, now: datetime) -> str | None:
    """A moment that was named beside the wish ("call me tomorrow at 3 pm")."""
    found = MOMENT.search(text)
    return TIMES.early(text, now) or (found.group().strip() if found else None)


async def check_number(case: Case, phone: str) -> Result:  # noqa: ARG001 (checks share one shape)
    """Numbers that nobody has are no numbers."""
    if len(set(phone[3:])) == 1:
        return Wrong(say=f"{NAME}.ask_phone_again", forget=("phone",))
    return Found(value=phone)


def summary(case: Case) -> Mapping[str, str]:
    """Whom to call, when and about what."""
    return {"phone": case.known["phone"], "time": when(case), "topic": case.known["topic"]}


def when(case: Case) -> str:
    """The time in words."""
    return TIMES.title(case.known["time"], case.language)


async def do(case: Case) -> Told:
    """Leave the Ticket; the gateway puts its number into the text."""
    known = case.known
    fields = {"phone": known["phone"], "time": when(case), "topic": known["topic"]}
    if known.get("order_number"):
        fields["order"] = known["order_number"]
    line = f"{fields['phone']}, {fields['time']}: {fields['topic']}"
    ticket = {"type": "callback", "fields": fields, "summary": line}
    values = {"ticket": "{ticket}", "phone": known["phone"], "time": when(case)}
    return Told(say=f"{NAME}.done", values=values, ticket=ticket)


TASK = Task(
    name=NAME,
    steps=(
        Step(slot="order_number", read=readers.order_number, early=readers.order_number, asked=False),
        Step(
            slot="phone",
            example={"zh": "13812345678", "en": "13812345678"},
            read=readers.phone,
            early=readers.phone,
            check=check_number,
        ),
        Step(
            slot="time",
            example={"zh": "明天下午三点", "en": "tomorrow at 3 pm"},
            read=call_time,
            early=named_time,
            options=TIMES.options,
        ),
        Step(slot="topic", example={"zh": "退款的事", "en": "about my refund"}, read=readers.words, own_words=True),
    ),
    summary=summary,
    do=do,
    words="回电|回拨|打电话|电话|call",
    of_shop=False,
)
