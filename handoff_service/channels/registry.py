"""Every platform that Tandem speaks, by the name that accounts and conversations carry. The web widget needs none."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from handoff_service.channels.model import Channel
from handoff_service.channels.signed_api import SignedApi
from handoff_service.channels.telegram import Telegram
from handoff_service.channels.wechat import WeChat
from handoff_service.channels.window import Allowance

CHANNELS: Mapping[str, Channel] = {
    "api": SignedApi(),
    "telegram": Telegram(),
    "wechat": WeChat("WeChat service account (公众号)", came=Allowance(timedelta(minutes=1), 3)),
    "wechat_mini": WeChat("WeChat mini program (小程序)", came=Allowance(timedelta(minutes=1), 2)),
}
