"""Bodies of the API's requests; openapi.yml says the same for people."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Key = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,128}$")]
Line = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00]+$")]
Code = Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]
Evidence = Annotated[list[Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,255}$")]], Field(max_length=6)]


class Wanted(BaseModel):
    """What every request that does something has; the same key again returns what was done."""

    model_config = ConfigDict(extra="forbid", strict=True)

    idempotency_key: Key


class Refund(Wanted):
    """Money back; without an amount all that was paid."""

    reason: Line
    code: Code = "other"
    amount: Annotated[str, Field(pattern=r"^\d{1,7}\.\d{2}$")] | None = None
    evidence: Evidence = []


class SendBack(Wanted):
    """A return or an exchange; `evidence` are ids of pictures."""

    kind: Literal["return", "exchange"]
    reason: Line
    code: Code
    method: Literal["pickup", "post"]
    evidence: Evidence = []


class Cancellation(Wanted):
    """Why an order is cancelled."""

    code: Code


class Address(Wanted):
    """Where an order is to go."""

    address: Annotated[str, Field(min_length=8, max_length=200, pattern=r"^[^\x00]+$")]


class Invoice(Wanted):
    """To whom an invoice is made out and where it is sent."""

    kind: Literal["personal", "company"]
    title: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00]+$")]
    tax_number: Annotated[str, Field(pattern=r"^[0-9A-Z]{15,18}$")] | None = None
    email: Annotated[str, Field(pattern=r"^[^@\s]{1,64}@[^@\s]{1,189}$")]


class Investigation(Wanted):
    """Trace a payment; `evidence` are ids of pictures."""

    evidence: Evidence = []


class Application(Wanted):
    """With which document an identity is verified."""

    document: Literal["id_card", "passport", "permit"]


class Closing(Wanted):
    """Why an account is closed."""

    code: Code


class Undo(Wanted):
    """Take something back."""
