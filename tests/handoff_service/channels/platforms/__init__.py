"""One fake server per platform, each behaving as documented; PLATFORMS is what the shared tests run over."""

from collections.abc import Mapping

from tests.handoff_service.channels.platforms.fake import Platform
from tests.handoff_service.channels.platforms.telegram import FakeTelegram

PLATFORMS: Mapping[str, type[Platform]] = {"telegram": FakeTelegram}
