"""The templates of messages: MJML for mails, plain text for the rest; a shop's own folder comes before tillpost's.

A trigger's template is `<trigger>.mjml`, or `general.mjml` for a trigger without one; its headline and intro stand in
texts, too. Templates extend each other with `<% extends %>` and `<% block %>`; what comes of that is MJML, compiled
once into HTML for every width and mail program (by mrml). Only then do a message's own values come in, with `{{ }}`
and `{% %}`: data never meet the MJML parser, and everything in them is escaped.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from html import unescape
from pathlib import Path
from typing import Any

import jinja2
import mrml

from pipelines.errors import SettingsError

GENERAL = "general"
WORDS = ("headline", "intro")
_OWN = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Templates:
    """What one trigger's messages are made with."""

    subject: jinja2.Template
    headline: jinja2.Template
    intro: jinja2.Template
    html: jinja2.Template
    text: jinja2.Template
    sms: jinja2.Template
    push: jinja2.Template


@cache
def templates_of(trigger: str, folder: str | None) -> Templates:
    """The templates of a trigger.

    Args:
        trigger: Its name.
        folder: The shop's own templates; null: there are none.

    Raises:
        SettingsError: one of them is not MJML, or does not parse; the message names file and line.
    """
    loader = jinja2.FileSystemLoader([*([folder] if folder else []), _OWN])
    name = f"{trigger}.mjml"
    try:
        compiled, said = _compiled(loader, name if name in loader.list_templates() else f"{GENERAL}.mjml")
        html, plain = _environment(loader, escaped=True), _environment(loader, escaped=False)
        return Templates(
            subject=plain.from_string(compiled.title),
            headline=plain.from_string(said["headline"]),
            intro=plain.from_string(said["intro"]),
            html=html.from_string(compiled.content),
            text=plain.get_template("mail.txt.j2"),
            sms=plain.get_template("sms.txt.j2"),
            push=plain.get_template("push.txt.j2"),
        )
    except jinja2.TemplateError as error:
        place = f"{getattr(error, 'name', None) or name}, line {getattr(error, 'lineno', '?')}"
        raise _refused(trigger, f"{place}: {error}") from error


def _environment(loader: jinja2.BaseLoader, *, escaped: bool) -> jinja2.Environment:
    return jinja2.Environment(
        loader=loader,
        autoescape=escaped,
        undefined=jinja2.StrictUndefined,
        trim_blocks=not escaped,
        lstrip_blocks=not escaped,
    )


def _compiled(loader: jinja2.BaseLoader, name: str) -> tuple[Any, dict[str, str]]:
    """The MJML that the template and those it extends come to, as HTML whose values are still to be filled in.

    Beside it the blocks `WORDS`, which a text says too; empty: the template has none.
    """
    structure = jinja2.Environment(
        loader=loader,
        autoescape=False,
        undefined=jinja2.StrictUndefined,
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
        comment_start_string="<#",
        comment_end_string="#>",
    )
    template = structure.get_template(name)
    context = template.new_context()
    source = "".join(template.root_render_func(context))
    blocks = {word: context.blocks[word][0] for word in WORDS if word in context.blocks}
    said = {word: unescape("".join(blocks[word](context))) if word in blocks else "" for word in WORDS}
    try:
        return mrml.to_html(source), said
    except OSError as error:  # what mrml raises of a text that is not MJML
        raise _refused(name, str(error)) from error


def _refused(what: str, why: str) -> SettingsError:
    return SettingsError(
        f"The template of {what} is refused: {why}",
        remedy="Mend the template; `tillpost preview` shows a message with it.",
    )
