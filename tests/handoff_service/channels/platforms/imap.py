"""An IMAP server as RFC 3501 has it, as far as one who fetches needs: LOGIN, SELECT, UID SEARCH, FETCH and STORE."""

from __future__ import annotations

import re
import socketserver
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from tests.handoff_service.channels.platforms.fake import Answered, Hook
from tests.handoff_service.channels.platforms.mail import FakeMail


class FakeMailbox:
    """One INBOX on the loopback; `seen` are the numbers that were marked."""

    user, password = "support", "a-password"

    def __init__(self) -> None:
        self.generation = 1
        self.mails: dict[int, bytes] = {}
        self.came: dict[int, datetime] = {}
        self.seen: set[int] = set()
        self.next = 7
        self.log: list[str] = []
        mailbox = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                self.wfile.write(b"* OK ready\r\n")
                for line in self.rfile:
                    tag, _, said = line.decode().rstrip("\r\n").partition(" ")
                    mailbox.log.append(said)
                    self.wfile.write(mailbox.answer(tag, said))
                    if said.upper() == "LOGOUT":
                        return

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        self.url = f"imap://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def put(self, mail: bytes, came: datetime | None = None) -> int:
        number = self.next
        self.came[number], self.mails[number] = came or datetime.now(UTC), mail
        self.next += 1  # seen by nobody before it is there
        return number

    def renumber(self) -> None:
        """A new generation: every mail has another number."""
        self.generation += 1
        kept, self.mails, self.next = list(self.mails.values()), {}, 1
        for mail in kept:
            self.put(mail)

    def answer(self, tag: str, said: str) -> bytes:
        done, word = f"{tag} OK done\r\n".encode(), said.upper()
        if word == "CAPABILITY":
            return b"* CAPABILITY IMAP4rev1\r\n" + done
        if word.startswith("LOGIN"):
            right = said.split(" ", 1)[1].replace('"', "") == f"{self.user} {self.password}"
            return done if right else f"{tag} NO [AUTHENTICATIONFAILED] wrong\r\n".encode()
        if word.startswith("SELECT"):
            head = f"* {len(self.mails)} EXISTS\r\n* OK [UIDVALIDITY {self.generation}] x\r\n"
            return f"{head}* OK [UIDNEXT {self.next}] x\r\n".encode() + done
        if word.startswith("UID SEARCH UID"):
            first = int(word.split()[3].partition(":")[0])
            found = {number for number in self.mails if number >= first} | set(sorted(self.mails)[-1:])
            return self._found(sorted(found)) + done
        if word.startswith("UID SEARCH SINCE"):
            assert re.fullmatch(r"UID SEARCH SINCE \d\d-[A-Z]{3}-\d{4}", word)
            return self._found(sorted(self.mails)) + done
        if word.startswith("UID FETCH") and "INTERNALDATE" in word:
            first, last = map(int, word.split()[2].split(":"))
            return b"".join(self._dated(number) for number in sorted(self.mails) if first <= number <= last) + done
        if word.startswith("UID FETCH"):
            return self._fetched(int(said.split()[2]), word) + done
        if word.startswith("UID STORE"):
            self.seen |= {int(one) for one in said.split()[2].split(",")}
        return (b"* BYE\r\n" if word == "LOGOUT" else b"") + done

    def _dated(self, number: int) -> bytes:
        """With the zone of the server, which is not ours."""
        at = self.came[number].astimezone(timezone(timedelta(hours=-5)))
        return f'* 1 FETCH (UID {number} INTERNALDATE "{at:%d-%b-%Y %H:%M:%S %z}")\r\n'.encode()

    def _found(self, numbers: list[int]) -> bytes:
        return f"* SEARCH {' '.join(map(str, numbers))}\r\n".encode()

    def _fetched(self, number: int, word: str) -> bytes:
        mail = self.mails.get(number)
        if mail is None:
            return b""
        if "RFC822.SIZE" in word:
            return f"* 1 FETCH (UID {number} RFC822.SIZE {len(mail)})\r\n".encode()
        assert "PEEK" in word, "reading alone must not mark a mail as seen"
        return f"* 1 FETCH (UID {number} BODY[] {{{len(mail)}}}\r\n".encode() + mail + b")\r\n"


class FakeImapMail(FakeMail):
    """Mails lie in a mailbox until they are fetched; nothing is posted to us."""

    signing = ""

    def __init__(self) -> None:
        super().__init__()
        self.mailbox = FakeMailbox()

    def close(self) -> None:
        self.mailbox.close()
        super().close()

    def fields(self) -> dict[str, str]:
        given = {name: value for name, value in super().fields().items() if name != "signing_key"}
        mailbox = {"imap_user": self.mailbox.user, "imap_password": self.mailbox.password}
        return {**given, "provider": "imap", "imap": self.mailbox.url, **mailbox}

    def hook(self, *events: Mapping[str, Any], secret: str | None = None) -> Hook:  # noqa: ARG002
        (event,) = events
        return Hook(event["mail"], {})

    def send(self, hook: Hook, timeout_s: float = 10.0) -> Answered:  # noqa: ARG002
        self.mailbox.put(hook.raw)
        return Answered(200, b"", {})
