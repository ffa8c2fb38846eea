"""An electronic invoice for an order, to a person or a company."""

import re
from collections.abc import Mapping
from datetime import datetime

from bot.tasks import readers
from bot.tasks.choices import choices
from bot.tasks.deeds import allowed, done
from bot.tasks.orders import ORDER_SLOTS, order_steps
from bot.tasks.task import Case, Known, Step, Task, Told
from bot.tasks.words import in_one_go

NAME = "invoice_request"
KINDS = choices(NAME, "kind")
TITLE_CHARS = 100
LEAD_IN = re.compile(  # what is said before the name and is no part of it
    r"\s*(?:(?:发票)?抬头(?:就)?(?:是|写|开|用|为)?|就?(?:写|开)(?:给|成)?|(?:公司|单位)?名(?:称|字)?(?:是|叫)"
    r"|(?:公司|单位)(?:是|叫)"
    r"|(?:please )?make it (?:out )?(?:to|for)|(?:the )?(?:company|name|title)(?: name)?(?: is|:)|it'?s|(?:put"
    r"|write|use))[\s:：]+"
    r"|\s*(?:(?:发票)?抬头(?:就)?(?:是|写|开|用|为)?|就(?:写|开))(?=[\u4e00-\u9fff])[\s:：]*",
    re.IGNORECASE,
)


def for_company(known: Known) -> bool:
    """Whether a company is invoiced, which has a tax number."""
    return known.get("kind") == "company"


def title(text: str, now: datetime) -> str | None:
    """The name on the invoice: words that are neither a mail address nor a number."""
    text = in_one_go(text)
    found = readers.words(LEAD_IN.sub("", text, count=1) if LEAD_IN.match(text) else text, now)
    other = readers.mail(text, now) or readers.tax_number(text, now)
    return None if found is None or other or len(found) > TITLE_CHARS or found.isdigit() else found


def summary(case: Case) -> Mapping[str, str]:
    """What the invoice will say and where it goes."""
    known = case.known
    return {
        "number": known["order_number"],
        "kind": KINDS.title(known["kind"], case.language),
        "title": known["title"],
        "tax_number": f" {known['tax_number']}" if for_company(known) else "",
        "email": known["email"],
    }


async def do(case: Case) -> Told:
    """Have it issued."""
    known = case.known
    wanted = {name: known[name] for name in ("kind", "title", "tax_number", "email") if name in known}
    number = known["order_number"]
    answer = await case.shop.do(
        f"/orders/{number}/invoice", proof=case.proof, key=case.key, needs=("invoice",), **wanted
    )
    return done(NAME, answer, number=number)


TASK = Task(
    name=NAME,
    steps=(
        *order_steps(allowed(NAME, "invoice"), statuses=("delivered",)),
        Step(
            slot="kind",
            example={"zh": "公司", "en": "for a company"},
            read=KINDS.read,
            early=KINDS.early,
            options=KINDS.options,
        ),
        Step(slot="title", example={"zh": "蓝天科技有限公司", "en": "Blue Sky Ltd."}, read=title, own_words=True),
        Step(
            slot="tax_number",
            example={"zh": "91310000MA1FL0000X", "en": "91310000MA1FL0000X"},
            read=readers.tax_number,
            early=readers.tax_number,
            needed=for_company,
        ),
        Step(
            slot="email",
            example={"zh": "lin@example.com", "en": "lin@example.com"},
            read=readers.mail,
            early=readers.mail,
        ),
    ),
    summary=summary,
    do=do,
    carries=ORDER_SLOTS,
    words="发票|invoice|fapiao",
)
