"""What a figure owes its reader: all its text, large enough and whole."""

from __future__ import annotations

from matplotlib.figure import Figure
from matplotlib.text import Text

SMALLEST = 8  # points, on a figure 6.4 inches wide


def assert_readable(figure: Figure) -> None:
    """Every text of the drawn figure is of a readable size, and nothing is cut off at its edges."""
    figure.draw_without_rendering()
    assert figure.get_figwidth() == 6.4
    sizes = [text.get_fontsize() for text in figure.findobj(Text) if text.get_text().strip()]
    assert min(sizes) >= SMALLEST
    drawn = figure.get_tightbbox()
    assert min(drawn.x0, drawn.y0) > -0.01
    assert drawn.x1 < figure.get_figwidth() + 0.01
    assert drawn.y1 < figure.get_figheight() + 0.01
