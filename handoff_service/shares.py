"""Fair shares of a bounded number of places, so that a flood delays nobody but those who are part of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

FIRST_WORDS = 2  # the seq of the first message of a conversation: `opened` comes before it


class Shares:
    """Who may have how many of `places`, given the (tenant, seq) of what has one.

    A tenant may have three quarters of them, those of his customers who write for the first time half: a flood of
    one shop does not delay another's customers, and a flood of new visitors nobody who is in a conversation.
    """

    def __init__(self, taken: Iterable[tuple[str, int]], places: int) -> None:
        self._tenant_may = max(1, places * 3 // 4)
        self._newcomers_may = max(1, places // 2)
        self._tenants: Counter[str] = Counter()
        self._newcomers: Counter[str] = Counter()
        for tenant, seq in taken:
            self.take(tenant, seq)

    def take(self, tenant: str, seq: int) -> bool:
        """Takes a place; False when the tenant, or his newcomers, have their share already."""
        newcomer = seq <= FIRST_WORDS
        if self._tenants[tenant] >= self._tenant_may or (newcomer and self._newcomers[tenant] >= self._newcomers_may):
            return False
        self._tenants[tenant] += 1
        self._newcomers[tenant] += newcomer
        return True

    def used_up(self) -> tuple[list[str], list[str]]:
        """The tenants who get no more places, and those whose newcomers get no more."""
        return (
            [tenant for tenant, count in self._tenants.items() if count >= self._tenant_may],
            [tenant for tenant, count in self._newcomers.items() if count >= self._newcomers_may],
        )
