"""Words that a tenant does not want said to its customers. Pure, but for the look into the settings.

The desk's own copy of the rule (web/console/forbidden.ts) tells the author while he types; here it is enforced.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import sqlalchemy as sa

from handoff_service.desk.settings import ForbiddenWord
from handoff_service.errors import ForbiddenWords
from handoff_service.tenants import store as tenants

# Letters of scripts that put spaces between words: "ass" is not said in "class".
_LATIN = re.compile(r"[0-9a-zÀ-ɏ]")
# Characters that show nothing and would hide a word.
_UNSEEN = re.compile(r"[\u00ad\u200b-\u200f\u2060\ufeff]")


def plain(text: str) -> str:
    """Text in one spelling: full width as half, small letters, runs of spaces as one, nothing invisible."""
    return re.sub(r"\s+", " ", _UNSEEN.sub("", unicodedata.normalize("NFKC", text)).lower())


def found(text: str, words: Sequence[ForbiddenWord]) -> list[ForbiddenWord]:
    """Those of the words that the text holds, as whole words where a word begins or ends in a Latin letter."""
    said = plain(text)
    return [one for one in words if _holds(said, plain(one.word).strip())]


def _holds(said: str, word: str) -> bool:
    at = said.find(word) if word else -1
    while at >= 0:
        end = at + len(word)
        if not (_joined(said[at - 1 : at], word[0]) or _joined(word[-1], said[end : end + 1])):
            return True
        at = said.find(word, at + 1)
    return False


def _joined(before: str, after: str) -> bool:
    """Whether two characters beside each other are of one word."""
    return bool(_LATIN.fullmatch(before) and _LATIN.fullmatch(after))


def refuse_forbidden(connection: sa.Connection, tenant: str, text: str) -> None:
    """Raises ForbiddenWords for a reply that holds what the tenant does not want said."""
    listed = tenants.find(connection, tenant).settings.desk.forbidden
    said = [one.word for one in found(text, listed) if one.action == "block"] if listed else []
    if said:
        raise ForbiddenWords(f"Not sent: it says what customers are not to read: {', '.join(said)}.", words=said)
