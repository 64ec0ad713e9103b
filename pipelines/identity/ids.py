"""The id of a person: a hash of the identifier that founded it."""

from __future__ import annotations

from hashlib import sha256


def person_id(node: str, turn: int = 1) -> str:
    """`p` and 16 hex digits of the SHA-256 of `type:value`.

    Never derived from a key, so that a change of key renames nobody.

    Args:
        node: The identifier, as `type:value`.
        turn: 1; or 2, 3 ... where the identifier founds a person while another one still has its earlier id.

    >>> person_id("loyalty_card:1")
    'pe4c0f16457bfa734'
    >>> person_id("loyalty_card:1", 2) == person_id("loyalty_card:1")
    False
    """
    text = node if turn == 1 else f"{turn}#{node}"
    return "p" + sha256(text.encode()).hexdigest()[:16]
