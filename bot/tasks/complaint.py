"""A complaint: what about, which order, what happened, what would put it right, pictures; it becomes a Ticket."""

import re
from collections.abc import Mapping
from datetime import datetime

from bot.entities import read
from bot.shop import ShopUnavailable
from bot.tasks import readers
from bot.tasks.choices import choices
from bot.tasks.orders import own_orders
from bot.tasks.reasons import pictures_step
from bot.tasks.task import Case, Choose, Found, Result, Step, Task, Told, always
from bot.tasks.words import SKIP

NAME = "complaint"
ABOUT = choices(NAME, "about")
OF_AN_ORDER = ("delivery", "product", "money", "seller")
NO_ORDER = ""  # what is known where no order is to be named
NO_NUMBER = re.compile(
    r"(?:我|这个|这单|和|跟|与)*(?:没|不是|无|不关|不涉及|忘|不记得|不知道|找不到|查不到).{0,6}"
    r"(?:订单|单号|号码|号|了|哪一?单)?(?:了|吧|啊|呢)?"
    r"|(?:跟|和|与)?.{0,3}订单(?:没|无).{0,2}关系?"
    r"|(?:it is |it's |there is |i )?(?:no|not about an|do ?n.t (?:have|know|remember)|have no|forgot|lost|can.?t find)"
    r"(?: it| the| an| my| that| which| one| any)*(?: order)?(?: number)?",
    re.IGNORECASE,
)
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
CORRECTS = re.compile(
    r"\W*(?:不对|不是|错了|搞错|弄错|等|其实|应该|是|no\b|not\b|wait|sorry|actually|i mean|it is|it's)", re.IGNORECASE
)


def told_at_once(text: str, now: datetime) -> str | None:
    """What happened, where it came with the wish to complain ("the courier left it in the rain, I want to complain")
    or with the order's number."""
    number = next((each for each in read(text, now) if each.kind == "order_number"), None)
    rest = text if number is None else f"{text[: number.start]} {text[number.end :]}"
    if COMPLAINING.search(rest) is None and (number is None or CORRECTS.match(rest)):
        return None
    rest = COMPLAINING.sub(" ", rest).strip(" ,，。.;；:：!！")
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


def number_or_none(text: str, now: datetime) -> str | None:
    """The order's number; NO_ORDER where the customer says that there is none to name."""
    number = readers.order_number(text, now)
    if number is not None:
        return number
    said = text.strip().strip(" .。!！~,，")
    return NO_ORDER if SKIP.fullmatch(said) or NO_NUMBER.fullmatch(said) else None


async def order_to_name(case: Case) -> Result | None:
    """Nothing to ask for where it is about people; a signed-in customer picks, as far as the shop can be asked."""
    if case.known["about"] not in OF_AN_ORDER:
        return Found(value=NO_ORDER)
    try:
        options = await own_orders(case)
    except ShopUnavailable:  # a complaint is taken all the same
        options = ()
    return Choose(options=options) if options else None


async def do(case: Case) -> Told:
    """Leave the Ticket; the gateway puts its number into the text."""
    known = case.known
    fields = {"about": ABOUT.title(known["about"], case.language), "what": known["what"], "wish": known["wish"]}
    if known.get("order_number"):
        fields["order"] = known["order_number"]
    ticket = {
        "type": "complaint",
        "fields": fields,
        "summary": f"{fields['about']}: {known['what']}"[:SUMMARY_CHARS],
        "files": [file["id"] for file in known.get("evidence", ())],
    }
    return Told(say=f"{NAME}.done", values={"ticket": "{ticket}"}, ticket=ticket)


TASK = Task(
    name=NAME,
    steps=(
        Step(
            slot="about",
            example={"zh": "送货", "en": "delivery"},
            read=ABOUT.or_other,
            early=ABOUT.early,
            options=ABOUT.options,
            own_words=True,
        ),
        Step(
            slot="order_number",
            example={"zh": "LY20261103001", "en": "LY20261103001"},
            read=number_or_none,
            early=readers.order_number,
            find=order_to_name,
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
    of_shop=False,
)
