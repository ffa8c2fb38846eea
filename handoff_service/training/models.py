"""The bot's models over HTTP, by the contract tests/contracts/models.json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import httpx2

from handoff_service import tracing
from handoff_service.agents.model import Agent
from handoff_service.errors import Conflict, Invalid, NotFound, TandemError, Unavailable

REFUSED: Mapping[int, type[TandemError]] = {404: NotFound, 409: Conflict, 422: Invalid}
ANSWER_S = 10.0
BEGIN_S = 30.0
"""A training is a process of its own, which first has to start."""


class Models:
    """Client of the models of the bot at `url`."""

    def __init__(self, client: httpx2.AsyncClient, url: str) -> None:
        self._client = client
        self._url = url.rstrip("/") + "/models"

    async def state(self) -> dict[str, Any]:
        """Versions, the live one, who moved the pointer, the newest training. Raises Unavailable."""
        return await self._call("GET", "/")

    async def train(self, agent: Agent, lines: Sequence[Mapping[str, str]]) -> dict[str, Any]:
        """Starts a training with these reviewed lines. Raises Conflict while one is under way, Unavailable."""
        return await self._call("POST", "/train", BEGIN_S, json={"by": by(agent), "lines": list(lines)})

    async def put_live(self, agent: Agent, version: str) -> dict[str, Any]:
        """Raises NotFound, Conflict when its gate refused it, Unavailable."""
        return await self._call("POST", "/live", json={"by": by(agent), "version": version})

    async def roll_back(self, agent: Agent, live: str) -> dict[str, Any]:
        """Back from `live`. Raises Conflict when that is not live or nothing was before it, Unavailable."""
        return await self._call("POST", "/rollback", json={"by": by(agent), "from": live})

    async def _call(self, method: str, path: str, timeout_s: float = ANSWER_S, **options: Any) -> dict[str, Any]:
        limit = httpx2.Timeout(timeout_s, connect=1.0)
        try:
            response = await self._client.request(
                method, self._url + path, timeout=limit, headers=tracing.headers(), **options
            )
            answer = response.json()
        except (httpx2.HTTPError, ValueError) as error:
            raise Unavailable(f"The bot does not answer ({error.__class__.__name__}).") from error
        if response.status_code in REFUSED:
            raise REFUSED[response.status_code](str(answer["error"]["message"]))
        if not response.is_success or not isinstance(answer, dict):
            raise Unavailable(f"The bot answered {path} with status {response.status_code}.")
        return answer


def by(agent: Agent) -> str:
    """How the bot notes who asked."""
    return f"agent:{agent.tenant}/{agent.id}"


def shown(state: Mapping[str, Any], tenant: str, names: Mapping[str, str]) -> dict[str, Any]:
    """The state as a supervisor sees it: names instead of ids, and nothing that other tenants' customers wrote."""

    def who(told: str) -> str:
        home, _, agent = told.removeprefix("agent:").partition("/")
        return names.get(agent, agent) if told.startswith("agent:") and home == tenant else told.partition(":")[0]

    training = state.get("training")
    return {
        **{name: state.get(name) for name in ("live", "before", "serving", "refused", "intents")},
        "moves": [{**move, "by": who(move["by"])} for move in state["moves"]],
        "versions": [_version(one, who(one["by"])) for one in state["versions"]],
        "training": {**training, "by": who(training["by"])} if training else None,
    }


def _version(manifest: Mapping[str, Any], who: str) -> dict[str, Any]:
    kept = ("version", "number", "trained_at", "seconds", "rasa", "reviewed", "gate")
    return {
        **{name: manifest[name] for name in kept},
        "by": who,
        "lines": sum(manifest["intents"].values()),
        "left_out": len(manifest["left_out"]),
    }
