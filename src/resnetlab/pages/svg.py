"""Figures as files: SVG that can stand many times on one page, and PNG.

Matplotlib's SVG is made for one picture in one file. Here its names get the figure's own prefix, its style sheet
(which would reach the whole page) is dropped, inline styles become plain attributes, so that a page's style sheet can
override them, and black becomes the colour of the text around it, which follows a reader's dark mode. The same figure
always gives the same bytes.
"""

from __future__ import annotations

import io
import re
import warnings
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass

import matplotlib
from matplotlib.figure import Figure

from resnetlab.pages.alternatives import figure_words

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
FONT = "Helvetica, Arial, sans-serif"
DOTS_PER_INCH = 150
LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}")
REFERENCE = re.compile(r"#([\w.-]+)")
COORDINATES = ("d", "points", "x", "y", "x1", "x2", "y1", "y2")

ElementTree.register_namespace("", SVG)
ElementTree.register_namespace("xlink", XLINK)


@dataclass(frozen=True)
class Drawing:
    """A figure that has been drawn.

    Args:
        svg: one element, for a page or a file.
        png: the same on white.
        words: what it shows, for readers who do not see it.
    """

    svg: str
    png: bytes
    words: str = ""


def drawn(figure: Figure, slug: str) -> Drawing:
    """The figure in both formats, and in words.

    Args:
        figure: in the house's style; text that stands on a filled cell is drawn in `figures.INK` or `figures.PAPER`.
        slug: of its claim; names inside the SVG begin with it.
    """
    with warnings.catch_warnings():  # the PNG's font has not the signs of every script; the SVG takes the reader's
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        return Drawing(figure_svg(figure, slug), figure_png(figure), figure_words(figure))


def figure_svg(figure: Figure, slug: str) -> str:
    """The figure as an SVG element: text as text, transparent ground, names that begin with the slug.

    Args:
        figure: what to draw.
        slug: of its claim; must differ between the figures of one page.
    """
    drawn = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "resnetlab"}):
        figure.savefig(drawn, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    root = ElementTree.fromstring(drawn.getvalue())
    _drop_what_is_not_seen(root)
    for element in root.iter():
        _style_as_attributes(element)
        _shorten(element)
    _rename(root, slug)
    _flatten(root)
    root.set("font-family", FONT)
    root.set("fill", "currentColor")
    root.set("stroke-linejoin", "round")
    return ElementTree.tostring(root, encoding="unicode")


def figure_png(figure: Figure) -> bytes:
    """The figure as PNG on white."""
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=DOTS_PER_INCH, facecolor="white", metadata={"Software": None})
    return drawn.getvalue()


def _drop_what_is_not_seen(root: ElementTree.Element) -> None:
    """Metadata, the global style sheet, and the transparent grounds of figure and axes."""
    for parent in list(root.iter()):
        for child in list(parent):
            style = child.get("style", "")
            unseen = child.tag == f"{{{SVG}}}path" and "fill: none" in style and "stroke" not in style
            if unseen or child.tag in (f"{{{SVG}}}metadata", f"{{{SVG}}}style"):
                parent.remove(child)


def _style_as_attributes(element: ElementTree.Element) -> None:
    for declaration in filter(None, map(str.strip, element.attrib.pop("style", "").split(";"))):
        name, value = (side.strip() for side in declaration.split(":", 1))
        if name == "font":
            _font_as_attributes(element, value)
        elif name != "font-family":
            element.set(name, "currentColor" if value == "#000000" else value)


def _font_as_attributes(element: ElementTree.Element, font: str) -> None:
    """The size, weight and slant of a `font` shorthand; the family is the page's."""
    size = re.search(r"([\d.]+)px", font)
    if size:
        element.set("font-size", f"{float(size[1]):g}")
    weight = re.search(r"\b(bold|[1-9]00)\b", font)
    if weight:
        element.set("font-weight", weight[1])
    if "italic" in font or "oblique" in font:
        element.set("font-style", "italic")


def _shorten(element: ElementTree.Element) -> None:
    """Coordinates to a hundredth of a point."""
    for name in COORDINATES:
        if name in element.attrib:
            element.set(name, LONG_NUMBER.sub(_rounded, " ".join(element.attrib[name].split())))
    transform = element.get("transform", "")
    if transform.startswith("rotate(-0 "):
        del element.attrib["transform"]
    elif transform.startswith(("translate", "rotate")):
        element.set("transform", LONG_NUMBER.sub(_rounded, transform))


def _rounded(found: re.Match[str]) -> str:
    return f"{round(float(found[0]), 2) + 0.0:g}"


def _rename(root: ElementTree.Element, slug: str) -> None:
    """Numbers for the names that are used, prefixed by the slug; the others go."""
    used = {name for element in root.iter() for value in element.attrib.values() for name in REFERENCE.findall(value)}
    names: dict[str, str] = {}
    for element in root.iter():
        old = element.attrib.pop("id", None)
        if old in used and old is not None:
            names[old] = f"{slug}--{len(names) + 1}"
            element.set("id", names[old])
    for element in root.iter():
        for key, value in element.attrib.items():
            if "#" in value and key != "id":
                element.set(key, REFERENCE.sub(lambda found: f"#{names.get(found[1], found[1])}", value))


def _flatten(element: ElementTree.Element) -> list[ElementTree.Element]:
    """The element without the groups and the white space that Matplotlib puts around everything."""
    element.tail = None
    element[:] = [kept for child in element for kept in _flatten(child)]
    if element.tag in (f"{{{SVG}}}text", f"{{{SVG}}}tspan"):
        return [element]
    element.text = None
    if element.tag in (f"{{{SVG}}}g", f"{{{SVG}}}defs") and not element.attrib:
        is_group = element.tag == f"{{{SVG}}}g"
        return list(element) if is_group or not len(element) else [element]
    return [element]
