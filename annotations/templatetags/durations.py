"""``{{ span|in_words }}``"""

from datetime import timedelta

from django import template

from annotations.queries.durations import in_words as words

register = template.Library()


@register.filter
def in_words(span: timedelta | None) -> str:
    return "" if span is None else words(span)
