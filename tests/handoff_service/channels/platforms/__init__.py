"""One fake server per platform, each behaving as documented; PLATFORMS is what the shared tests run over."""

from collections.abc import Mapping

from tests.handoff_service.channels.platforms.chinese import (
    FakeDingTalk,
    FakeDouyin,
    FakeFeishu,
    FakeKuaishou,
    FakeWeibo,
)
from tests.handoff_service.channels.platforms.douyin_kf import FakeDouyinKf
from tests.handoff_service.channels.platforms.fake import Platform
from tests.handoff_service.channels.platforms.line import FakeLine
from tests.handoff_service.channels.platforms.mail import FakeMail
from tests.handoff_service.channels.platforms.meta import FakeInstagram, FakeMessenger, FakeWhatsApp
from tests.handoff_service.channels.platforms.slack import FakeSlack
from tests.handoff_service.channels.platforms.telegram import FakeTelegram
from tests.handoff_service.channels.platforms.twilio import FakeTwilio
from tests.handoff_service.channels.platforms.voice import FakeVoice
from tests.handoff_service.channels.platforms.wechat import FakeMiniProgram, FakeWeChat, FakeWeCom

PLATFORMS: Mapping[str, type[Platform]] = {
    one.channel: one
    for one in (
        FakeDingTalk,
        FakeDouyin,
        FakeDouyinKf,
        FakeFeishu,
        FakeInstagram,
        FakeKuaishou,
        FakeLine,
        FakeMail,
        FakeMessenger,
        FakeMiniProgram,
        FakeSlack,
        FakeTelegram,
        FakeTwilio,
        FakeVoice,
        FakeWeChat,
        FakeWeCom,
        FakeWeibo,
        FakeWhatsApp,
    )
}
