"""Why a piece of evidence joins nobody: each a sentence for a person.

The first five are local to the row; the others say what the replay found, and can change as more is observed.
"""

from __future__ import annotations

from enum import Enum


class Reason(Enum):
    """A rule that refused an edge when it came, or ended it later."""

    MISSING = "A type, a value or the time of observation is missing"
    UNKNOWN_TYPE = "A type of identifier that the rules do not name"
    BLOCKED = (
        "A value that stands for nobody, such as zeros, `null`, a test number or an address that is none"
    )
    SELF = "Both ends are the same identifier"
    NEVER = "Its source is given no weight"
    SHARED = (
        "One of its ends is seen with more identifiers of a type than one person has: it belongs to nobody"
    )
    WEAK = "It is too weak to make one person of two who each have an identifier of their own"
    UNIQUE = "It would give one person two identifiers of a type of which a person has one"
    EXCLUDED = "It would join two identifiers that are listed as never one person"
    TOO_LARGE = "It would give one person more identifiers than a person may have"
    EXPIRED = "It was not observed again within its time to live before one of its ends was"
