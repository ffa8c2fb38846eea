"""Texts that try to become a program, in every part of the mails that we send (F-83)."""

from __future__ import annotations

import email
from email.policy import default
from html.parser import HTMLParser

import pytest

from handoff_service.channels.mail import compose
from handoff_service.channels.mail_words import MARKS
from handoff_service.channels.model import Enclosed
from tests.handoff_service.channels.platforms.test_mail import NOW, an_account, an_answer
from tests.handoff_service.help_centre.hostile import HOSTILE

OURS = {*MARKS, "html", "body", "br"}


class Harm(HTMLParser):
    """What of a page is more than marks and links."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in OURS:
            self.found.append(tag)
        for name, value in attrs:
            if (tag, name) == ("a", "rel"):
                continue
            if (tag, name) != ("a", "href") or not (value or "").startswith(("http://", "https://", "mailto:")):
                self.found.append(f"{tag} {name}={value}")


def test_what_is_looked_for_is_found() -> None:
    assert Harm('<html><body><a href="javascript:x">').found == ["a href=javascript:x"]
    assert Harm("<b onclick=x>b</b><svg>").found == ["b onclick=x", "svg"]


@pytest.mark.parametrize("words", HOSTILE)
def test_nothing_that_anybody_says_runs_in_a_mail(words: str) -> None:
    account = an_account()
    hint = {"subject": words, "message_id": words, "references": words}
    made = compose(account, an_answer(text=words, author_kind="agent", author_name=words, hint=hint), NOW)
    back = email.message_from_bytes(made.as_bytes(), policy=default)
    page = back.get_body(("html",)).get_content()  # type: ignore[attr-defined]
    assert Harm(page).found == []
    assert back.get_body(("plain",)).get_content_type() == "text/plain"  # type: ignore[attr-defined]
    known = {"From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "X-Auto-Response-Suppress"}
    assert set(back.keys()) <= {*known, "Reply-To"}, "no header of theirs"


@pytest.mark.parametrize("words", HOSTILE)
def test_a_file_goes_as_a_file_whatever_it_is_called(words: str) -> None:
    file = Enclosed(id="f", name=words, type="text/plain", size=2, link="", content=b"hi")
    made = compose(an_account(), an_answer(file=file, text=""), NOW)
    back = email.message_from_bytes(made.as_bytes(), policy=default)
    (part,) = back.iter_attachments()  # type: ignore[attr-defined]
    assert (part.get_content_disposition(), part.get_content_type()) == ("attachment", "text/plain")
    assert [one.get_content_type() for one in back.walk()] == ["multipart/mixed", "text/plain", "text/plain"]
