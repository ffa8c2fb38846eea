"""What a reader hands back."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Found:
    """One value in a text: `start` and `end` count characters of the text as it came, `value` is the same however
    the customer wrote it.

    Values by kind: `order_number` "LY20261103001"; `date` "2026-11-03", or "2026-11-01/2026-11-30" for a span of days;
    `amount` "CNY 299.00"; `phone_number` "13812345678" (mainland mobile), "057187654321" (landline) or "+442079460018";
    `phone_tail` "1234"; `address`, `email`, `coupon_code` ("SAVE20") and `payment_reference` ("TU2026110301") as text.
    """

    kind: str
    text: str
    start: int
    end: int
    value: str

    def overlaps(self, other: "Found") -> bool:
        """Whether the two share a character."""
        return self.start < other.end and other.start < self.end
