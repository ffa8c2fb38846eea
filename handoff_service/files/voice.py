"""A voice note that was recorded in a browser: only what such recordings are, told by their bytes."""

from __future__ import annotations

from handoff_service.errors import Invalid
from handoff_service.files.model import Sniffer

# Recorders write sound alone into the containers of videos; here nothing else comes in.
SOUND = {
    "audio/ogg": "audio/ogg",
    "audio/mp4": "audio/mp4",
    "video/mp4": "audio/mp4",
    "video/webm": "audio/webm",
}


class VoiceSniffer(Sniffer):
    """Tells which recording it is. Raises Invalid for anything else."""

    def __init__(self) -> None:
        super().__init__(more=True)

    def end(self) -> str:
        """The type of the recording."""
        kind = SOUND.get(super().end())
        if kind is None:
            raise Invalid("This is no voice note; record one in MP4, WebM or Ogg.")
        return kind
