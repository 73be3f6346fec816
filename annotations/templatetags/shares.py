"""Numbers for pages and for SVG geometry."""

from django import template

register = template.Library()


@register.filter
def percent(share: float | None, digits: int = 1) -> str:
    """A fraction as a percentage; never rounded up to 100 % or down to 0 % when it is neither."""
    if share is None:
        return "–"
    text = f"{100 * share:.{digits}f}"
    if 0 < share < 1 and float(text) in (0.0, 100.0):
        return f"under {10**-digits:g} %" if share < 0.5 else f"over {100 - 10**-digits:g} %"
    return f"{text} %"


@register.filter
def unlocalized(number: float) -> str:
    """A number as SVG attributes need it, whatever the page's language."""
    return f"{number:g}"
