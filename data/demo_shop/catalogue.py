"""The shop's own codes of what it sells, by the name that an order has; articles of the knowledge base use them."""

from __future__ import annotations

WORDS = {
    "headphones": ("耳机", "headphones"),
    "keyboard": ("键盘", "keyboard"),
    "thermos": ("保温杯", "thermos"),
    "backpack": ("双肩包", "backpack"),
    "shoes": ("跑鞋", "running shoes"),
    "lamp": ("台灯", "desk lamp"),
    "watch": ("手表", "watch"),
    "tea": ("岩茶", "rock tea"),
    "plant": ("龟背竹", "monstera"),
}


def code_of(name: str) -> str | None:
    """The code of a product by its name in either language; None for what has no code."""
    folded = name.casefold()
    return next((code for code, words in WORDS.items() if any(word in folded for word in words)), None)
