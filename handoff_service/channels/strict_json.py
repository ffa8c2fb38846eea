"""JSON from strangers: what readers could understand differently, or could not hold, is refused."""

from __future__ import annotations

import json
import math
import unicodedata
from typing import Any, NoReturn

from handoff_service.errors import Invalid, Malformed

MAX_DEPTH = 32


def parse_object(raw: bytes, *, mend: bool = False) -> dict[str, Any]:
    """The JSON object in these bytes.

    Raises Malformed for what is not strict JSON in UTF-8: a repeated key, NaN, a number beyond any double, nesting
    deeper than MAX_DEPTH; and Invalid for a NUL or half a character (a lone surrogate) anywhere in it. With `mend`
    these two are left out and replaced instead: for platforms, whose customers cannot write it anew.
    """
    try:
        value = json.loads(
            raw.decode("utf-8"), object_pairs_hook=_object, parse_constant=_refuse_constant, parse_float=_finite
        )
    except UnicodeDecodeError as error:
        raise Malformed(f"The body is not UTF-8 (byte {error.start}).") from error
    except RecursionError as error:
        raise Malformed(f"The body is nested deeper than {MAX_DEPTH}.") from error
    except ValueError as error:
        raise Malformed(f"The body is not JSON: {str(error)[:200]}.") from error
    if not isinstance(value, dict):
        raise Malformed("The body is not a JSON object.")
    _check(value, mend=mend)
    mended: dict[str, Any] = _mended(value) if mend else value
    return mended


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return value if value.isprintable() else mended_text(value)
    if isinstance(value, list):
        return [_mended(one) for one in value]
    return {mended_text(name): _mended(one) for name, one in value.items()} if isinstance(value, dict) else value


def mended_text(text: str) -> str:
    """Without NUL, and with U+FFFD for every half of a character."""
    return "".join("\ufffd" if unicodedata.category(one) == "Cs" else one for one in text.replace("\x00", ""))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Malformed("The body has an object with a repeated key.")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise Malformed(f"The body contains {name}, which is not JSON.")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise Malformed(f"The body contains a number that nothing can hold: {text[:40]}.")
    return value


def _check(value: Any, *, mend: bool) -> None:
    """Looks at every string and the depth, without recursion: the depth is what is in question."""
    left = [(value, 1)]
    while left:
        one, depth = left.pop()
        if isinstance(one, (dict, list)) and depth > MAX_DEPTH:
            raise Malformed(f"The body is nested deeper than {MAX_DEPTH}.")
        if isinstance(one, dict):
            left += [(key, depth) for key in one] + [(inner, depth + 1) for inner in one.values()]
        elif isinstance(one, list):
            left += [(inner, depth + 1) for inner in one]
        elif isinstance(one, str) and not mend:
            if "\x00" in one:
                raise Invalid("The body contains a NUL character.")
            if any(unicodedata.category(character) == "Cs" for character in one):
                raise Invalid("The body contains half a character (a lone surrogate).")
