"""The trace that the gateway begins goes on: the header arrives at the knowledge base, its id in the bot's log."""

import json
from typing import Any

import pytest
import requests

from tests.bot.far_side import KnowledgeServer
from tests.bot.gateway import Bot, Chat

TRACE = "0af7651916cd43dd8448eb211c80319c"
HEADER = f"00-{TRACE}-b7ad6b7169203331-01"


def ask(bot: Bot, text: str, header: str | None) -> str:
    """One turn; returns its name."""
    body = Chat(bot).body(text)
    headers = {} if header is None else {"traceparent": header}
    answer = requests.post(f"{bot.url}/webhooks/tandem/turn", json=body, headers=headers, timeout=30)
    assert answer.status_code == 200, answer.text
    return str(body["turn"])


def logged(bot: Bot, turn: str) -> dict[str, Any]:
    """The bot's log line of a turn."""
    lines = [json.loads(line) for line in bot.log.read_text("utf-8").splitlines() if line.startswith("{")]
    (found,) = [line for line in lines if line.get("turn") == turn]
    return found


def test_the_header_goes_on_to_the_knowledge_base(bot: Bot, kb_server: KnowledgeServer) -> None:
    turn = ask(bot, "多久能退款", HEADER)
    assert kb_server.headers[-1]["traceparent"] == HEADER
    assert logged(bot, turn)["trace"] == TRACE


@pytest.mark.parametrize("header", [None, "", "nonsense", HEADER.upper(), HEADER + "\tand more", "00-" + "1" * 500])
def test_what_is_no_trace_is_dropped(bot: Bot, kb_server: KnowledgeServer, header: str | None) -> None:
    turn = ask(bot, "多久能退款", header)
    assert "traceparent" not in kb_server.headers[-1]
    assert "trace" not in logged(bot, turn)
