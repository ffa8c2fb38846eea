"""A gateway with a script instead of a bot, to look at the customer's pages while they are being made.

Development only: `python tests/scripted_gateway.py 8191`, then open http://127.0.0.1:8191/ and write to it;
POST /trial/<verb> plays the other side: accept, say, typing, give-back, close, mailbox, wait, cut.
"""

import asyncio
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket, WebSocketDisconnect

DIST = Path(__file__).parent.parent / "dist"
Frame = dict[str, Any]
ANSWERS = {
    "zh": (
        "退款在仓库验收后(1–2 个工作日)原路退回:\n\n- **蓝屿钱包**:2 小时内\n- **借记卡**:1–3 个工作日\n"
        "- **信用卡**:3–7 个工作日\n\n详情见[退款说明](https://lanyu.example/refunds)。"
    ),
    "en": (
        "After the warehouse check (1–2 working days) your refund goes back the way you paid:\n\n"
        "- **Lanyu Wallet**: within 2 hours\n- **Debit card**: 1–3 working days\n"
        "- **Credit card**: 3–7 working days"
    ),
}
TITLES = {"zh": "退款多久到账", "en": "How long a refund takes"}


@dataclass
class Conversation:
    """One customer's timeline, owner and open sockets."""

    id: str
    language: str = "zh"
    owner: Frame = field(default_factory=lambda: {"kind": "bot", "agent": None, "queue": None})
    epoch: int = 1
    place: int | None = None
    wait_s: int | None = None
    rate: bool = False
    entries: list[Frame] = field(default_factory=list)
    sockets: list[WebSocket] = field(default_factory=list)
    recorded: dict[str, Frame] = field(default_factory=dict)

    async def append(self, kind: str, author: Frame, body: Frame, client_id: str | None = None) -> Frame:
        seq = len(self.entries) + 1
        entry = {
            "seq": seq, "mid": f"m_{seq}", "kind": kind, "audience": "public", "author": author, "body": body,
            "client_id": client_id, "epoch": self.epoch, "at": datetime.now(UTC).isoformat(),
        }  # fmt: skip
        self.entries.append(entry)
        await self.broadcast({"t": "entry", "conv": self.id, "entry": entry})
        return entry

    async def move(self, event: str, kind: str, *, agent: str | None = None, text: str | None = None) -> None:
        self.epoch += 1
        self.owner = {"kind": kind, "agent": {"name": agent} if agent else None, "queue": None}
        self.rate = kind == "closed"
        body: Frame = {"event": event, "to": self.owner}
        await self.append("state", {"kind": "system"}, body | ({"text": text} if text else {}))
        await self.tell()

    async def tell(self) -> None:
        await self.broadcast(self.status())

    def status(self) -> Frame:
        waiting = self.owner["kind"] == "queue"
        return {
            "t": "status", "conv": self.id, "owner": self.owner, "epoch": self.epoch, "language": self.language,
            "place": self.place if waiting else None, "wait_s": self.wait_s if waiting else None, "rate": self.rate,
        }  # fmt: skip

    async def broadcast(self, frame: Frame) -> None:
        for socket in list(self.sockets):
            with suppress(RuntimeError, WebSocketDisconnect):
                await socket.send_json(frame)


conversations: dict[str, Conversation] = {}
BOT = {"kind": "bot", "name": "bot"}


async def session(request: Request) -> JSONResponse:
    body = await request.json()
    token = body.get("token") or f"tok{len(conversations)}"
    conversations.setdefault(token, Conversation(f"c_{token}"))
    tenant = {
        "id": "demo",
        "name": "蓝屿商城" if body["language"] == "zh" else "Lanyu Mall",
        "languages": ["zh", "en"],
        "greeting": {
            "zh": "您好,欢迎来到蓝屿商城!我是 AI 助手,订单、退款、钱包的问题都可以问我。",
            "en": "Hello and welcome to Lanyu Mall! Ask me about orders, refunds or your wallet.",
        },
        "suggestions": {
            "zh": ["多久能退款?", "怎么修改收货地址?", "包裹到哪里了?"],
            "en": ["How long does a refund take?", "Change my delivery address", "Where is my parcel?"],
        },
    }
    return JSONResponse({"token": token, "contact": {"id": token, "name": None}, "tenant": tenant}, 201)


def token_of(request: Request) -> str:
    return request.headers.get("authorization", "").removeprefix("Bearer ")


async def ticket(request: Request) -> JSONResponse:
    if token_of(request) not in conversations:
        return JSONResponse({"error": {"code": "auth", "message": "Sign in.", "retryable": False}}, 401)
    return JSONResponse({"ticket": token_of(request), "expires_in": 30})


async def entries(request: Request) -> JSONResponse:
    talk = conversations[token_of(request)]
    after = int(request.query_params["after"])
    page = {"log_id": "log1", "conversation": talk.id, "entries": talk.entries[after:], "last_seq": len(talk.entries)}
    return JSONResponse(page)


async def act(request: Request) -> JSONResponse:
    talk, body, verb = conversations[token_of(request)], await request.json(), request.path_params["verb"]
    customer = {"kind": "customer"}
    if verb == "feedback":
        await talk.append("feedback", customer, {"of": body["seq"], "value": body["value"]})
    elif verb == "rating":
        talk.rate = False
        await talk.append("rating", customer, {"score": body["score"]})
        await talk.tell()
    elif verb == "ask-human":
        await to_queue(talk)
    elif verb == "solved":
        await talk.move("solved", "bot")
    elif verb == "leave-message":
        await talk.append("message", customer, {"text": body["text"]})
        await talk.move("leave_message", "mailbox")
    return JSONResponse({"ok": True})


async def to_queue(talk: Conversation) -> None:
    talk.place, talk.wait_s = 3, 240
    zh = talk.language == "zh"
    text = "好的,正在为您转接人工客服,请稍等。" if zh else "Of course. I am passing you to a person now."
    await talk.append("message", BOT, {"text": text, "kind": "handoff"})
    await talk.move("asked", "queue")


async def answer(talk: Conversation, text: str) -> None:
    await asyncio.sleep(0.7)
    zh = talk.language == "zh"
    if talk.owner["kind"] == "agent":
        return
    if any(word in text.lower() for word in ("人工", "person")):
        return await to_queue(talk)
    body: Frame = {"text": ANSWERS[talk.language], "kind": "answer"}
    body["sources"] = [{"article": "refund-timing", "language": talk.language, "title": TITLES[talk.language]}]
    if text in ("退款", "refund"):
        choices = ["退款多久到账", "怎么申请退款", "转人工"] if zh else ["Refund time", "Ask for a refund", "A person"]
        question = "您想了解退款的哪方面?" if zh else "What would you like to know about refunds?"
        body = {"text": question, "kind": "clarify", "buttons": [{"title": choice} for choice in choices]}
    if talk.owner["kind"] == "queue":
        body["interim"] = True
    await talk.append("message", BOT, body)


async def trial(request: Request) -> Response:
    body = await request.json() if await request.body() else {}
    zh = body.get("language", "zh") == "zh"
    for talk in list(conversations.values()):
        name = "林晓" if zh else "Mia Lin"
        match request.path_params["verb"]:
            case "accept":
                await talk.move("accept", "agent", agent=name)
            case "say":
                await talk.append("message", {"kind": "agent", "name": name}, {"text": body["text"]})
            case "typing":
                author = {"kind": "agent", "name": name}
                await talk.broadcast({"t": "typing", "conv": talk.id, "author": author})
            case "give-back":
                await talk.move("give_back", "bot")
            case "close":
                await talk.move("close", "closed")
            case "mailbox":
                await talk.move("closing_time", "mailbox")
            case "wait":
                talk.place, talk.wait_s = body["place"], body.get("wait_s")
                await talk.tell()
            case "cut":
                for socket in talk.sockets:
                    await socket.close(1012)
    return Response(status_code=204)


async def receive(talk: Conversation, frame: Frame) -> Frame:
    body = frame["body"]
    if (known := talk.recorded.get(frame["client_id"])) is not None:
        return known
    if "press" in body:
        button = talk.entries[body["press"]["seq"] - 1]["body"]["buttons"][body["press"]["index"]]
        body = {"text": button["title"], "pressed": body["press"]}
    if not talk.entries or talk.owner["kind"] == "closed":
        await talk.move("reopen" if talk.entries else "opened", "bot")
    entry = await talk.append("message", {"kind": "customer"}, body, frame["client_id"])
    sent = {"t": "sent", "client_id": frame["client_id"], "conv": talk.id, "seq": entry["seq"], "mid": entry["mid"]}
    talk.recorded[frame["client_id"]] = sent
    talk.language = "zh" if any("一" <= char <= "鿿" for char in body["text"]) else "en"
    asyncio.get_running_loop().call_soon(lambda: tasks.add(asyncio.create_task(answer(talk, body["text"]))))
    return sent


tasks: set[asyncio.Task[None]] = set()


async def live(socket: WebSocket) -> None:
    await socket.accept(subprotocol="tandem.v1")
    hello = await socket.receive_json()
    talk = conversations[hello["ticket"]]
    current = {"conv": talk.id, "last_seq": len(talk.entries)} if talk.entries else None
    await socket.send_json({
        "t": "welcome", "session": "s", "log_id": "log1", "server_time": datetime.now(UTC).isoformat(),
        "principal": {"kind": "customer", "id": hello["ticket"], "name": None},
        "limits": {"text_chars": 8000}, "current": current,
    })  # fmt: skip
    after = next((sub["after"] for sub in hello["subs"] if sub["conv"] == talk.id), 0)
    for entry in talk.entries[after:]:
        await socket.send_json({"t": "entry", "conv": talk.id, "entry": entry})
    if current:
        await socket.send_json(talk.status())
    talk.sockets.append(socket)
    try:
        async for frame in socket.iter_json():
            if frame["t"] == "ping":
                await socket.send_json({"t": "pong"})
            elif frame["t"] == "send":
                await socket.send_json(await receive(talk, frame))
    finally:
        talk.sockets.remove(socket)


async def shop(request: Request) -> HTMLResponse:
    language = request.query_params.get("language", "zh")
    title = "蓝屿商城" if language == "zh" else "Lanyu Mall"
    policy = {"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'"}
    page = f"""<!doctype html><html lang="{language}"><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><h1>{title}</h1>
<script async src="/widget/v1/widget.js" data-tenant="demo" data-language="{language}"></script></html>"""
    return HTMLResponse(page, headers=policy)


app = Starlette(
    routes=[
        Route("/", shop),
        Route("/v1/widget/sessions", session, methods=["POST"]),
        Route("/v1/ws-ticket", ticket, methods=["POST"]),
        Route("/v1/conversations/{conv}/entries", entries),
        Route("/v1/conversations/{conv}/{verb}", act, methods=["POST"]),
        Route("/trial/{verb}", trial, methods=["POST"]),
        WebSocketRoute("/v1/ws", live),
        Mount("/", StaticFiles(directory=DIST, html=True)),
    ]
)

if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
