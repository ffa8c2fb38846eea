"""Reads requests as Feishu's own SDK does: [{"raw", "headers"}, …] in, [{"status", "answer", "said"}, …] out.

A process of its own: that package is ten thousand files, and quarrels with the warnings that our tests refuse.

    python -m tests.handoff_service.channels.platforms.lark_reader ENCRYPT_KEY VERIFICATION_TOKEN
"""

from __future__ import annotations

import base64
import json
import logging
import sys
from typing import Any

import lark_oapi


def main() -> None:
    encrypt_key, verification_token = sys.argv[1:]
    logging.disable(logging.CRITICAL)  # what it refuses it tells with the whole stack
    said: list[dict[str, Any]] = []

    def hear(event: Any) -> None:
        message, sender = event.event.message, event.event.sender
        text = json.loads(message.content)["text"]
        told = {"event_id": event.header.event_id, "chat": message.chat_id, "sort": message.message_type, "text": text}
        said.append({**told, "by": sender.sender_type})

    builder = lark_oapi.EventDispatcherHandler.builder(encrypt_key, verification_token)
    handler = builder.register_p2_im_message_receive_v1(hear).build()
    results = []
    for one in json.load(sys.stdin):
        request = lark_oapi.RawRequest()
        request.uri, request.headers, request.body = "/", one["headers"], base64.b64decode(one["raw"])
        before = len(said)
        answered = handler.do(request)
        results.append({"status": answered.status_code, "answer": answered.content.decode(), "said": said[before:]})
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main()
