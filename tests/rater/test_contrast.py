"""The colours of base.css keep WCAG AA contrast, in light and in dark."""

import re
from pathlib import Path

import pytest

CSS = Path(__file__).resolve().parents[2] / "annotations" / "static" / "annotations" / "css" / "base.css"
TEXT_ON = {
    "ink": ("paper", "surface", "sunken", "accent-wash", "good-wash", "warn-wash", "bad-wash"),
    "ink-soft": ("paper", "surface", "sunken"),
    "accent": ("paper", "surface", "sunken", "bad-wash"),
    "accent-strong": ("surface", "accent-wash"),
    "accent-ink": ("accent", "accent-strong"),
    "good": ("surface", "good-wash"),
    "warn": ("surface", "warn-wash"),
    "bad": ("paper", "surface", "bad-wash"),
}
EDGES = {"line-strong": ("surface", "paper"), "accent": ("accent-wash", "surface")}


def palettes() -> dict[str, dict[str, str]]:
    css = CSS.read_text(encoding="utf-8")
    light, dark = re.findall(r":root \{(.*?)\}", css, re.DOTALL)
    colours = [dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block)) for block in (light, dark)]
    return {"light": colours[0], "dark": colours[0] | colours[1]}


def luminance(colour: str) -> float:
    channels = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_of_known_colours() -> None:
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("pairs", "least"), [(TEXT_ON, 4.5), (EDGES, 3.0)])
def test_every_pair_that_is_used_is_legible(
    scheme: str, pairs: dict[str, tuple[str, ...]], least: float
) -> None:
    palette = palettes()[scheme]
    poor = {
        f"{front} on {back}": round(contrast(palette[front], palette[back]), 2)
        for front, backs in pairs.items()
        for back in backs
        if contrast(palette[front], palette[back]) < least
    }
    assert poor == {}
