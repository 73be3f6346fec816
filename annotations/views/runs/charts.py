"""Line and bar charts as plain SVG geometry; the templates add classes, the style sheet colours."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

WIDTH, HEIGHT = 320, 120
TOP, BOTTOM = 8, 8
LABELS_WHEN_NARROW = 10


@dataclass(frozen=True)
class LineChart:
    """A polyline in a ``WIDTH`` × ``HEIGHT`` box with the texts around it."""

    name: str
    points: str
    end_x: float
    end_y: float
    low: str
    high: str
    first_step: int
    last_step: int
    last: str
    width: int = WIDTH
    height: int = HEIGHT


def line_chart(name: str, points: Sequence[tuple[int, float]]) -> LineChart:
    """The chart of at least two points; a flat line runs through the middle."""
    steps = [step for step, _ in points]
    values = [value for _, value in points]
    low, high = min(values), max(values)
    first, last = steps[0], steps[-1]

    def place(step: int, value: float) -> tuple[float, float]:
        x = WIDTH * (step - first) / (last - first) if last > first else WIDTH / 2
        share = (value - low) / (high - low) if high > low else 0.5
        return round(x, 1), round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)

    placed = [place(step, value) for step, value in points]
    return LineChart(
        name=name.replace("_", " "),
        points=" ".join(f"{x:g},{y:g}" for x, y in placed),
        end_x=placed[-1][0],
        end_y=placed[-1][1],
        low=short(low),
        high=short(high),
        first_step=first,
        last_step=last,
        last=short(values[-1]),
    )


def short(value: float) -> str:
    """Four digits are enough beside a small chart."""
    if value == 0:
        return "0"
    if 0.001 <= abs(value) < 100_000:
        text = f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
        return text.replace("-", "−")
    return f"{value:.2e}".replace("-", "−")


@dataclass(frozen=True)
class Figure:
    """One named value that has no course over steps."""

    name: str
    value: Any

    @property
    def title(self) -> str:
        return self.name.replace("_", " ")

    @property
    def shown(self) -> str:
        if isinstance(self.value, float):
            return short(self.value)
        if isinstance(self.value, int) and not isinstance(self.value, bool):
            return f"{self.value:,}" if abs(self.value) < 10**15 else str(self.value)
        return "–" if self.value is None else str(self.value)


@dataclass(frozen=True)
class Bar:
    """One bar with its label and count, in a box 100 high."""

    label: str
    count: int
    x: float
    y: float
    width: float
    height: float
    is_labelled_when_narrow: bool

    @property
    def middle(self) -> float:
        return round(self.x + self.width / 2, 2)


def bar_chart(bars: Sequence[tuple[str, int]], *, width: int = WIDTH, height: int = 100) -> list[Bar]:
    """Bars side by side, the highest as high as the box."""
    highest = max((count for _, count in bars), default=0) or 1
    slot = width / max(1, len(bars))
    return [
        Bar(
            label=label,
            count=count,
            x=round(i * slot + slot * 0.1, 2),
            y=round(height - height * count / highest, 2),
            width=round(slot * 0.8, 2),
            height=round(height * count / highest, 2),
            is_labelled_when_narrow=i % ceil(len(bars) / LABELS_WHEN_NARROW) == 0,
        )
        for i, (label, count) in enumerate(bars)
    ]
