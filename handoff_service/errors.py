"""Every error that the gateway tells somebody about, as one tree.

TandemError
├── Invalid (422)                 the request itself is wrong: too long, NUL, unknown field
│   ├── BadConfiguration          a configuration file with problems, each with its line; nothing was applied
│   ├── ForbiddenWords            a reply says what its tenant does not want said; `words` are those
│   ├── Malformed (400)           not even the form is right: no JSON, no UTF-8, a repeated key
│   ├── TooLarge (413)
│   └── TooSlow (408)             what is sent comes too slowly to wait for it
├── Unauthorized (401)            no, expired or foreign credentials
├── Forbidden (403)               known, but not allowed
├── NotFound (404)                does not exist, or belongs to somebody else: both look the same
├── Conflict (409)                the world moved on
│   ├── Erased (410)              the customer was erased: nothing about him is written any more
│   ├── IllegalTransition         the owner table does not list this move
│   ├── Fenced                    the epoch is stale: somebody else owns the conversation now
│   ├── AlreadyTaken              another agent was faster; names the winner
│   ├── CapacityFull              the agent has as many conversations as he may have
│   ├── OpenConversations         an agent who goes has to say what becomes of his conversations
│   ├── TooManyTransfers          it was passed on too often; whoever has it now closes or escalates it
│   ├── StaysWithPeople           it was handed over too often to go back to the bot once more
│   └── Mismatch                  the same client_id or op_id came with another body
├── Captured (406)                a name that a platform gives once came with other content: somebody has copied it
├── TooMany (429)                 a rate limit
├── Damaged (500)                 a file or a database is not what was written; it is left as it is
├── Unavailable (503)             a part that is needed is not reachable; try again
├── NotDelivered                  a channel did not take a message; says whether it may have and whether to try again
└── BotFailed                     one bot could not answer; the next rung of the ladder takes over
    ├── BotRefused                it is up, but does not take this one turn
    └── BotSlow                   it has not answered in time; whether it is down its late answer will tell
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any


class TandemError(Exception):
    """Base of all errors; `extra` goes into the JSON answer beside code and message."""

    status = 500
    code = "internal"
    retryable = False

    def __init__(self, message: str, **extra: Any) -> None:
        super().__init__(message)
        self.message = message
        self.extra = extra

    def as_json(self) -> dict[str, Any]:
        """The `error` object of every HTTP answer and `err` frame."""
        return {"code": self.code, "message": self.message, "retryable": self.retryable, **self.extra}


class Invalid(TandemError):
    status = 422
    code = "invalid"


class BadConfiguration(Invalid):
    code = "bad_configuration"


class ForbiddenWords(Invalid):
    code = "forbidden_words"


class Malformed(Invalid):
    status = 400
    code = "malformed"


class TooLarge(Invalid):
    status = 413
    code = "too_large"


class TooSlow(Invalid):
    status = 408
    code = "too_slow"
    retryable = True


class Unauthorized(TandemError):
    status = 401
    code = "unauthorized"


class Forbidden(TandemError):
    status = 403
    code = "forbidden"


class NotFound(TandemError):
    status = 404
    code = "not_found"


class Conflict(TandemError):
    status = 409
    code = "conflict"


class Erased(Conflict):
    status = 410
    code = "erased"


class IllegalTransition(Conflict):
    code = "illegal_transition"


class Fenced(Conflict):
    code = "fenced"


class AlreadyTaken(Conflict):
    code = "already_taken"


class CapacityFull(Conflict):
    code = "capacity_full"


class OpenConversations(Conflict):
    code = "open_conversations"


class TooManyTransfers(Conflict):
    code = "too_many_transfers"


class StaysWithPeople(Conflict):
    code = "stays_with_people"


class Mismatch(Conflict):
    code = "mismatch"


class Captured(TandemError):
    status = 406  # Mailgun's word for "do not send it again"
    code = "captured"


class TooMany(TandemError):
    status = 429
    code = "rate"
    retryable = True


class Damaged(TandemError):
    code = "damaged"


class Unavailable(TandemError):
    status = 503
    code = "unavailable"
    retryable = True


class NotDelivered(TandemError):
    """`uncertain`: it may have had its effect; `final`: trying again is useless; `retry_after_s`: not before.

    `barred`: what the platform does not let us do, and so what the customer must do first (channels/window.py).
    `hint`: what the answer told of the contact, kept with what a reply needs. `token_refused`: the account's access
    token is not taken any more.
    """

    status = 502
    code = "not_delivered"

    def __init__(
        self,
        message: str,
        *,
        uncertain: bool = False,
        final: bool = False,
        retry_after_s: float = 0.0,
        barred: str | None = None,
        hint: Mapping[str, str] | None = None,
        token_refused: bool = False,
    ) -> None:
        super().__init__(message)
        self.hint = hint or {}
        self.token_refused = token_refused
        self.uncertain = uncertain
        self.final = final
        self.retry_after_s = retry_after_s
        self.barred = barred


class BotFailed(TandemError):
    status = 503
    code = "bot_failed"
    retryable = True


class BotRefused(BotFailed):
    pass


class BotSlow(BotFailed):
    """`late` ends with True when the answer comes after all, with False when it never does."""

    def __init__(self, message: str, late: asyncio.Future[bool]) -> None:
        super().__init__(message)
        self.late = late
