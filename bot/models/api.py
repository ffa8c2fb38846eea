"""HTTP of the models, for the gateway on this machine: what there is, train, put live, go back.

    GET  /models            200 {"live", "serving", "refused", "moves", "versions", "training", "intents"}
    POST /models/train      202 {"training"}   body {"by", "lines": [{"intent", "text"}]}; 409 while one is under way
    POST /models/live       200 {"live"}       body {"by", "version"}; 404 unknown, 409 refused by its gate
    POST /models/rollback   200 {"live"}       body {"by", "from"}; 409 "from" is not live, nothing was before it

The shapes are in tests/contracts/models.json. Only JSON is taken: a web page of another site cannot send that here.
"""

import asyncio
import json
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sanic import Blueprint, Sanic, response
from sanic.request import Request
from sanic.response import HTTPResponse

from bot.channels.checks import BadTurn
from bot.models import lines as reviewed_lines
from bot.models.inputs import Sources
from bot.models.lines import BadLine, read_lines
from bot.models.progress import is_training, now, read_progress
from bot.models.swap import ServedModel
from bot.models.versions import ModelError, Versions
from bot.settings import ROOT

BY = re.compile(r"[A-Za-z0-9_.:@/-]{1,128}")
BEGIN_S = 20.0
"""So long a training may take until it says that it has begun."""


class BadRequest(BadTurn):
    """The request breaks the contract."""


class Trainer:
    """Starts trainings as processes of their own, so that no turn waits for one."""

    def __init__(self, versions: Versions) -> None:
        self._versions = versions
        self._process: asyncio.subprocess.Process | None = None
        self._waiting: asyncio.Future[int] | None = None

    async def start(self, by: str) -> dict[str, Any]:
        """Begins a training; its first progress. Raises BadRequest 409 while one is under way."""
        folder = self._versions.folder
        if is_training(folder) or (self._process is not None and self._process.returncode is None):
            raise BadRequest("a training is under way", code="already_training", status=409)
        before = (read_progress(folder) or {}).get("started_at"), _stamp(self._versions)
        with (folder / "training.log").open("wb") as output:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bot", "train", "--again", "--by", by,
                cwd=ROOT, stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output,
                preexec_fn=_step_back, start_new_session=True,
            )  # fmt: skip
        self._waiting = asyncio.ensure_future(self._process.wait())  # who ended is noted, whether asked for or not
        deadline = asyncio.get_running_loop().time() + BEGIN_S
        while self._process.returncode is None and asyncio.get_running_loop().time() < deadline:
            told = read_progress(folder)
            if told is not None and (told["started_at"], _stamp(self._versions)) != before:
                return told
            await asyncio.sleep(0.05)
        raise BadRequest(f"the training did not begin; see {folder / 'training.log'}", code="no_training", status=503)

    async def stop(self, _app: Sanic, _loop: Any) -> None:
        """Ends a training that is under way: the live model stays, the next training cleans up."""
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()


def _stamp(versions: Versions) -> int:
    try:
        return (versions.folder / "training.json").stat().st_mtime_ns
    except OSError:
        return 0


def _step_back() -> None:
    os.nice(10)


def blueprint(versions: Versions, served: ServedModel, trainer: Trainer) -> Blueprint:
    """The routes under /models."""
    door = Blueprint("models", url_prefix="/models")

    @door.get("/")
    async def told(_request: Request) -> HTTPResponse:
        return response.json(await asyncio.to_thread(state, versions, served))

    @door.post("/train")
    async def train(request: Request) -> HTTPResponse:
        body = read_body(request)
        try:
            lines = read_lines(body.get("lines"))
        except BadLine as error:
            raise BadRequest(str(error), code="bad_line") from error
        try:
            reviewed_lines.write(Sources.of(versions.folder).reviewed, lines)
            return response.json({"training": await trainer.start(by_of(body))}, status=202)
        except OSError as error:
            raise BadRequest(f"the models folder cannot be written ({error})", code="read_only", status=503) from error

    @door.post("/live")
    async def live(request: Request) -> HTTPResponse:
        body = read_body(request)
        version = body.get("version")
        if not isinstance(version, str):
            raise BadRequest("version must be the name of one")
        return await move(lambda: versions.put_live(version, by=by_of(body), at=now(), how="chosen"), request.app)

    @door.post("/rollback")
    async def rollback(request: Request) -> HTTPResponse:
        body = read_body(request)
        return await move(lambda: versions.roll_back(body.get("from"), by=by_of(body), at=now()), request.app)

    async def move(act: Any, app: Sanic) -> HTTPResponse:
        try:
            moved = await asyncio.to_thread(act)
        except ModelError as error:
            raise BadRequest(str(error), code="refused", status=error.status) from error
        except OSError as error:
            raise BadRequest(f"the models folder cannot be written ({error})", code="read_only", status=503) from error
        await served.take_live(app)
        return response.json({"live": moved.version})

    return door


def state(versions: Versions, served: ServedModel) -> dict[str, Any]:
    """Everything that the page of the desk shows."""
    live = versions.live()
    every = versions.all()
    current = next((one for one in every if live is not None and one["version"] == live.version), None)
    return {
        "live": live.version if live else None,
        "before": live.before if live else None,
        "serving": served.version,
        "refused": served.refused,
        "moves": [asdict(move) for move in reversed(live.moves)] if live else [],
        "versions": every,
        "training": read_progress(versions.folder),
        "intents": sorted(current["intents"]) if current else [],
    }


def read_body(request: Request) -> Mapping[str, Any]:
    """The JSON object of a request. Raises BadRequest."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise BadRequest("only application/json is taken", code="not_json", status=415)
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError) as error:
        raise BadRequest("the body is not JSON in UTF-8", code="not_json", status=400) from error
    if not isinstance(body, dict):
        raise BadRequest("the body must be an object")
    return body


def by_of(body: Mapping[str, Any]) -> str:
    """Who asks. Raises BadRequest."""
    by = body.get("by")
    if not isinstance(by, str) or not BY.fullmatch(by):
        raise BadRequest("by must say who asks, in at most 128 letters, digits and ._:@/-")
    return by
