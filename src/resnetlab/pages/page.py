"""What all pages of the lab have in common: templates, filters, and what their security policy names."""

from __future__ import annotations

import base64
import hashlib
from importlib import resources

import jinja2
from markupsafe import Markup, escape

from resnetlab.pages.numbers import duration, number, percent


def page_environment() -> jinja2.Environment:
    """The templates of the lab, which escape all text and refuse names they are not given."""
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(template_text),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": number, "percent": percent, "duration": duration, "figure": named_figure}
    return environment


def template_text(name: str) -> str:
    """A template, style sheet or script as it stands in its file."""
    return resources.files("resnetlab.pages").joinpath("templates", name).read_text(encoding="utf-8")


def policy_digest(text: str) -> str:
    """As a page's security policy names what may stand in it."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def named_figure(svg: str, title: str) -> Markup:
    """The figure as one image with a name, for readers who do not see it."""
    name = escape(f"Figure: {title.replace('`', '')}")
    return Markup(svg.replace("<svg ", f'<svg role="img" aria-label="{name}" ', 1))
