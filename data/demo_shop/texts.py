"""Words of the shop pages in both languages; the product list is the shop window, not the order data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Product:
    """A card of the shop window; `art` is a file in static/art, `price` in yuan."""

    art: str
    zh: str
    en: str
    price: int
    was: int | None = None


PRODUCTS = (
    Product(art="headphones", zh="降噪蓝牙耳机 海盐白", en="Noise-cancelling headphones", price=299, was=369),
    Product(art="lamp", zh="护眼台灯 三档调光", en="Desk lamp, three levels", price=159),
    Product(art="thermos", zh="不锈钢保温杯 480 毫升", en="Steel thermos, 480 ml", price=89, was=119),
    Product(art="backpack", zh="帆布双肩包 藏青", en="Canvas backpack, navy", price=239),
    Product(art="shoes", zh="轻弹跑鞋 男女同款", en="Running shoes, light and springy", price=459, was=529),
    Product(art="tea", zh="武夷岩茶礼盒", en="Wuyi rock tea, gift box", price=168),
    Product(art="keyboard", zh="机械键盘 茶轴", en="Mechanical keyboard, brown switches", price=389),
    Product(art="plant", zh="龟背竹 大号盆栽", en="Monstera, large, potted", price=49),
)

TEXTS: dict[str, dict[str, str]] = {
    "zh": {
        "brand": "蓝屿商城",
        "title": "蓝屿商城 · 把日子过成海岛",
        "notice": "满 59 元包邮 · 7 天无理由退货 · 官方客服热线 400-820-6178",
        "home": "首页",
        "orders": "我的订单",
        "other_language": "English",
        "sign_out": "退出",
        "hello": "你好",
        "sign_in_as": "登录体验",
        "hero_title": "海风一样轻的秋日好物",
        "hero_text": "耳机、台灯、茶与绿植，为你的小岛挑了八件。下单 48 小时内发货，2–4 天送到家。",
        "hero_button": "看看本周精选",
        "products": "本周精选",
        "products_text": "价格已含税，支持蓝屿钱包、银行卡、微信与支付宝",
        "promise_1": "满 59 元包邮",
        "promise_1_text": "不满 59 元运费 8 元，50 城可选次日达",
        "promise_2": "7 天无理由退货",
        "promise_2_text": "质量问题 15 天换货，退货可预约上门取件",
        "promise_3": "退款看得见",
        "promise_3_text": "仓库验收后，钱包 2 小时内到账",
        "promise_4": "客服一直在",
        "promise_4_text": "智能客服 24 小时，人工 09:00–18:30",
        "orders_title": "我的订单",
        "orders_empty": "还没有登录。选一位顾客登录，就能看到订单，客服也会认得你。",
        "orders_hint": "点击右下角的客服，发送订单号即可查询进度或申请退款。",
        "placed": "下单时间",
        "total": "合计",
        "eta": "预计送达",
        "footer_text": "蓝屿商城是虚构的演示品牌，页面上的商品与订单都不是真的。",
        "footer_service": "客服",
        "footer_mail": "邮箱 service@lanyu.example",
        "footer_hours": "人工服务 09:00–18:30（每天）",
        "footer_help": "帮助中心",
        "footer_scan": "用手机扫码咨询",
        "unpaid": "待付款",
        "paid": "待发货",
        "shipped": "运输中",
        "delivered": "已签收",
        "cancelled": "已取消",
        "refunding": "退款中",
        "refunded": "已退款",
    },
    "en": {
        "brand": "Lanyu Mall",
        "title": "Lanyu Mall · island days, every day",
        "notice": "Free shipping from ¥59 · 7-day returns · Hotline 400-820-6178",
        "home": "Home",
        "orders": "My orders",
        "other_language": "中文",
        "sign_out": "Sign out",
        "hello": "Hello",
        "sign_in_as": "Sign in as",
        "hero_title": "Autumn things, light as a sea breeze",
        "hero_text": "Eight picks for your own little island: sound, light, tea and leaves. "
        "Shipped within 48 hours, with you in 2–4 days.",
        "hero_button": "See this week's picks",
        "products": "This week's picks",
        "products_text": "Pay with Lanyu Wallet, bank card, WeChat Pay or Alipay",
        "promise_1": "Free shipping from ¥59",
        "promise_1_text": "¥8 below that; next-day delivery in 50 cities",
        "promise_2": "7-day returns",
        "promise_2_text": "15 days to exchange faulty goods, pick-up at your door",
        "promise_3": "Refunds you can follow",
        "promise_3_text": "In your wallet within 2 hours of the warehouse check",
        "promise_4": "Always someone there",
        "promise_4_text": "Our assistant 24 hours, people 09:00–18:30",
        "orders_title": "My orders",
        "orders_empty": "You are not signed in. Sign in as one of our customers to see orders.",
        "orders_hint": "Open the chat in the corner and send an order number to ask about it or request a refund.",
        "placed": "Placed",
        "total": "Total",
        "eta": "Expected",
        "footer_text": "Lanyu Mall is an invented brand for demonstration; its goods and orders are not real.",
        "footer_service": "Support",
        "footer_mail": "E-mail service@lanyu.example",
        "footer_hours": "People answer 09:00–18:30, every day",
        "footer_help": "Help centre",
        "footer_scan": "Scan to chat on your phone",
        "unpaid": "To be paid",
        "paid": "To be shipped",
        "shipped": "On its way",
        "delivered": "Delivered",
        "cancelled": "Cancelled",
        "refunding": "Refund under way",
        "refunded": "Refunded",
    },
}
