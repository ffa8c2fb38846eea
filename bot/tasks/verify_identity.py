"""Help with identity verification: where it stands, which documents are needed, and a new attempt."""

from collections.abc import Mapping

from bot.tasks import readers
from bot.tasks.choices import choices
from bot.tasks.deeds import done
from bot.tasks.orders import clock
from bot.tasks.task import Case, Choose, Ends, Found, Line, Result, Step, Task, Told

NAME = "verify_identity"
DOCUMENTS = choices(NAME, "document")
CHECKLIST = {"id_card": ("id_front", "id_back", "face"), "passport": ("passport_page", "passport_held"),
             "permit": ("permit_front", "permit_back", "face")}  # fmt: skip
WHYS = ("glare", "expired", "mismatch")
CLOSED = ("verified", "in_review", "locked")  # nothing to start: the state is the answer


async def find_state(case: Case) -> Result | None:
    """A signed-in customer's own state; nothing for a stranger, who gets the checklist."""
    if case.customer is None:
        return None
    identity = await case.shop.read("/identity", proof=case.proof, needs=("state",))
    if identity is None:
        return None
    if identity["state"] in CLOSED:
        values = {"until": clock(identity.get("until")), "since": clock(identity.get("since"))}
        return Ends(told=Told(say=f"{NAME}.{identity['state']}", values=values))
    return Found(value=identity["state"], facts={"why": str(identity.get("reason") or "")})


async def find_document(case: Case) -> Result | None:
    """After a refusal that says why, the question says what to do better."""
    why = case.known.get("why")
    if why not in WHYS:
        return None
    return Choose(options=tuple(DOCUMENTS.options(case)), say=f"{NAME}.ask_document_{why}")


async def check_document(case: Case, document: str) -> Result:
    """Driving licences and student cards are not accepted; a stranger is told what he needs, nothing is started."""
    if document == "other":
        return Ends(told=Told(say=f"{NAME}.not_accepted"))
    if "state" not in case.known:
        values = {"document": DOCUMENTS.title(document, case.language)}
        return Ends(told=Told(say=f"{NAME}.checklist", values=values, details=checklist(document)))
    return Found(value=document)


def checklist(document: str) -> list[Line]:
    """What to have ready."""
    return [Line(say=f"{NAME}.need_{each}") for each in (*CHECKLIST[document], "quality")]


def summary(case: Case) -> Mapping[str, str]:
    """Which document a new attempt is started with."""
    return {"document": DOCUMENTS.title(case.known["document"], case.language)}


async def do(case: Case) -> Told:
    """Start a new attempt: the shop gives the place to upload, pictures of documents do not go through the chat."""
    document = case.known["document"]
    answer = await case.shop.do(
        "/identity/applications", proof=case.proof, key=case.key, needs=("application",), document=document
    )
    told = done(NAME, answer)
    return (
        told
        if not isinstance(answer, Mapping)
        else Told(say=told.say, values=told.values, details=checklist(document), undo=told.undo)
    )


TASK = Task(
    name=NAME,
    steps=(
        Step(slot="state", read=readers.nothing, find=find_state, asked=False),
        Step(
            slot="document",
            example={"zh": "身份证", "en": "passport"},
            read=DOCUMENTS.read,
            early=DOCUMENTS.early,
            options=DOCUMENTS.options,
            find=find_document,
            check=check_document,
        ),
    ),
    summary=summary,
    do=do,
    words="实名|身份|认证|verif|identity",
)
