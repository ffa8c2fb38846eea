"""Changes over HTTP that may be repeated: the header Idempotency-Key is the op_id of administrators and integrators."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import Header
from pydantic import BaseModel

from handoff_service.callers import Caller
from handoff_service.conversations.change import Context
from handoff_service.database import Transaction
from handoff_service.operations import once as once_only
from handoff_service.service import Service

IdempotencyKey = Annotated[
    str,
    Header(
        alias="idempotency-key",
        pattern=r"^[A-Za-z0-9_-]{8,64}$",
        description="A new one for each change; sent again, it has the recorded answer and changes nothing.",
    ),
]
Work = Callable[[Transaction, Context], dict[str, Any]]


class Changing:
    """Runs changes once for each key of each caller."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def run(
        self,
        caller: Caller,
        key: str,
        subject: str,
        given: BaseModel | Mapping[str, Any] | None,
        work: Work,
        *,
        once: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """The answer of `work`, recorded. What is in `once` is added to the first answer only, and never stored.

        Raises Mismatch when the key was used for something else.
        """
        context, fresh = self._service.context(), []
        body = given.model_dump(mode="json") if isinstance(given, BaseModel) else dict(given or {})

        def write(tx: Transaction) -> dict[str, Any]:
            def act() -> dict[str, Any]:
                fresh.append(True)
                return work(tx, context)

            fresh.clear()  # a transaction may be tried again
            request = {"change": subject, **body}
            return once_only(tx, caller.tenant, caller.actor, key, request=request, now=context.now, work=act)

        answer = await self._service.database.write(write)
        return {**answer, **dict.fromkeys(once or {}), **(once or {} if fresh else {})}
