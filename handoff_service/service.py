"""What the HTTP and WebSocket endpoints work with: made once in the composition root, handed to every router."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from handoff_service.bell import Bell
from handoff_service.channels.caller import Caller
from handoff_service.channels.model import Channel
from handoff_service.clock import Clock
from handoff_service.conversations.change import Context
from handoff_service.database import Database
from handoff_service.desk.orders import Orders
from handoff_service.desk.translate import Translator
from handoff_service.knowledge.client import Knowledge
from handoff_service.limits import Limits
from handoff_service.live.frames import Handlers
from handoff_service.live.sockets import Sockets
from handoff_service.load import Load
from handoff_service.settings import Settings
from handoff_service.tenants.origins import Origins
from handoff_service.training.models import Models


@dataclass(frozen=True)
class Service:
    """The parts of one running gateway."""

    settings: Settings
    database: Database
    bell: Bell
    clock: Clock
    knowledge: Knowledge
    models: Models
    limits: Limits
    frames: Handlers
    channels: Mapping[str, Channel]
    sockets: Sockets
    origins: Origins
    load: Load
    orders: Orders
    translator: Translator
    platforms: Caller

    def context(self) -> Context:
        """The settings and the present moment."""
        return Context(self.settings, self.clock())
