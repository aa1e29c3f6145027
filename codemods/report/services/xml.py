"""XML documents, whose texts ``display`` has made of characters that XML allows."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import indent, tostring

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


def document(root: Element) -> str:
    """Return *root* as a document that ends with a newline."""
    indent(root)
    return f"{_HEAD}{tostring(root, encoding='unicode')}\n"
