"""A call back: number, time and topic go into a Ticket that outlives the conversation."""

from collections.abc import Mapping
from datetime import datetime

from bot.tasks import readers
from bot.tasks.choices import choices
from bot.tasks.task import Case, Found, Result, Step, Task, Told, Wrong

NAME = "callback_request"
TIMES = choices(NAME, "time")


def call_time(text: str, now: datetime) -> str | None:
    """When to call, in words; a phone number is no time."""
    return None if readers.phone(text, now) else readers.words(text, now)


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
            early=TIMES.early,
            options=TIMES.options,
            own_words=True,
        ),
        Step(slot="topic", example={"zh": "退款的事", "en": "about my refund"}, read=readers.words, own_words=True),
    ),
    summary=summary,
    do=do,
    words="回电|回拨|打电话|电话|call",
)
