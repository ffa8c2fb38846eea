"""The words of the help centre's own pages."""

from __future__ import annotations

from collections.abc import Mapping

TEXTS: Mapping[str, Mapping[str, str]] = {
    "zh": {
        "tag": "zh-CN",
        "title": "{brand}帮助中心",
        "ask": "有什么可以帮您？",
        "search": "搜索",
        "search_hint": "例如：退款多久到账",
        "categories": "按主题查看",
        "articles": "全部文章",
        "count": "{count} 篇文章",
        "results": "“{query}”的搜索结果",
        "nothing": "没有找到相关文章。换个说法试试，或者直接问客服。",
        "home": "帮助中心首页",
        "path": "您的位置",
        "related": "相关文章",
        "asked_as": "常见问法",
        "still": "还没解决？",
        "chat": "在线咨询",
        "missing": "没有这篇文章",
        "missing_text": "它可能已经更新或下线，请搜索其他内容。",
        "about": "{brand}的常见问题与解答：订单、物流、退款、账号等。",
        "skip": "跳到正文",
        "other": "English",
    },
    "en": {
        "tag": "en",
        "title": "{brand} help centre",
        "ask": "How can we help?",
        "search": "Search",
        "search_hint": "For example: how long does a refund take",
        "categories": "Browse by topic",
        "articles": "All articles",
        "count": "{count} articles",
        "results": "Results for “{query}”",
        "nothing": "Nothing was found. Try other words, or ask us directly.",
        "home": "Help centre",
        "path": "You are here",
        "related": "Related articles",
        "asked_as": "Also asked as",
        "still": "Still need help?",
        "chat": "Chat with us",
        "missing": "There is no such article",
        "missing_text": "It may have been updated or withdrawn. Please search for something else.",
        "about": "Questions and answers of {brand}: orders, delivery, refunds, your account and more.",
        "skip": "Skip to the content",
        "other": "中文",
    },
}
