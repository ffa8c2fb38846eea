"""The first customers and orders. Their dates count from the first start, so that "shipped yesterday" stays true.

The order numbers are fixed, because people and tests type them: a number is a name, not a date.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from data.demo_shop.account.store import Account
from data.demo_shop.model import SHOP_TIME, Customer, Item, Order, Parcel, Status
from data.demo_shop.wallet.store import Coupon, Payment

LIN_XIAO = Customer(id="cus_linxiao", name="林晓", phone="13812345678", language="zh")
ALEX = Customer(id="cus_alex", name="Alex Carter", phone="13987654321", language="en")
WANG_FANG = Customer(id="cus_wangfang", name="王芳", phone="13700001357", language="zh")
CHEN_JING = Customer(id="cus_chenjing", name="陈静", phone="13600002468", language="zh")
EMMA = Customer(id="cus_emma", name="Emma Brooks", phone="13500003579", language="en")
CUSTOMERS = (LIN_XIAO, ALEX, WANG_FANG, CHEN_JING, EMMA)
ADDRESSES = {
    "LY20261104016": "浙江省杭州市西湖区文三路 90 号 3 幢 501 室",
    "LY20261105002": "浙江省杭州市西湖区文三路 90 号 3 幢 501 室",
    "LY20261104051": "Room 1203, 88 Century Avenue, Pudong, Shanghai",
    "LY20261102063": "江苏省南京市鼓楼区中山北路 30 号",
}
# Verification in every state; Chen Jing's and Emma's accounts have nothing that keeps them from being closed.
ACCOUNTS = (
    Account(customer=LIN_XIAO.id, identity="rejected", reason="glare", balance=23_50),
    Account(customer=ALEX.id, identity="none", disputes=1),
    Account(customer=WANG_FANG.id, identity="verified", instalments=1),
    Account(customer=CHEN_JING.id, identity="in_review"),
    Account(customer=EMMA.id, identity="verified"),
)


def first_orders(now: datetime) -> list[Order]:
    """Orders in every status, two of different customers alike enough to be mixed up."""

    def order(
        customer: Customer,
        number: str,
        status: Status,
        days: float,
        *items: tuple[str, int, int],
        parcels: tuple[Parcel, ...] = (),
        arrived: float | None = None,
    ) -> Order:
        return Order(
            number=number,
            customer=customer.id,
            status=status,
            placed_at=now - timedelta(days=days),
            delivered_at=None if arrived is None else now - timedelta(days=arrived),
            items=tuple(Item(name=name, quantity=quantity, price=price) for name, quantity, price in items),
            parcels=parcels,
        )

    def parcel(courier: str, tracking: str, event: str, days: float, eta: int | None = None) -> tuple[Parcel, ...]:
        day = None if eta is None else (now.astimezone(SHOP_TIME) + timedelta(days=eta)).date()
        return (Parcel(courier=courier, tracking=tracking, last_event=event, at=now - timedelta(days=days), eta=day),)

    return [
        order(LIN_XIAO, "LY20261103001", Status.SHIPPED, 2.4, ("降噪蓝牙耳机 海盐白", 1, 299_00),
              parcels=parcel("顺丰速运", "SF1538820461937", "快件已到达【杭州转运中心】", 0.3, 1)),
        order(LIN_XIAO, "LY20261104016", Status.PAID, 0.7, ("护眼台灯 三档调光", 1, 159_00), ("LED 灯泡", 2, 12_90)),
        order(LIN_XIAO, "LY20261030008", Status.DELIVERED, 5.6, ("纯棉四件套 1.8 米", 1, 329_00), arrived=2.2,
              parcels=parcel("中通快递", "ZT7755031284460", "已签收，签收人：本人", 2.2)),
        order(LIN_XIAO, "LY20261009033", Status.DELIVERED, 26.1, ("不锈钢保温杯 480 毫升", 1, 89_00), arrived=22.5,
              parcels=parcel("圆通速递", "YT8840012739551", "已签收，签收人：丰巢柜", 22.5)),
        order(LIN_XIAO, "LY20261105002", Status.UNPAID, 0.01, ("武夷岩茶礼盒", 2, 168_00)),
        order(ALEX, "LY20261102045", Status.SHIPPED, 3.2, ("Canvas backpack, navy", 1, 239_00),
              parcels=parcel("SF Express", "SF1620094417725", "Out for delivery in Shanghai Pudong", 0.1, 0)),
        order(ALEX, "LY20261029027", Status.SHIPPED, 7.5, ("Running shoes, size 43", 1, 459_00),
              parcels=parcel("YTO Express", "YT9031175520486", "Departed Urumqi sorting centre", 4.1, 2)),
        order(ALEX, "LY20261028011", Status.DELIVERED, 6.3, ("Mechanical keyboard, brown switches", 1, 389_00),
              arrived=3.1, parcels=parcel("ZTO Express", "ZT6612047793015", "Signed for by the front desk", 3.1)),
        order(ALEX, "LY20261021019", Status.REFUNDING, 12.0, ("Porcelain tea set", 1, 198_00), arrived=8.5,
              parcels=parcel("SF Express", "SF1477730091264", "Return parcel received by the warehouse", 1.2)),
        order(ALEX, "LY20261012007", Status.CANCELLED, 21.3, ("Wool blanket", 1, 269_00)),
        order(WANG_FANG, "LY20261103002", Status.SHIPPED, 2.4, ("降噪蓝牙耳机 海盐白", 1, 299_00),
              parcels=parcel("顺丰速运", "SF1538820461940", "快件已发出【南京分拣中心】", 0.6, 2)),
        order(WANG_FANG, "LY20261015222", Status.REFUNDED, 19.8, ("龟背竹 大号盆栽", 1, 49_00), arrived=16.0,
              parcels=parcel("中通快递", "ZT7755031009318", "退件已由仓库签收", 12.4)),
        order(WANG_FANG, "LY20261102063", Status.PAID, 1.1, ("帆布双肩包 藏青", 1, 239_00)),
        order(ALEX, "LY20261104051", Status.PAID, 0.9, ("Desk lamp, three levels", 1, 159_00)),
        order(CHEN_JING, "LY20261025077", Status.DELIVERED, 8.2, ("智能手表 曜石黑", 1, 899_00), arrived=4.5,
              parcels=parcel("顺丰速运", "SF1512240077831", "已签收，签收人：家人", 4.5)),
        order(EMMA, "LY20261024031", Status.DELIVERED, 9.4, ("Steel thermos, 480 ml", 2, 89_00), arrived=5.8,
              parcels=parcel("SF Express", "SF1600912345070", "Signed for by the recipient", 5.8)),
        order(EMMA, "LY20261018044", Status.DELIVERED, 14.9, ("Monstera, large, potted", 1, 49_00), arrived=11.2,
              parcels=parcel("ZTO Express", "ZT6612047700119", "Signed for by a neighbour", 11.2)),
    ]  # fmt: skip


def first_coupons(now: datetime) -> list[Coupon]:
    """Coupons in every state, of everybody and of one customer."""

    def coupon(code: str, name: str, off: int, minimum: int, starts: float, ends: float, **more: Any) -> Coupon:
        return Coupon(
            code=code, name=name, off=off, minimum=minimum, starts=now + timedelta(days=starts),
            ends=now + timedelta(days=ends), customer=more.get("customer"), used=more.get("used", False),
        )  # fmt: skip

    return [
        coupon("SAVE30", "满减券 Saver", 30_00, 200_00, -10, 20),
        coupon("WINTER20", "冬季券 Winter", 20_00, 99_00, 9, 40),
        coupon("SPRING15", "春季券 Spring", 15_00, 99_00, -200, -120),
        coupon("HELLO10", "新人券", 10_00, 59_00, -5, 25, customer=LIN_XIAO.id),
        coupon("TEA25", "茶礼券", 25_00, 150_00, -40, 5, customer=LIN_XIAO.id, used=True),
        coupon("ALEX12", "Thank-you coupon", 12_00, 80_00, -3, 30, customer=ALEX.id),
    ]


def first_payments(now: datetime) -> list[Payment]:
    """Payments that arrived, are under way, overdue, failed and returned."""

    def payment(
        customer: Customer, reference: str, kind: str, amount: int, state: str, hours: float, due: float
    ) -> Payment:
        return Payment(
            reference=reference, customer=customer.id, kind=kind, amount=amount, state=state,
            created_at=now - timedelta(hours=hours), expected_by=now + timedelta(hours=due),
        )  # fmt: skip

    return [
        payment(LIN_XIAO, "TU2026110401", "top_up", 200_00, "on_its_way", 9, -7),
        payment(LIN_XIAO, "TR2026110502", "transfer", 88_00, "on_its_way", 1, 23),
        payment(LIN_XIAO, "WD2026110103", "withdrawal", 150_00, "arrived", 70, -68),
        payment(ALEX, "TU2026110511", "top_up", 500_00, "failed", 20, -18),
        payment(ALEX, "TR2026110217", "transfer", 60_00, "returned", 60, -36),
        payment(WANG_FANG, "TU2026110421", "top_up", 300_00, "on_its_way", 5, -3),
    ]
