"""Why a row was refused, or a warning given: each a sentence for a person."""

from __future__ import annotations

from enum import Enum


class Reason(Enum):
    """The name is the code that quarantine stores; the value is what it says to a person."""

    FILE_REFUSED = "The whole file was refused when it landed, because it could not be read to its end."
    NOT_JSON = "The record is not one JSON object; it may be torn."
    BAD_ENCODING = "The record is not valid UTF-8."
    MISSING_VALUE = "A value that must be there is missing."
    WRONG_TYPE = "The value is not of the type that the contract names."
    TOO_PRECISE = "The amount has more decimals than its currency or unit."
    BELOW_MINIMUM = "The number is smaller than it can be."
    ABOVE_MAXIMUM = "The number is larger than it can be."
    UNKNOWN_CODE = "The value is not one of those that the contract lists."
    OUT_OF_ORDER = "The two values contradict each other: the later one comes first."
    FUTURE = "It is dated after the file that brought it had arrived."
    TOO_OLD = "It is dated before the business's first day: the sender's clock is wrong."
    NOBODY = "Nothing in it says whom it concerns, or which message."
    NAMED_TWICE = "The record says it twice, and not which of the two counts."
    RECEIPT_REFUSED = "The receipt of this line was refused."
    ORDER_REFUSED = "The order of this line was refused."
    OFFER_REFUSED = "The offer of this stock was refused."
