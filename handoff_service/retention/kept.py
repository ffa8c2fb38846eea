"""What is kept about one person: what erasing him would take, and what stands in its way."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from handoff_service import audit
from handoff_service.channels import contacts
from handoff_service.clock import iso
from handoff_service.files import store as files
from handoff_service.retention import store
from handoff_service.retention.reach import Whom, left_out, reached
from handoff_service.tickets import store as tickets

# Of whom there is more, those on hold and the latest are shown.
MOST_SHOWN = 100


def kept_of(connection: sa.Connection, tenant: str, contact: str, *, merged: bool = False) -> dict[str, Any]:
    """Names and addresses, how much there is, and every conversation with its hold. Raises NotFound.

    Of whom `erase.begin` and `export_person` reach when asked the same; `own` and `merged` always tell both.
    """
    details = contacts.details(connection, tenant, contact)
    person = reached(connection, tenant, contact, Whom(merged))
    own = contacts.own(connection, tenant, contact)
    others = left_out(connection, tenant, contact, own)
    found = store.kept_conversations(connection, tenant, person)
    held = [one for one in found if one["hold"]]
    shown = sorted(found, key=lambda one: (one["hold"], one["opened_at"]), reverse=True)[:MOST_SHOWN]
    full = [one for one in found if one["kept"]]
    names = contacts.names(connection, tenant, [*own, *others])
    work = [each for one in person for each in tickets.of_contact(connection, tenant, one)]
    return {
        "contact": contact,
        "name": details["name"],
        "verified": details["verified"],
        "own": own,
        "merged": [{"id": one, "name": names[one]} for one in others],
        "person": [_known(connection, tenant, one, names) for one in person],
        "counts": {
            "conversations": len(full),
            "open": sum(one["closed_at"] is None for one in full),
            "held": len(held),
            "entries": sum(one["last_seq"] for one in full),
            "tickets": sum(bool(one.subject or one.reply_to) for one in work),
            "files": sum(len(files.of_contact(connection, tenant, one)) for one in person),
        },
        "conversations": [_line(one) for one in shown],
        "holds": audit.last_of(connection, tenant, "hold", [one["id"] for one in held]),
    }


def _known(connection: sa.Connection, tenant: str, contact: str, names: dict[str, str]) -> dict[str, Any]:
    identities = contacts.identities(connection, tenant, contact)
    listed = [{"channel": channel, "external_id": external_id} for channel, external_id in identities]
    return {"id": contact, "name": names[contact], "identities": listed}


def _line(row: dict[str, Any]) -> dict[str, Any]:
    told = {name: row[name] for name in ("id", "channel", "hold", "kept")}
    return {**told, "opened_at": iso(row["opened_at"]), "closed_at": iso(row["closed_at"]), "entries": row["last_seq"]}
