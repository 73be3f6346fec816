"""Spans of time in words."""

from datetime import timedelta


def in_words(span: timedelta) -> str:
    """The two largest units, rounded down: 45 s, 3 min, 2 h 5 min, 4 d 1 h."""
    seconds = max(0, int(span.total_seconds()))
    if seconds == 0:
        return "under 1 s"
    if seconds < 60:
        return f"{seconds} s"
    minutes = seconds // 60
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"
