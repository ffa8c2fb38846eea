"""Long texts to put a wish before or behind: the whole story of a customer, cut as the gateway cuts."""

from collections.abc import Iterator, Sequence
from itertools import cycle, islice

SENT = 4000  # characters that the gateway sends of a text at most: half from its head, half from its tail
SIZES = (500, 8000)
STORIES = {
    "zh": (
        "上个月二十号我在你们店里买了一台破壁机，付款以后等了四天才发出来",
        "包装外面没什么问题，里面的泡沫碎了一角，机器看上去是好的",
        "说明书里写第一次要先空转一分钟，我照着做了，声音比邻居家那台大很多",
        "后来又打了两次豆浆，第一次还行，第二次转到一半自己停了",
        "我拔了插头等了半个小时，再插上又能转，可是底座有一点烫手",
        "上周我已经找过人工客服，他说让我再观察两天，是不是真的有用我不知道",
        "家里的插座我换过三个，结果都一样，应该不是电压的问题",
        "页面上写的是一千二百瓦，我用功率表量了一下，最高只有九百多",
        "当时下单的时候有满减活动，还用了一张二十块的券",
        "收货地址写的是我妈那边，她年纪大了，不太会用手机",
        "我自己住在另外一个城市，周末才能回去看一次",
        "搅拌杯的盖子盖上去有点松，倒着拿会漏一点水出来",
        "我在网上看到别人说同一批的机器也这样，不知道是不是真的",
        "配件里少了一把清洁刷，不过这个倒是不要紧",
        "昨天晚上我又试了一次，打了三分钟，杯子里的东西还是有颗粒",
    ),
    "en": (
        "I bought a blender in your shop on the twentieth of last month and it was sent four days later",
        "The box looked fine from the outside, but a corner of the foam inside was broken",
        "The booklet says to let it run empty for a minute first, and I did exactly that",
        "It was a good deal louder than the one my neighbour has had for years",
        "The first soup was all right, and during the second one it stopped half way",
        "I pulled the plug, waited for half an hour, and then it was running again",
        "The base gets rather warm, although the room itself is quite cool",
        "Last week I spoke to an agent who said it should be watched for two days, and is it any better now",
        "I have tried three different sockets in the kitchen and it is always the same",
        "The page promised twelve hundred watts, and my meter never showed more than nine hundred",
        "There was a discount on that day, and I used a coupon as well",
        "It went to my mother's address because I am away during the week",
        "The lid of the jug is loose, so a little water comes out when it is tilted",
        "A small brush should have been in the box, which does not matter much",
        "Yesterday evening it ran for three minutes and there were still lumps in the jug",
    ),
}
STOPS = {"zh": "。", "en": ". "}


def story(language: str, *, chars: int) -> str:
    """A story of that many characters; a long one is told again and again."""
    stop = STOPS[language]
    text = stop.join(islice(cycle(STORIES[language]), 2 + chars // 15))
    return text[:chars].rstrip(" .。，,")


def cut(text: str) -> str:
    """As much of a text as the bot gets."""
    return text if len(text) <= SENT else text[: SENT // 2] + text[-(SENT // 2) :]


def around(texts: Sequence[str], language: str, *, chars: int) -> Iterator[tuple[str, str]]:
    """Each text at the head and at the tail of a story of that size, with where it stands."""
    told = story(language, chars=chars)
    for text in texts:
        yield f"first of {chars}", cut(f"{text}{STOPS[language]}{told}")
        yield f"last of {chars}", cut(f"{told}{STOPS[language]}{text}")
