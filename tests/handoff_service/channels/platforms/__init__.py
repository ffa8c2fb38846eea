"""One fake server per platform, each behaving as documented; PLATFORMS is what the shared tests run over."""

from collections.abc import Mapping

from tests.handoff_service.channels.platforms.fake import Platform
from tests.handoff_service.channels.platforms.telegram import FakeTelegram
from tests.handoff_service.channels.platforms.wechat import FakeMiniProgram, FakeWeChat

PLATFORMS: Mapping[str, type[Platform]] = {one.channel: one for one in (FakeTelegram, FakeWeChat, FakeMiniProgram)}
