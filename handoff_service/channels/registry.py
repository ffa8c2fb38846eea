"""Every platform that Tandem speaks, by the name that accounts and conversations carry. The web widget needs none."""

from __future__ import annotations

from collections.abc import Mapping

from handoff_service.channels.model import Channel
from handoff_service.channels.signed_api import SignedApi
from handoff_service.channels.telegram import Telegram

CHANNELS: Mapping[str, Channel] = {"api": SignedApi(), "telegram": Telegram()}
