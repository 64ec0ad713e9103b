"""A mail as it goes over the wire: RFC 5322, with text and HTML, and the headers that end it with one click."""

from __future__ import annotations

from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from pipelines.publish.assemble import Shop
from pipelines.publish.mail.render import Rendered, one_line
from pipelines.publish.messages import Message


class Unwritable(ValueError):
    """The address cannot stand in a header; the text does not say it."""


def mail(message: Message, rendered: Rendered, shop: Shop) -> EmailMessage:
    """The mail; the same message gives the same bytes, boundary and date included.

    `Message-ID` is the send key, so that a mail that came twice is known to be one. `List-Unsubscribe` and
    `List-Unsubscribe-Post` are those of RFC 8058.

    Args:
        message: What is said; it has an address.
        rendered: The same, as a person sees it.
        shop: Who says it.

    Raises:
        Unwritable: there is no address, or it is not of plain ASCII and well formed.
    """
    if message.to is None or message.to.email is None or rendered.html is None:
        raise Unwritable(f"message {message.send_key} is no mail with an address")
    found = EmailMessage(policy=SMTP)
    name, _, domain = shop.sender.partition("@")
    found["From"] = Address(one_line(shop.name), name, domain)
    found["To"] = _recipient(message.to.email)
    found["Subject"] = rendered.subject
    found["Date"] = message.send_at
    found["Message-ID"] = f"<{message.send_key}@{domain}>"
    found["List-Unsubscribe"] = f"<{message.unsubscribe}>"
    found["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    found["X-Campaign"] = message.campaign
    found.set_content(rendered.text)
    found.add_alternative(rendered.html, subtype="html")
    found.set_boundary(f"tillpost-{message.send_key}")
    return found


def _recipient(email: str) -> Address:
    try:
        email.encode("ascii")
        return Address(addr_spec=email)
    except (ValueError, MessageError):
        raise Unwritable("the address is not of plain ASCII and well formed") from None
