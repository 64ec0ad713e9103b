"""Where a good in a message leads to: its page, the campaign's `utm_` fields, and the link's own hashed id.

The id is a keyed hash of message and good, so that a click names both and nobody can make one up. The page that it
leads to receives it as `mail_link_id` or `sms_link_id`, which identity takes for evidence (`conf/identity.yaml`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

LinkId = Callable[[str], str]
"""From a link's name, such as `<send key>/<product>`, to its hashed id."""

PARAMETER = {"email": "mail_link_id", "sms": "sms_link_id"}
"""By channel, the field of the address that carries the id; a push message is known by its device's token."""

MEDIUM = {"email": "email", "sms": "sms", "push": "push"}
"""By channel, the `utm_medium` that `conf/channels.yaml` reads."""


def page_of(url: str | None, pattern: str | None, product_id: str) -> str | None:
    """The page of a good: its own, or by the pattern; null: neither.

    >>> page_of(None, "https://shop.example/p/{product_id}", "4/7")
    'https://shop.example/p/4%2F7'
    """
    if url:
        return url
    return pattern.replace("{product_id}", quote(product_id, safe="")) if pattern else None


def is_web_address(url: str) -> bool:
    """Whether a mail may carry it: absolute, of http or https, without spaces or control characters.

    >>> is_web_address("javascript:alert(1)")
    False
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    clean = url.isprintable() and not any(character in url for character in ' "<>\\')
    return clean and parts.scheme in ("http", "https") and bool(parts.hostname)


def tagged(url: str, fields: Mapping[str, str]) -> str:
    """The address with the fields behind its own; one that it has already is replaced.

    >>> tagged("https://shop.example/p?a=1&utm_medium=x#top", {"utm_medium": "email"})
    'https://shop.example/p?a=1&utm_medium=email#top'
    """
    parts = urlsplit(url)
    own = [
        (name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in fields
    ]
    return urlunsplit(parts._replace(query=urlencode([*own, *fields.items()])))
