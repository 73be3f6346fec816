"""Titles as MovieLens files write them, turned into titles as people write them."""

import re

# Written in catalogues as "Shawshank Redemption, The". Longest first, so that "L'" is not read as "L".
_ARTICLES = (
    *("The", "An", "A", "Les", "Los", "Las", "Le", "La", "L'", "Une", "Un", "Una", "Uno", "El", "Lo", "Gli"),
    *("Il", "I", "Der", "Die", "Das", "Den", "Det", "De", "Ein", "Eine", "Het", "Een", "En", "Ett", "Et"),
    *("O", "Os", "As"),
)
_INVERTED = re.compile(rf"^(?P<rest>.+), (?P<article>{'|'.join(map(re.escape, _ARTICLES))})$", re.IGNORECASE)
_YEAR = re.compile(r"\s*\((?P<year>1[89]\d\d|20\d\d)(?:[-–](?:\d{4})?)?\)\s*$")
_PARENTHESIS = re.compile(r"\s*\((?P<inside>[^()]*)\)\s*$")
_ALSO_KNOWN_AS = re.compile(r"^(?P<prefix>a\.?k\.?a\.? )(?P<name>.+)$", re.IGNORECASE)


def split_title(text: str) -> tuple[str, int | None]:
    """Return the title in natural order and the year, if one stands at the end.

    "Shawshank Redemption, The (1994)" gives ("The Shawshank Redemption", 1994); articles of alternative
    titles in parentheses move too.
    """
    text = " ".join(text.split())
    year = None
    found = _YEAR.search(text)
    if found and found.start() > 0:
        year = int(found["year"])
        text = text[: found.start()]
    return _natural_order(text), year


def _natural_order(text: str) -> str:
    alternatives: list[str] = []
    while (found := _PARENTHESIS.search(text)) and found.start() > 0:
        alternatives.insert(0, _alternative(found["inside"]))
        text = text[: found.start()]
    return " ".join([_article_first(text), *(f"({name})" for name in alternatives)])


def _alternative(text: str) -> str:
    aka = _ALSO_KNOWN_AS.match(text)
    return f"{aka['prefix']}{_article_first(aka['name'])}" if aka else _article_first(text)


def _article_first(text: str) -> str:
    found = _INVERTED.match(text)
    if not found:
        return text
    article = found["article"]
    return f"{article}{found['rest']}" if article.endswith("'") else f"{article} {found['rest']}"
