"""The other ends of the bot's wires as small real HTTP servers: a knowledge base and a shop that can be broken."""

import json
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

ARTICLES = {
    ("refund-timing", "zh"): (
        "退款多久到账",
        "仓库验收后 1–2 个工作日退款。\n\n钱包 2 小时内到账，借记卡 1–3 个工作日。",
    ),
    ("refund-timing", "en"): ("When a refund arrives", "After the warehouse check.\n\nWallet: within 2 hours."),
    ("return-policy", "zh"): ("退货规则", "签收后 7 天无理由退货。"),
    ("return-policy", "en"): ("Return rules", "7 days without a reason."),
    ("change-delivery-address", "zh"): ("修改收货地址", "发货前可改一次，限同省。"),
    ("change-delivery-address", "en"): ("Change the delivery address", "Once before shipping, same province."),
    ("file-complaint", "zh"): ("怎么投诉", "我的 → 客服 → 投诉，48 小时内答复。"),
    ("file-complaint", "en"): ("How to complain", "Me → Support → Complaint; answer within 48 hours."),
}
ANSWERS = {
    "多久能退款": "refund-timing",
    "退款多久到账": "refund-timing",
    "how long does a refund take": "refund-timing",
    "怎么修改收货地址": "change-delivery-address",
    "how do i change my delivery address": "change-delivery-address",
    "我想投诉一个卖家": "file-complaint",
    "i'd like to file a complaint": "file-complaint",
}
VAGUE = {"退款", "refund", "退货", "return"}
ANGRY = {
    "你们这帮骗子，客服都死哪去了": "insult:骗子",
    "这是什么态度，等了十天还没人理我！": "anger:什么态度",
    "ten days and still nothing, i am fed up": "anger:fed up",
}


class FarSide:
    """A threaded server on a free loopback port; `mode` is ok, down (500), hang, garbage or refuse."""

    def __init__(self) -> None:
        self.mode = "ok"
        self.delay = 0.0
        self.calls: Counter[str] = Counter()
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        far_side = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                self._serve({})

            def do_POST(self) -> None:
                self._serve(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

            def _serve(self, body: dict[str, Any]) -> None:
                parts = urlsplit(self.path)
                far_side.calls[f"{self.command} {parts.path}"] += 1
                far_side.bodies.append(body)
                far_side.headers.append({name.lower(): value for name, value in self.headers.items()})
                query = {name: values[0] for name, values in parse_qs(parts.query).items()}
                time.sleep(far_side.delay)
                status, answer = far_side.broken() or far_side.answer(
                    self.command, unquote(parts.path), query, dict(self.headers), body
                )
                content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_args: Any) -> None:
                """Quiet."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *_args: Any) -> None:
                """A client that gave up is what some tests want."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def reset(self) -> None:
        """Healthy again, nothing counted."""
        self.mode, self.delay = "ok", 0.0
        self.calls.clear()
        self.bodies.clear()
        self.headers.clear()

    def broken(self) -> tuple[int, Any] | None:
        """The answer of a broken service, None when it works."""
        if self.mode == "down":
            return 500, {"error": {"code": "down", "message": "down"}}
        if self.mode == "garbage":
            return 200, b"<html>not json</html>"
        if self.mode == "other_shape":
            return 200, {"surprise": True}
        return None

    def answer(
        self, method: str, path: str, query: dict[str, str], headers: dict[str, str], body: dict[str, Any]
    ) -> tuple[int, Any]:
        """The answer of a healthy service; this one knows nothing."""
        del method, query, headers, body
        return 404, {"error": {"code": "not_found", "message": path}}


class KnowledgeServer(FarSide):
    """Knows ANSWERS, finds VAGUE vague, hears ANGRY anger, reminds of open questions; has doubts about `doubted`."""

    doubted: frozenset[str] = frozenset()
    quotes: frozenset[str] = frozenset()  # to be said word for word

    def answer(
        self,
        method: str,
        path: str,
        query: dict[str, str],
        headers: dict[str, str],  # noqa: ARG002
        body: dict[str, Any],
    ) -> tuple[int, Any]:
        if method == "GET":
            found = ARTICLES.get((path.rsplit("/", 1)[-1], query["language"]))
            if found is None:
                return 404, {"error": {"code": "not_found", "message": "no such article"}}
            return 200, {
                "article": path.rsplit("/", 1)[-1],
                "language": query["language"],
                "title": found[0],
                "category": "returns",
                "answer": found[1],
                "questions": [],
                **self._flags(path.rsplit("/", 1)[-1]),
            }
        text = body["text"].strip().rstrip("?？。!！").lower()
        language = body["language"] or ("zh" if any("\u3400" <= c <= "\u9fff" for c in text) else "en")
        angry = ANGRY.get(body["text"].lower())
        if text in ANSWERS:
            answer = understanding(language, "answer", [(ANSWERS[text], 0.97)])
        elif text in VAGUE:
            answer = understanding(language, "clarify", [("refund-timing", 0.5), ("return-policy", 0.45)])
        else:
            answer = understanding(language, "abstain", [("refund-timing", 0.08)], angry=angry)
        for hit in answer["hits"]:
            hit.update(self._flags(hit["article"]))
        open_ones = [each for each in (body.get("contact") or {}).get("asked", ()) if each["solved"] is not True]
        if open_ones:
            former = open_ones[0]["article"]
            title = ARTICLES[former, language][0]
            answer["reminder"] = {"article": former, "title": title, "asked_at": open_ones[0]["at"]}
        return 200, answer

    def _flags(self, article: str) -> dict[str, Any]:
        doubt = {"doubt": "two values for one fact"} if article in self.doubted else {}
        return {**doubt, **({"quote": True} if article in self.quotes else {})}


def understanding(
    language: str, action: str, found: list[tuple[str, float]], *, angry: str | None = None
) -> dict[str, Any]:
    """An /understand response."""
    hits = [
        {
            "article": article,
            "language": language,
            "title": ARTICLES[article, language][0],
            "category": "returns",
            "passage": ARTICLES[article, language][0],
            "answer": ARTICLES[article, language][1],
            "score": probability,
            "probability": probability,
        }
        for article, probability in found
    ]
    return {
        "language": language,
        "generation": "g-test",
        "hits": hits,
        "decision": {
            "action": action,
            "probability": found[0][1],
            "threshold": 0.6,
            "margin": 0.1,
            "rule": {"answer": "probability>=threshold", "clarify": "vague", "abstain": "probability<threshold"}[
                action
            ],
        },
        "mood": {
            "unhappy": 0.9 if angry else 0.03,
            "label": "unhappy" if angry else "calm",
            "evidence": [angry] if angry else [],
        },
        "took_ms": 1.0,
    }


class ShopServer(FarSide):
    """One customer's orders, phone ending in 1234; remembers refund requests by idempotency key."""

    key = "shop-key"

    def __init__(self) -> None:
        self.orders = {number: order(number, status) for number, status in ORDERS.items()}
        self.refunds: dict[str, dict[str, Any]] = {}
        super().__init__()

    def answer(
        self, method: str, path: str, query: dict[str, str], headers: dict[str, str], body: dict[str, Any]
    ) -> tuple[int, Any]:
        if headers.get("Authorization") != f"Bearer {self.key}":
            return 403, {"error": {"code": "forbidden", "message": "wrong key"}}
        if path.endswith("/orders"):
            return 200, {"orders": list(self.orders.values()) if headers.get("X-Customer") == "cus_1" else []}
        number = path.split("/")[4]
        mine = headers.get("X-Customer") == "cus_1" or query.get("phone_tail") == "1234"
        found = self.orders.get(number)
        if found is None or not mine:
            return 404, {"error": {"code": "not_found", "message": "no such order"}}
        if method == "GET":
            return 200, found
        if body["idempotency_key"] in self.refunds:
            return 201, self.refunds[body["idempotency_key"]]
        if found["status"] not in ("paid", "shipped", "delivered"):
            code = "already_requested" if found["status"] == "refunding" else "not_refundable"
            return 409, {"error": {"code": code, "message": "no"}}
        refund = {"refund": f"RF{len(self.refunds) + 1:03}", "status": "requested", "amount": found["total"]}
        self.refunds[body["idempotency_key"]] = refund
        return 201, refund


ORDERS = {
    "LY20261103001": "shipped",
    "LY20261103002": "delivered",
    "LY20261103003": "cancelled",
    "LY20261103004": "refunding",
}


def order(number: str, status: str) -> dict[str, Any]:
    """An order as the shop's API gives it."""
    return {
        "number": number,
        "status": status,
        "placed_at": "2026-11-03T10:00:00+08:00",
        "total": "199.00",
        "currency": "CNY",
        "items": [{"name": "耳机", "quantity": 1, "price": "199.00"}],
        "parcels": [
            {
                "courier": "顺丰",
                "tracking": "SF123",
                "last_event": "已到达上海转运中心",
                "at": "2026-11-05T02:30:00Z",
                "eta": "2026-11-06",
            }
        ],
    }
