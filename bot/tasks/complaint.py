"""A complaint: what about, what happened, what would put it right, pictures; it becomes a Ticket with a number."""

import re
from collections.abc import Mapping
from datetime import datetime

from bot.tasks import readers
from bot.tasks.choices import choices
from bot.tasks.reasons import pictures_step
from bot.tasks.task import Case, Step, Task, Told, always

NAME = "complaint"
ABOUT = choices(NAME, "about")
SUMMARY_CHARS = 200
COMPLAINING = re.compile(
    r"(?:我)?(?:就是|还是)?(?:想|要|得)?(?:给我|帮我)?(?:记|登记|提|做|来)?(?:一|个|一个|一下)?(?:投诉|反映)"
    r"(?:一下|个|一个)?(?:问题|情况)?|要(?:有)?个(?:说法|交代)"
    r"|\b(?:i )?(?:want|would like|'d like|need|have)? ?(?:to )?(?:file|make|lodge|put in|raise|submit"
    r"|have)? ?(?:a |an )?(?:formal )?"
    r"complain(?:t|ts|ing)?(?: to make)?(?: about)?\b|\bput that down as\b",
    re.IGNORECASE,
)
HAN = re.compile(r"[\u4e00-\u9fff]")
ENOUGH_HAN, ENOUGH_WORDS = 7, 5


def told_at_once(text: str, now: datetime) -> str | None:
    """What happened, where the wish to complain came with it: "the courier left it in the rain, I want to complain"."""
    if COMPLAINING.search(text) is None:
        return None
    rest = COMPLAINING.sub(" ", text).strip(" ,，。.;；:：!！")
    enough = len(HAN.findall(rest)) >= ENOUGH_HAN or len(rest.split()) >= ENOUGH_WORDS
    return readers.words(text, now) if enough else None


def summary(case: Case) -> Mapping[str, str]:
    """What will be filed."""
    known = case.known
    order = known.get("order_number")
    return {
        "about": ABOUT.title(known["about"], case.language),
        "order": f" {order}" if order else "",
        "what": known["what"],
        "wish": known["wish"],
        "pictures": str(len(known.get("evidence", ()))),
    }


async def do(case: Case) -> Told:
    """Leave the Ticket; the gateway puts its number into the text."""
    known = case.known
    fields = {"about": ABOUT.title(known["about"], case.language), "what": known["what"], "wish": known["wish"]}
    if known.get("order_number"):
        fields["order"] = known["order_number"]
    if known.get("evidence"):
        fields["files"] = ", ".join(file["name"] for file in known["evidence"])
    ticket = {"type": "complaint", "fields": fields, "summary": f"{fields['about']}: {known['what']}"[:SUMMARY_CHARS]}
    return Told(say=f"{NAME}.done", values={"ticket": "{ticket}"}, ticket=ticket)


TASK = Task(
    name=NAME,
    steps=(
        Step(slot="order_number", read=readers.order_number, early=readers.order_number, asked=False),
        Step(
            slot="about",
            example={"zh": "送货", "en": "delivery"},
            read=ABOUT.or_other,
            early=ABOUT.early,
            options=ABOUT.options,
            own_words=True,
        ),
        Step(
            slot="what",
            example={"zh": "快递把包裹扔在门口就走了", "en": "the courier left the parcel in the rain"},
            read=readers.words,
            early=told_at_once,
            own_words=True,
        ),
        Step(
            slot="wish",
            example={"zh": "希望道歉并补发", "en": "an apology and a new one"},
            read=readers.words,
            own_words=True,
        ),
        pictures_step(always),
    ),
    summary=summary,
    do=do,
    carries=("order_number",),
    words="投诉|complain",
)
