"""Why something is to go back, in the customer's words and as the shop's code; pictures where they are needed."""

from datetime import datetime
from typing import Any

from bot.tasks import readers
from bot.tasks.choices import choices
from bot.tasks.task import Case, Check, Found, Known, Result, Step, Wrong
from bot.tasks.words import SKIP

REASONS = choices("asking", "reason")
FAULTY = frozenset({"quality", "damaged", "wrong_item", "missing_part"})
PICTURES = 6
PICTURE_BYTES = 10 * 1024 * 1024
UPLOAD = {"accept": "image/*", "most": PICTURES, "max_bytes": PICTURE_BYTES}  # what a widget may offer to send
REASON_CHARS = 200


def code_of(reason: str) -> str:
    """The shop's code for a reason in words, "other" when no words fit."""
    return REASONS.read(reason, readers.NO_TIME) or "other"


def words_of(reason: str, language: str) -> str:
    """A reason as the customer may read it."""
    return REASONS.title(reason, language)[:REASON_CHARS]


def is_faulty(known: Known) -> bool:
    """Whether the shop is to blame for what happened, which has to be seen."""
    return code_of(str(known.get("reason", ""))) in FAULTY


def is_faulty_arrival(known: Known) -> bool:
    """Whether something that arrived is faulty: what is still on its way cannot be photographed."""
    return is_faulty(known) and known.get("order", {}).get("status", "delivered") == "delivered"


def without_pictures(text: str, now: datetime) -> Any:  # noqa: ARG001 (readers share one shape)
    """[] when the customer says that there are none."""
    return [] if SKIP.fullmatch(text) else None


async def check_pictures(case: Case, files: list[dict[str, Any]]) -> Result:  # noqa: ARG001
    """At most six pictures of at most 10 MB each; what is none is left out when there are some beside it."""
    pictures = [file for file in files if file["type"].startswith("image/") and file["size"] <= PICTURE_BYTES]
    if len(pictures) > PICTURES:
        return Wrong(say="asking.too_many_pictures", forget=("evidence",), values={"most": str(PICTURES)})
    if files and not pictures:
        return Wrong(say="asking.no_picture", forget=("evidence",), values={"file": files[0]["name"]})
    return Found(value=pictures)


def reason_step(check: Check | None = None) -> Step:
    """Why, in one sentence or by a button."""
    return Step(
        slot="reason",
        example={"zh": "尺码不合适", "en": "it does not fit"},
        read=readers.words,
        early=REASONS.early,
        options=REASONS.options,
        check=check,
        own_words=True,
    )


def pictures_step(needed: Any, check: Check = check_pictures) -> Step:
    """Pictures of what is wrong."""
    return Step(
        slot="evidence",
        example={"zh": "没有图片", "en": "no pictures"},
        read=without_pictures,
        needed=needed,
        check=check,
        files=True,
    )
