"""Plays dialogues: simulated customers on one side, the real bot on the other."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.simulation.in_process import BotInProcess, TurnRefused
from bot.simulation.referee import Dialogue
from bot.simulation.store import ShopFile, changes
from bot.simulation.world import Observation, SimulatedCustomer, as_reply

CHANNELS = ("web", "api", "mail")
CONTEXT = 6  # entries before, as the gateway sends them


class Play:
    """One bot and one shop, for as many dialogues as wanted; each leaves the shop as it was."""

    def __init__(self, bot: BotInProcess, shop: ShopFile) -> None:
        self._bot = bot
        self._shop = shop

    async def dialogue(self, seed: int, *, goal: str | None = None, language: str | None = None) -> Dialogue:
        """The dialogue of one seed."""
        world = SimulatedCustomer(self._shop, goal=goal, language=language)
        seen = world.reset(seed)
        played = Dialogue(seed=seed, goal=seen.goal)
        conversation = f"sim-{seed}"
        self._bot.forget(f"{conversation}.1")
        context: list[dict[str, str]] = []
        buttons: Mapping[str, str] = {}
        rows = self._shop.rows()
        try:
            while seen.messages or seen.pictures:
                request = self._request(conversation, seen, len(played.exchanges), buttons, context)
                answer = await self._bot.turn(request)
                now = self._shop.rows()
                played.took(seen, answer, changes(rows, now))
                rows = now
                buttons = {b["title"]: b["payload"] for m in answer["messages"] for b in m["buttons"]}
                context += [{"author": "customer", "text": seen.text[:1000]}] if seen.text else []
                context += [{"author": "bot", "text": message["text"][:1000]} for message in answer["messages"]]
                if seen.done:
                    break
                seen = world.step(as_reply(answer))
        except TurnRefused as refused:
            played.error = str(refused)
        finally:
            self._shop.put_back()
            self._bot.forget(f"{conversation}.1")
        played.mood = world.customer.mood
        return played

    def _request(
        self,
        conversation: str,
        seen: Observation,
        number: int,
        buttons: Mapping[str, str],
        context: Sequence[Mapping[str, str]],
    ) -> dict[str, Any]:
        return {
            "conversation": conversation,
            "phase": 1,
            "turn": f"{conversation}-{number}",
            "text": seen.text,
            "press": buttons.get(seen.pressed or ""),
            "metadata": {
                "tenant": "demo",
                "channel": CHANNELS[sum(map(ord, conversation)) % len(CHANNELS)],
                "language": None,
                "owner": "bot",
                "orders": True,
                "customer": {"id": seen.goal.customer, "verified": True} if seen.goal.signed_in else None,
                "context": list(context[-CONTEXT:]),
                "files": [picture(number, index) for index in range(seen.pictures)],
                "now": seen.at.isoformat(),
                "hour": seen.at.hour,
            },
        }


def picture(turn: int, index: int) -> dict[str, Any]:
    """A customer's picture as the gateway tells of it; bytes are none of the bot's business."""
    return {"id": f"file-{turn}-{index}", "name": f"photo{index + 1}.jpg", "type": "image/jpeg", "size": 180_000}
