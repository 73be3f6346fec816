"""The interval figure of one contrast: its geometry in the units of the SVG's view box, ready for a template.

Numbers are handed over as text, so that no locale turns a decimal point into a comma.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 360
_LEFT, _RIGHT = 6, WIDTH - 6
_ROW_HEIGHT = 44
_TOP = 10
_AXIS_HEIGHT = 34
_GAP = 26
_STEPS = (0.1, 0.25, 0.5, 1.0, 2.0, 2.5, 5.0, 10.0)
_PCOV_HIGHEST = 10.0


@dataclass(frozen=True, slots=True)
class FigureLine:
    """One metric: its value and interval, None where undefined, and the value in words."""

    title: str
    value: float | None
    interval: tuple[float, float] | None
    shown: str | None


@dataclass(frozen=True, slots=True)
class Mark:
    """A drawn metric. ``cut_high`` says that the interval goes on beyond the axis."""

    title: str
    shown: str
    text_y: str
    y: str
    x: str | None
    low: str | None
    high: str | None
    cap_top: str
    cap_bottom: str
    cut_high: bool


@dataclass(frozen=True, slots=True)
class Tick:
    """A tick of an axis; the reference is where test and baseline are alike."""

    x: str
    label: str
    anchor: str
    is_reference: bool


@dataclass(frozen=True, slots=True)
class Panel:
    """Metrics on one axis."""

    marks: tuple[Mark, ...]
    ticks: tuple[Tick, ...]
    top: str
    bottom: str
    label_y: str
    caption_y: str
    caption: str


@dataclass(frozen=True, slots=True)
class Figure:
    """Two panels: win rates from 0 to 1, and Pcov in percent."""

    anchor: str
    width: int
    height: int
    panels: tuple[Panel, ...]


def draw_figure(win_rates: Sequence[FigureLine], coverage: FigureLine, *, anchor: str) -> Figure:
    """Lay out the win rates above the coverage; ``anchor`` makes ids in the page unique."""
    rates = _panel(
        win_rates,
        top=_TOP,
        axis=(0.0, 1.0),
        ticks=[(value / 4, f"{value / 4:g}") for value in range(5)],
        reference=0.5,
        caption="win rate; 0.5 = alike where nothing is tied",
    )
    top = _TOP + len(win_rates) * _ROW_HEIGHT + _AXIS_HEIGHT + _GAP
    low, high, step = _pcov_axis(coverage)
    pcov = _panel(
        [coverage],
        top=top,
        axis=(low, high),
        ticks=[
            (place * step, f"{100 * place * step:.0f}%")
            for place in range(math.ceil(low / step), round(high / step) + 1)
        ],
        reference=0.0,
        caption="Pcov; 0% = alike",
    )
    return Figure(anchor, WIDTH, top + _ROW_HEIGHT + _AXIS_HEIGHT + 4, (rates, pcov))


def _pcov_axis(line: FigureLine) -> tuple[float, float, float]:
    """Ends and step of an axis that holds 0, the value and the interval, cut where nobody would read on."""
    values = [0.0, *(line.interval or ()), *(() if line.value is None else (line.value,))]
    lowest, highest = max(min(values), -1.0), min(max(*values, 0.1), _PCOV_HIGHEST)
    step = next((step for step in _STEPS if (highest - lowest) / step <= 5), _STEPS[-1])
    return max(math.floor(lowest / step) * step, -1.0), math.ceil(highest / step) * step, step


def _panel(
    lines: Sequence[FigureLine],
    *,
    top: int,
    axis: tuple[float, float],
    ticks: Sequence[tuple[float, str]],
    reference: float,
    caption: str,
) -> Panel:
    low, high = axis

    def place(value: float) -> float:
        return _LEFT + (min(max(value, low), high) - low) / (high - low) * (_RIGHT - _LEFT)

    bottom = top + len(lines) * _ROW_HEIGHT
    marks = []
    for row, line in enumerate(lines):
        y = top + row * _ROW_HEIGHT + 30
        bounds = line.interval
        marks.append(
            Mark(
                title=line.title,
                shown=line.shown or "undefined",
                text_y=f"{y - 14}",
                y=f"{y}",
                x=None if line.value is None else f"{place(line.value):.1f}",
                low=None if bounds is None else f"{place(bounds[0]):.1f}",
                high=None if bounds is None else f"{place(bounds[1]):.1f}",
                cap_top=f"{y - 5}",
                cap_bottom=f"{y + 5}",
                cut_high=bounds is not None and bounds[1] > high,
            )
        )
    return Panel(
        marks=tuple(marks),
        ticks=tuple(
            Tick(
                f"{place(value):.1f}",
                label.replace("-", "−"),
                "start" if value <= low else "end" if value >= high else "middle",
                math.isclose(value, reference, abs_tol=1e-9),
            )
            for value, label in ticks
        ),
        top=f"{top}",
        bottom=f"{bottom}",
        label_y=f"{bottom + 15}",
        caption_y=f"{bottom + 31}",
        caption=caption,
    )
