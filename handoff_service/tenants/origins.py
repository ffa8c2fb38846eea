"""Which other sites may talk to the gateway, remembered so that not every request asks the database."""

from __future__ import annotations

import re
import time
from urllib.parse import urlsplit

from handoff_service.database import Database
from handoff_service.errors import NotFound
from handoff_service.tenants import store

HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(?::\d{1,5})?")
KNOWN_FOR_S = 1.0
# For an origin that is not listed, which may have been added just now: a stranger who asks all the time costs little.
ASKED_AGAIN_AFTER_S = 0.1


class Origins:
    """The allowed origins of all tenants, at most KNOWN_FOR_S old."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: frozenset[str] = frozenset()
        self._read_at = float("-inf")

    async def of(self, tenant: str) -> tuple[str, ...]:
        """The sites that one tenant lists; none for a tenant who does not exist."""
        everyone = await self._database.read(store.everyone)
        return next((one.settings.allowed_origins for one in everyone if one.id == tenant), ())

    async def logo_of(self, tenant: str) -> str:
        """Where a tenant's picture lies on another site; empty when it has none there, or does not exist."""
        try:
            found = await self._database.read(lambda connection: store.find(connection, tenant))
        except NotFound:
            return ""
        return _picture(found.settings.widget.logo or "")

    async def allow(self, origin: str) -> bool:
        """Whether a tenant lists it."""
        age = time.monotonic() - self._read_at
        if age > (KNOWN_FOR_S if origin in self._known else ASKED_AGAIN_AFTER_S):
            # Those who ask meanwhile use what is known; the first ones of a process read for themselves.
            if self._read_at > 0:
                self._read_at = time.monotonic()
            everyone = await self._database.read(store.everyone)
            self._known = frozenset(one for tenant in everyone for one in tenant.settings.allowed_origins)
            self._read_at = time.monotonic()
        return origin in self._known


def _picture(address: str) -> str:
    """The address as a source of a content security policy: this file of this site and no other."""
    parts = urlsplit(address)
    if parts.scheme != "https" or not HOST.fullmatch(parts.netloc):
        return ""
    return f"https://{parts.netloc}{parts.path.replace(';', '%3B').replace(',', '%2C')}"
