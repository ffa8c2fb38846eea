"""Every platform that Tandem speaks, by the name that accounts and conversations carry. The web widget needs none."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

from handoff_service.channels.caller import Caller
from handoff_service.channels.dingtalk import DingTalk
from handoff_service.channels.douyin import REFRESH_LASTS, Douyin
from handoff_service.channels.douyin_kf import DouyinKf
from handoff_service.channels.feishu import Feishu
from handoff_service.channels.kuaishou import Kuaishou
from handoff_service.channels.line import Line
from handoff_service.channels.mail import MailChannel
from handoff_service.channels.messenger import Messenger
from handoff_service.channels.model import Account, Channel, Fetching, WebhookRequest
from handoff_service.channels.renewing import Renewing
from handoff_service.channels.signed_api import SignedApi
from handoff_service.channels.slack import Slack
from handoff_service.channels.telegram import Telegram
from handoff_service.channels.twilio_sms import TwilioSms
from handoff_service.channels.twilio_voice import TwilioVoice
from handoff_service.channels.wechat import WeChat
from handoff_service.channels.wecom import WeCom
from handoff_service.channels.weibo import Weibo
from handoff_service.channels.whatsapp import WhatsApp
from handoff_service.channels.window import Allowance
from handoff_service.channels.wording import Form, octets

A_MINUTE = timedelta(minutes=1)
DOUYIN = Douyin()
WECOM = WeCom()
MAIL = MailChannel()

CHANNELS: Mapping[str, Channel] = {
    "api": SignedApi(),
    "dingtalk": DingTalk(),
    "douyin": DOUYIN,
    "douyin_kf": DouyinKf(),
    "email": MAIL,
    "feishu": Feishu(),
    "instagram": Messenger("Instagram", "instagram", Form(limit=1000, measure=octets), ("image/jpeg", "image/png")),
    "kuaishou": Kuaishou(),
    "line": Line(),
    "messenger": Messenger("Facebook Messenger", "page", Form(limit=2000), ("image/", "application/pdf", "text/")),
    "slack": Slack(),
    "sms": TwilioSms(),
    "telegram": Telegram(),
    "voice": TwilioVoice(),
    "wechat": WeChat("WeChat service account (公众号)", came=Allowance(A_MINUTE, 3)),
    "wechat_mini": WeChat("WeChat mini program (小程序)", came=Allowance(A_MINUTE, 2)),
    "wecom": WECOM,
    "weibo": Weibo(),
    "whatsapp": WhatsApp(),
}

# Platforms that keep messages until they are fetched; every minute, because hints may be lost.
FETCHING: Mapping[str, Fetching] = {
    "email": Fetching(20.0, MAIL.fetch),
    "wecom": Fetching(60.0, WECOM.fetch),
}

# Platforms whose access tokens end, and which renew them for who holds a refresh token.
RENEWING: Mapping[str, Renewing] = {
    "douyin": Renewing(REFRESH_LASTS, DOUYIN.renew_access, DOUYIN.renew_refresh),
}

# What must be known of a platform before its webhooks can be checked, as keys that it changes; asked for beforehand.
LEARNING: Mapping[str, Callable[[Caller, Account, WebhookRequest], Awaitable[None]]] = {"email": MAIL.learn}
