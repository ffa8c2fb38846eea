"""A complaint: what about, what happened, what would put it right, pictures; it becomes a Ticket with a number."""

from collections.abc import Mapping

from bot.tasks import readers
from bot.tasks.choices import choices
from bot.tasks.reasons import pictures_step
from bot.tasks.task import Case, Step, Task, Told, always

NAME = "complaint"
ABOUT = choices(NAME, "about")
SUMMARY_CHARS = 200


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
            read=ABOUT.read,
            early=ABOUT.early,
            options=ABOUT.options,
        ),
        Step(
            slot="what",
            example={"zh": "快递把包裹扔在门口就走了", "en": "the courier left the parcel in the rain"},
            read=readers.words,
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
