"""The orders of a customer, as the shop's own order API shows them (data/demo_shop/openapi.yml is the contract).

Asked is only for a contact whom the tenant's own site has vouched for: whoever merely says that he is somebody would
otherwise be read that person's orders.
"""

from __future__ import annotations

from typing import Any

import httpx2
import sqlalchemy as sa

from handoff_service import tracing
from handoff_service.errors import Unavailable
from handoff_service.settings import Settings
from handoff_service.tenants import store as tenants

MOST = 20
WITHIN_S = 5.0


class Orders:
    """Client of the order API at TANDEM_SHOP_URL."""

    def __init__(self, client: httpx2.AsyncClient, settings: Settings) -> None:
        self._client = client
        self._settings = settings

    def are_of(self, connection: sa.Connection, tenant: str) -> bool:
        """Whether this tenant's customers are the shop's."""
        return tenants.is_of_shop(connection, tenant, self._settings.shop_tenants)

    async def of(self, customer: str) -> list[dict[str, Any]]:
        """The latest orders of the customer whom the shop knows by this id. Raises Unavailable."""
        key = self._settings.shop_api_key.get_secret_value()
        if not key:
            raise Unavailable("The gateway has no key of the shop; set TANDEM_SHOP_API_KEY.")
        headers = {**tracing.headers(), "authorization": f"Bearer {key}", "x-customer": customer}
        url = f"{self._settings.shop_url.rstrip('/')}/api/v1/orders"
        try:
            answer = await self._client.get(url, params={"limit": str(MOST)}, headers=headers, timeout=WITHIN_S)
            found = answer.json() if answer.status_code == 200 else None
        except (httpx2.HTTPError, ValueError) as error:
            raise Unavailable(f"The shop does not answer ({error.__class__.__name__}).") from error
        if not isinstance(found, dict) or not isinstance(found.get("orders"), list):
            raise Unavailable(f"The shop answered GET /orders with status {answer.status_code}, in no form we know.")
        return [order for order in found["orders"][:MOST] if isinstance(order, dict) and "number" in order]
