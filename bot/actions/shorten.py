"""Cuts an answer that is too long for its channel, where a sentence ends."""

import re

# An end of a sentence: a Chinese mark, a line break, or a Latin mark before a space (not the point in 3.5).
SENTENCE_END = re.compile(r"[。！？；]+[”’」）)]*|\n+|[.!?]+[\"')]*(?=\s|$)")
PAUSE = re.compile(r"[，、,;：:]|\s")
LEAST = 0.4  # of the room: a sentence that ends earlier leaves the message too short
SLACK = 1.15  # so much more is sent whole: a rest of a few words is worse than a long message


def cut(text: str, *, room: int) -> tuple[str, str | None]:
    """The beginning that fits into `room` characters and the rest; the whole and None when it all but fits."""
    if len(text) <= room * SLACK:
        return text, None
    at = last_end(SENTENCE_END, text, room) or last_end(PAUSE, text, room) or room
    rest = text[at:].strip()
    return text[:at].rstrip(), rest or None


def last_end(pattern: re.Pattern[str], text: str, room: int) -> int | None:
    """Where the last match within the room ends, if that fills enough of it."""
    ends = [match.end() for match in pattern.finditer(text, 0, room) if match.end() >= room * LEAST]
    return ends[-1] if ends else None
