"""How figures look, and how they reach the page.

Every figure of the book is made the same way, and a chapter author needs three things:

1. In ``course_lib/figures/<chapter stem>.py``: one function a figure, decorated with `styled`, that opens its canvas
   with `canvas` and returns the matplotlib ``Figure``. Sizes are CSS pixels. The alternative text is part of the
   figure: `canvas` insists on it, so it can quote numbers that the function has just computed. Colours come from
   `COLORS` by name, everything neutral (axes, text, guide lines) stays black.
2. In the chapter: a cell that ends in ``show(figure)``, with caption and label in the cell's MyST options::

       ```{code-cell} python
       ---
       tags: [hide-input]
       mystnb:
         figure:
           name: fig-derivatives-three-losses
           caption: |
             The loss as a function of the weight, for three inputs.
       ---
       show(figures.three_losses())
       ```

   Text refers to it with ``{numref}`fig-derivatives-three-losses```. Captions may hold mathematics and citations;
   the alternative text is plain words that say what there is to see, for a reader who cannot see it.
3. Panels that may stand side by side are separate figures: a function returns a tuple of them and the chapter says
   ``show(*figures.three_losses())``. They stand in a row where there is room and below one another on a phone,
   where one wide picture would shrink until nobody could read it. A single figure is at most 480 pixels wide
   for the same reason.

`show` writes SVG into the page instead of a picture file: text stays text, black becomes the colour of the surrounding
text, and each named colour becomes a CSS variable with one value for light pages and one for dark ones. So one
figure serves both colour schemes, in the book and in JupyterLab. The bytes depend on the figure alone (no date, no
random identifiers), so a test can compare them.

The palette is Okabe and Ito's (2008), safe for the common kinds of colour blindness, darkened or lightened until each
colour has a contrast of at least 4.5 to 1 against the page. Colour is never the only mark: lines also
differ in dash, marker or a label at their end.
"""

from __future__ import annotations

import hashlib
import html
import io
import math
import re
from collections.abc import Callable, Mapping
from functools import wraps
from typing import ParamSpec, TypeVar

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

P = ParamSpec("P")
T = TypeVar("T")

# name: (on a light page, on a dark page)
PALETTE: Mapping[str, tuple[str, str]] = {
    "blue": ("#0072b2", "#56b4e9"),
    "orange": ("#b34700", "#ff9a57"),
    "green": ("#00795a", "#2fcb9e"),
    "purple": ("#a3447c", "#e69fc6"),
    "grey": ("#5f6670", "#a3abb5"),
}
COLORS: Mapping[str, str] = {name: light for name, (light, _) in PALETTE.items()}

_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif"
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
# Sphinx themes put a light card behind HTML outputs on dark pages; these pictures need none.
_NO_CARD = (
    "html[data-theme] .cell_output .output.text_html:has(> .descent-figure)"
    "{background:transparent!important;color:inherit!important;padding:0}\n"
)
_RC = {
    "svg.fonttype": "none",
    "font.size": 12,
    "axes.titlesize": 12,
    "axes.labelsize": 12,
    "xtick.labelsize": 11,
    "ytick.labelsize": 11,
    "legend.fontsize": 11,
    "legend.frameon": False,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "lines.linewidth": 2.0,
    "lines.markersize": 6,
    "path.simplify_threshold": 0.2,
    "axes.unicode_minus": True,
}


def styled(function: Callable[P, T]) -> Callable[P, T]:
    """Run a figure function under the course's matplotlib settings, and leave the caller's untouched.

    Examples
    --------
    >>> @styled
    ... def corner():
    ...     return mpl.rcParams["axes.spines.top"]
    >>> before = mpl.rcParams["axes.spines.top"]
    >>> corner(), mpl.rcParams["axes.spines.top"] == before
    (False, True)
    """

    @wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> T:
        with mpl.rc_context(_RC):
            return function(*args, **kwargs)

    return wrapper


def canvas(width: float, height: float, alt: str) -> tuple[Figure, Axes]:
    """Open an empty figure of ``width`` by ``height`` CSS pixels with one pair of axes.

    Parameters
    ----------
    width, height : float
        Size in CSS pixels; at most 480 wide, so that a phone shows it at a readable size.
    alt : str
        What there is to see, in plain words.

    Raises
    ------
    ValueError
        If the figure is too wide or the alternative text says too little.

    Examples
    --------
    >>> figure, axes = canvas(240, 180, alt="An empty pair of axes, only to show how this is done.")
    >>> line = axes.plot([0, 1], [0, 1], color=COLORS["blue"])
    >>> canvas(240, 180, alt="a line")
    Traceback (most recent call last):
    ...
    ValueError: alt must say what there is to see in eight words or more, got 'a line'
    """
    if width > 480:
        raise ValueError(f"width must be at most 480 pixels, got {width}; return several figures instead")
    if len(alt.split()) < 8:
        raise ValueError(f"alt must say what there is to see in eight words or more, got {alt!r}")
    figure = Figure(figsize=(width / 72, height / 72), dpi=72, layout="constrained", facecolor="none")
    figure.set_label(alt)
    return figure, figure.subplots()


def powers_of_ten(axis: Axis) -> None:
    """Label a logarithmic axis 10⁻³, 10⁰, … in ordinary text, every few decades so that labels do not touch.

    Examples
    --------
    >>> figure, axes = canvas(240, 180, alt="Empty axes whose vertical one is logarithmic, from 1/1000 to 1.")
    >>> axes.set_yscale("log")
    >>> powers_of_ten(axes.yaxis)
    >>> axes.yaxis.get_major_formatter()(0.001)
    '10⁻³'
    """
    axis.set_major_locator(LogLocator(base=10, numticks=6))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: "10" + str(round(math.log10(value))).translate(_RAISED)))


def css_variables(selector: str) -> str:
    """CSS that gives ``selector`` one variable a colour, for light pages, dark pages and dark JupyterLab.

    >>> css_variables(".x").splitlines()[0][:24]
    '.x{--descent-blue:#0072b'
    """
    light = "".join(f"--descent-{name}:{value};" for name, (value, _) in PALETTE.items())
    dark = "".join(f"--descent-{name}:{value};" for name, (_, value) in PALETTE.items())
    night = f'html[data-theme="dark"] {selector},body[data-jp-theme-light="false"] {selector}'
    return f"{selector}{{{light}}}\n{night}{{{dark}}}\n"


class Picture:
    """Figures ready for a page: HTML for Jupyter and the book, words for everything else.

    Examples
    --------
    >>> picture = show(canvas(240, 180, alt="An empty pair of axes, only to show how this is done.")[0])
    >>> "<svg" in picture._repr_html_(), picture.alts[0][:21]
    (True, 'An empty pair of axes')
    """

    def __init__(self, svgs: list[str], alts: list[str]) -> None:
        self.svgs, self.alts = svgs, alts

    def __repr__(self) -> str:
        return "\n".join(f"[figure] {alt}" for alt in self.alts)

    def _repr_html_(self) -> str:
        style = (
            css_variables(".descent-figure")
            + ".descent-figure{display:flex;flex-wrap:wrap;gap:.5rem;justify-content:center;margin:.5rem 0}\n"
            + ".descent-figure svg{flex:0 1 auto;max-width:100%;height:auto;fill:currentColor;"
            + f"stroke-linejoin:round;font-family:{_FONT}}}\n"
            + _NO_CARD
        )
        return f'<div class="descent-figure"><style>{style}</style>{"".join(self.svgs)}</div>'


def show(*figures: Figure) -> Picture:
    """Turn figures made with `canvas` into what a page can show, side by side where there is room.

    >>> from course_lib.figures.style import canvas, show
    >>> figure, axes = canvas(240, 180, alt="An empty pair of axes, only to show how this is done.")
    >>> show(figure)
    [figure] An empty pair of axes, only to show how this is done.
    """
    if not figures:
        raise ValueError("show needs at least one figure, got none")
    return Picture([to_svg(figure) for figure in figures], [str(figure.get_label()) for figure in figures])


def to_svg(figure: Figure) -> str:
    """One figure as an ``<svg role="img">`` element that follows the colour scheme of its page."""
    alt = str(figure.get_label())
    salt = "f" + hashlib.sha256(alt.encode()).hexdigest()[:8]
    buffer = io.StringIO()
    with mpl.rc_context({**_RC, "svg.hashsalt": salt}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = buffer.getvalue()
    width, height = (72 * side for side in figure.get_size_inches())
    body = text[text.index("<defs>") : text.rindex("</svg>")]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" role="img" '
        f'aria-label="{html.escape(alt)}" viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}">'
    )
    return head + _follow_the_page(_share_styles(_unique_ids(body, salt))) + "</svg>"


def _unique_ids(body: str, prefix: str) -> str:
    """Drop the ids nothing refers to; prefix the others, so that figures on one page never collide."""
    used = set(re.findall(r'(?:xlink:href="#|url\(#)([\w-]+)', body))
    body = re.sub(r' id="([\w.-]+)"', lambda m: f' id="{prefix}-{m[1]}"' if m[1] in used else "", body)
    return re.sub(r'(xlink:href="#|url\(#)([\w-]+)', rf"\g<1>{prefix}-\g<2>", body)


def _share_styles(body: str) -> str:
    """Write the style of a marker once, not once a point: a scatter of hundreds of points gets half the size."""
    for marker in re.findall(r'<path id="([\w-]+)"', body):
        uses = rf'(<use xlink:href="#{marker}"[^>]*?) style="([^"]*)"'
        styles = {style for _, style in re.findall(uses, body)}
        if len(styles) == 1:
            body = re.sub(uses, r"\1", body)
            body = re.sub(rf'(<path id="{marker}"[^>]*style=")[^"]*', rf"\g<1>{styles.pop()}", body)
    return body


def _follow_the_page(body: str) -> str:
    """Black becomes the colour of the text around; named colours become CSS variables; fonts are the page's."""
    body = re.sub(r"<!--.*?-->|<defs>\s*<style.*?</defs>", "", body, flags=re.DOTALL)
    body = re.sub(r"font-family: [^;\"]+;? ?", "", body)
    body = re.sub(r"font: ((?:\w+ )*?)([\d.]+px)[^;\"]*;?", r"font-size: \2;", body)
    body = re.sub(r' transform="rotate\(-0 [^)]*\)"', "", body)
    body = re.sub(r"<[^>]+>", lambda tag: re.sub(r"(\d\.\d\d)\d+", r"\1", tag[0]), body)
    body = re.sub(r"#000000\b", "currentColor", body)
    for name, value in COLORS.items():
        body = body.replace(value, f"var(--descent-{name}, {value})")
    return re.sub(r"\s*\n\s*", " ", body).replace("> <", "><")
