"""Whether a coupon is good, and for what."""

from bot.tasks import readers
from bot.tasks.orders import clock, money
from bot.tasks.task import Case, Choose, Found, Option, Result, Step, Task, Told, Wrong

NAME = "coupon_check"
STATES = ("valid", "not_started", "expired", "used")
LISTED_COUPONS = 5


async def find(case: Case) -> Result | None:
    """A signed-in customer's own coupons."""
    if case.customer is None:
        return None
    body = await case.shop.read("/coupons", proof=case.proof, needs=("coupons",))
    mine = [each for each in (body or {}).get("coupons", ()) if "code" in each][:LISTED_COUPONS]
    if not mine:
        return None
    options = tuple(Option(title=f"{each['code']} · {each.get('name', '')}", value=each["code"]) for each in mine)
    return Choose(options=options, say=f"{NAME}.which")


async def check(case: Case, code: str) -> Result:
    """The coupon as the shop has it."""
    coupon = await case.shop.read(f"/coupons/{code}", proof=case.proof, needs=("code", "state"))
    if coupon is None:
        return Wrong(say=f"{NAME}.unknown", forget=("code",), values={"code": code}, guess=True)
    return Found(value=code, facts={"coupon": dict(coupon)})


async def do(case: Case) -> Told:
    """Its state and its conditions."""
    coupon = case.known["coupon"]
    state = coupon["state"] if coupon["state"] in STATES else "other"
    values = {
        "code": coupon["code"],
        "title": str(coupon.get("name") or ""),
        "minimum": money(coupon.get("minimum") or "0.00"),
        "off": money(coupon.get("off") or "0.00"),
        "starts": clock(coupon.get("starts")),
        "ends": clock(coupon.get("ends")),
    }
    return Told(say=f"{NAME}.{state}", values=values)


TASK = Task(
    name=NAME,
    steps=(
        Step(
            slot="code",
            example={"zh": "SAVE30", "en": "SAVE30"},
            read=readers.coupon_code,
            early=readers.coupon_code,
            find=find,
            check=check,
        ),
    ),
    do=do,
    words="优惠券|券|coupon|voucher|promo",
)
