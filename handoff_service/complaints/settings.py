"""What a tenant may set for complaints: categories, causes, evidence, remedies and who may grant how much."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from handoff_service.agents.model import Role

Evidence = Literal["order_number", "pictures", "transcript", "statement"]

AGENT = "agent_attitude"


class Choice(BaseModel):
    """A category, cause or kind of remedy, as it is shown."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")
    zh: str
    en: str


class Category(Choice):
    """What is complained about, and what must be there before it can be decided."""

    evidence: tuple[Evidence, ...] = ("order_number", "transcript")


def _choices(*rows: tuple[str, str, str]) -> tuple[Choice, ...]:
    return tuple(Choice(id=name, zh=zh, en=en) for name, zh, en in rows)


CATEGORIES = (
    Category(id="product", zh="商品质量", en="Product", evidence=("order_number", "pictures", "transcript")),
    Category(id="delivery", zh="物流配送", en="Delivery", evidence=("order_number", "pictures", "transcript")),
    Category(id="payment", zh="支付退款", en="Payment or refund"),
    Category(id=AGENT, zh="客服态度", en="Conduct of an agent", evidence=("transcript",)),
    Category(id="service", zh="服务效率", en="Service", evidence=("transcript",)),
    Category(id="other", zh="其他", en="Other", evidence=("transcript",)),
)
CAUSES = _choices(
    ("policy_misunderstood", "对规则的误解", "Policy misunderstood"),
    ("service_quality", "服务质量", "Quality of service"),
    ("product_fault", "商品缺陷", "Fault of the product"),
    ("carrier", "承运商", "Carrier"),
    ("system_error", "系统故障", "System error"),
    ("wrong_information", "信息错误", "Wrong information"),
    ("unfounded", "投诉不成立", "Unfounded"),
    ("other", "其他", "Other"),
)
REMEDIES = _choices(
    ("apology", "致歉", "Apology"),
    ("refund", "退款", "Refund"),
    ("replacement", "换货补发", "Replacement"),
    ("compensation", "补偿", "Compensation"),
    ("voucher", "优惠券", "Voucher"),
    ("fix", "直接解决", "Direct fix"),
)


class ComplaintSettings(BaseModel):
    """`limits`: what each role may grant by itself, in hundredths of `currency`; a role that is not named: nothing.

    A limit is for one customer within `limit_days`, however many complaints these are, and for one order at any time.
    `answer_hours` are working hours of the queue. `low_rating`: from this many stars down the conversation is put
    before a supervisor (0: never).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    categories: tuple[Category, ...] = Field(default=CATEGORIES, min_length=1)
    causes: tuple[Choice, ...] = Field(default=CAUSES, min_length=1)
    remedies: tuple[Choice, ...] = Field(default=REMEDIES, min_length=1)
    currency: str = Field(default="CNY", pattern=r"^[A-Z]{3}$")
    limits: Mapping[Role, int] = {
        Role.AGENT: 5_000,
        Role.EXPERT: 20_000,
        Role.SUPERVISOR: 100_000,
        Role.ADMIN: 1_000_000,
        Role.OWNER: 10_000_000,
    }
    limit_days: int = Field(default=90, ge=1, le=3660)
    answer_hours: int = Field(default=48, ge=1, le=720)
    low_rating: int = Field(default=2, ge=0, le=5)

    @model_validator(mode="after")
    def _names_are_single(self) -> ComplaintSettings:
        for part in ("categories", "causes", "remedies"):
            names = [one.id for one in getattr(self, part)]
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"complaints.{part}: {', '.join(twice)} is listed twice")
        below = [role for role, most in self.limits.items() if most < 0]
        if below:
            raise ValueError(f"complaints.limits: {', '.join(below)} cannot be below 0")
        return self

    def category(self, name: str) -> Category | None:
        return next((one for one in self.categories if one.id == name), None)

    def limit(self, role: Role) -> int:
        """What the role may grant by itself."""
        return self.limits.get(role, 0)
