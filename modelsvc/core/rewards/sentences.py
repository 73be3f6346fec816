"""Sentences of an endorsement, which are the hypotheses of Prec."""

import re

# Abbreviations whose full stop ends no sentence.
_ABBREVIATION = re.compile(r"\b(?:Mr|Mrs|Ms|Dr|St|Jr|Sr|Lt|Col|Gen|Capt|Sgt|Prof|Rev|vs|etc|No|Vol|[A-Z])\.$")
_BREAK = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+(?=[\"'“‘(\[]?[A-Z0-9])|\n+")


def split_sentences(text: str) -> list[str]:
    """Sentences in order, without surrounding space; text without end marks is one sentence."""
    sentences: list[str] = []
    start = 0
    for match in _BREAK.finditer(text):
        piece = text[start : match.end()].strip()
        if "\n" not in match.group() and _ABBREVIATION.search(text[start : match.start()].rstrip()):
            continue
        if piece:
            sentences.append(piece)
        start = match.end()
    rest = text[start:].strip()
    if rest:
        sentences.append(rest)
    return sentences
