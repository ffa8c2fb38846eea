"""The knowledge base over HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import httpx2

from handoff_service import tracing
from handoff_service.errors import Conflict, Invalid, NotFound, TandemError, Unavailable

REFUSED: Mapping[int, type[TandemError]] = {404: NotFound, 409: Conflict, 413: Invalid, 422: Invalid}

DETAILS = ("fields", "findings")
"""What a refusal of the knowledge base says beside its sentence: which fields are wrong, what contradicts what."""


REWRITE_SLACK_S = 0.5
"""So much longer than its own limit a rewriting is waited for: the way there and back, and the check."""


MASKED_AT_ONCE = 50
"""Texts of one request to /mask, which like all requests may have 256 KiB."""


class Knowledge:
    """Client of kb_index at `url`."""

    def __init__(self, client: httpx2.AsyncClient, url: str, *, timeout_s: float = 3.0, token: str = "") -> None:
        self._client = client
        self._url = url.rstrip("/")
        self._timeout = httpx2.Timeout(timeout_s, connect=1.0)
        self._token = token

    async def understand(
        self,
        text: str,
        *,
        tenant: str,
        language: str | None,
        context: Sequence[Mapping[str, str]],
        channel: str = "chat",
        contact: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Language, hits, decision and mood of a customer's text. Raises Unavailable."""
        body: dict[str, Any] = {
            "text": text,
            "tenant": tenant,
            "language": language,
            "context": list(context),
            "audience": "public",
            "channel": channel,
        }
        if contact is not None:
            body["contact"] = contact
        return await self._call("POST", "/understand", json=body)

    async def answer(self, hit: Mapping[str, Any], *, text: str, tenant: str, channel: str = "chat") -> str:
        """The answer of a hit to a text, in shorter words where the knowledge base found some that say the same."""
        plain, within_s = str(hit["answer"]), hit.get("rewrite_within_s")
        if not isinstance(within_s, int | float):
            return plain
        body = {"text": text, "tenant": tenant, "article": hit["article"], "language": hit["language"]}
        limit = httpx2.Timeout(within_s + REWRITE_SLACK_S, connect=1.0)
        try:
            found = await self._call("POST", "/rewrite", json={**body, "channel": channel}, timeout=limit)
        except Unavailable:
            return plain
        written = found.get("text") if found.get("decision") == "written" else None
        return written if isinstance(written, str) and written else plain

    async def search(
        self, query: str, *, tenant: str, language: str | None, limit: int = 8, audience: str = "agents"
    ) -> dict[str, Any]:
        """Articles for somebody who searches: agents, or the public. Raises Unavailable."""
        params = {"q": query, "tenant": tenant, "audience": audience, "limit": str(limit)}
        if language:
            params["language"] = language
        return await self._call("GET", "/search", params=params)

    async def article(self, article: str, *, tenant: str, language: str) -> dict[str, Any]:
        """One article. Raises Unavailable, also when it does not exist."""
        return await self._call("GET", f"/articles/{tenant}/{article}", params={"language": language})

    async def public_article(self, article: str, *, tenant: str, language: str) -> dict[str, Any] | None:
        """One article as customers read it in a chat; None when it is not (any more) for them. Raises Unavailable."""
        params = {"language": language, "audience": "public", "channel": "chat"}
        try:
            found: dict[str, Any] = await self.edit("GET", f"/articles/{tenant}/{article}", params=params)
        except NotFound:
            return None
        return found

    async def mask(self, texts: Sequence[tuple[str, str]]) -> list[str]:
        """Texts, each with its language (zh, en), what names a person replaced by what it was. Raises Unavailable."""
        asked = [{"text": text, "language": language} for text, language in texts]
        masked: list[str] = []
        for start in range(0, len(asked), MASKED_AT_ONCE):
            answer = await self._call("POST", "/mask", json={"texts": asked[start : start + MASKED_AT_ONCE]})
            masked += [each for each in answer.get("texts") or [] if isinstance(each, str)]
        if len(masked) != len(asked):
            raise Unavailable("The knowledge base did not mask every text.")
        return masked

    async def teach(self, path: str, told: Mapping[str, Any]) -> None:
        """Reports to /feedback or /forget. Raises Unavailable when it may work later, Invalid when it never will."""
        await self.edit("POST", path, json=told)

    async def edit(self, method: str, path: str, *, timeout_s: float = 10.0, **options: Any) -> Any:
        """A request that needs the token. Raises Unavailable, or the refusal in its words: NotFound and the like."""
        if not self._token:
            raise Unavailable("Learning is off: set TANDEM_KB_TOKEN for the gateway and the knowledge base.")
        headers = {**tracing.headers(), "authorization": f"Bearer {self._token}"}
        try:
            response = await self._client.request(
                method, self._url + path, timeout=httpx2.Timeout(timeout_s, connect=1.0), headers=headers, **options
            )
            answer = response.json()
        except (httpx2.HTTPError, ValueError) as error:
            raise Unavailable(f"The knowledge base does not answer ({error.__class__.__name__}).") from error
        if response.status_code in REFUSED:
            told = answer.get("error") if isinstance(answer, dict) else None
            told = told if isinstance(told, dict) else {}
            details = {name: told[name] for name in DETAILS if name in told}
            raise REFUSED[response.status_code](
                str(told.get("message") or "The knowledge base refuses this."), **details
            )
        if not response.is_success:
            raise Unavailable(f"The knowledge base answered with status {response.status_code}.")
        return answer

    async def _call(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        options = {"timeout": self._timeout, **options}
        try:
            response = await self._client.request(method, self._url + path, headers=tracing.headers(), **options)
        except httpx2.HTTPError as error:
            raise Unavailable(f"The knowledge base does not answer ({error.__class__.__name__}).") from error
        if response.status_code != 200:
            raise Unavailable(f"The knowledge base answered {path.split('?')[0]} with status {response.status_code}.")
        try:
            answer = response.json()
        except ValueError as error:
            raise Unavailable("The knowledge base did not answer with JSON.") from error
        if not isinstance(answer, dict):
            raise Unavailable("The knowledge base did not answer with an object.")
        return answer
