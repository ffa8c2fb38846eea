"""The first customers and orders. Their dates count from the first start, so that "shipped yesterday" stays true.

The order numbers are fixed, because people and tests type them: a number is a name, not a date.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from data.demo_shop.model import SHOP_TIME, Customer, Item, Order, Parcel, Status

LIN_XIAO = Customer(id="cus_linxiao", name="林晓", phone="13812345678", language="zh")
ALEX = Customer(id="cus_alex", name="Alex Carter", phone="13987654321", language="en")
WANG_FANG = Customer(id="cus_wangfang", name="王芳", phone="13700001357", language="zh")
CUSTOMERS = (LIN_XIAO, ALEX, WANG_FANG)


def first_orders(now: datetime) -> list[Order]:
    """Twelve orders in every status, two of one customer alike enough to be mixed up."""

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
    ]  # fmt: skip
