"""The flat XML of WeChat: one level of elements with text. Anything cleverer is refused."""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from handoff_service.errors import Malformed


def parse_flat(raw: bytes) -> Mapping[str, str]:
    """Names and texts of the elements. Raises Malformed for no XML, a document type, entities, or a repeated name."""
    try:
        root = fromstring(raw, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise Malformed(f"The body is not plain XML ({error.__class__.__name__}).") from error
    found: dict[str, str] = {}
    for each in root:
        if each.tag in found:
            raise Malformed(f"The element {each.tag} is there twice.")
        found[each.tag] = each.text or ""
    return found
