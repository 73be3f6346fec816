"""What the rules can read off an item: aspects, people, places, tone, and phrases safe to lift."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from types import MappingProxyType

from modelsvc.core.teacher.rules.language import display_title, sentences, title_year
from modelsvc.core.teacher.rules.lexicon import aspect_of_genre, mentions, strengths
from modelsvc.core.teacher.types import ItemFacts

_NAME_PART = r"(?:[A-ZÀ-Þ][\w’'-]*[a-zß-ÿ](?<!['’]s)|[A-Z]\.|Mc[A-Z]\w+)"
_NOT_FIRST = (
    r"(?!(?:What|When|While|After|Before|Director|Directors|Its|The|This|With|For|And|But|Both|Only|Even|"
    r"Writer|In|As|From|Here|Where|Under|Like|At|On|By|To|If|Meanwhile|Behind)\b)"
)
_PERSON = rf"{_NOT_FIRST}[A-ZÀ-Þ][\w’'-]*(?:\s(?:(?:de|da|del|von|van|der|Le|La|Del)\s)?{_NAME_PART}){{1,3}}"
_BOUNDARY = (
    r"(?=[,;:!?)\u2014]|\.(?:\s|$)|\s(?:in|on|at|with|who|that|which|and|or|but|for|from|to|as|by|into|"
    r"against|under|across|when|whose|after|before|while|is|has|\())"
)


@dataclass(frozen=True)
class Facts:
    """What the rules know of an item.

    ``described`` holds the aspects that the description affirms with strength 1 or more (one settling word or
    two weak ones), ``hinted`` those with one weak word, ``filed`` those that only genres or tags give,
    ``absent`` those that the description says are missing.
    ``roles`` pairs an actor with a short phrase for the character; ``phrases`` are short noun phrases of
    the description.
    """

    title: str
    year: int | None
    described: Mapping[str, float]
    hinted: frozenset[str]
    filed: frozenset[str]
    absent: frozenset[str]
    directors: tuple[str, ...]
    cast: tuple[str, ...]
    roles: tuple[tuple[str, str], ...]
    phrases: tuple[str, ...]
    places: tuple[str, ...]
    tones: tuple[str, ...]

    @property
    def aspects(self) -> frozenset[str]:
        """Every aspect that the film surely has, by description, genre or tag."""
        return frozenset(self.described) | self.filed

    @property
    def supported(self) -> frozenset[str]:
        """Every aspect that a text may speak of without going beyond the item: ``aspects`` and hints."""
        return self.aspects | self.hinted


@lru_cache(maxsize=1)
def noun_lists() -> Mapping[str, tuple[str, ...]]:
    """The word lists of nouns.toml by name."""
    path = resources.files(__package__) / "lexicon_data" / "nouns.toml"
    raw = tomllib.loads(path.read_text("utf-8"))
    return MappingProxyType({key: tuple(v.split() if isinstance(v, str) else v) for key, v in raw.items()})


@lru_cache(maxsize=1)
def _patterns() -> Mapping[str, re.Pattern[str]]:
    lists = noun_lists()
    heads = "|".join(sorted(lists["people"] + lists["things"], key=len, reverse=True))
    people = "|".join(sorted(lists["people"], key=len, reverse=True))
    works = "|".join(lists["works"])
    places = "|".join(place.replace("-", "[ -]") for place in lists["places"])
    barred = (
        r"(?!(?:and|or|of|who|that|is|in|on|to|from|with|his|her|their|as|against|for|at|by|a|an|the|more|less|"
        r"into|than)\b)"
    )
    middle = rf"(?:{barred}[a-z][\w’'-]*,?\s){{0,3}}"
    phrase = rf"(?:a|an)\s{middle}(?:{heads})"
    plural = rf"(?:two|three|four|five|six|seven)\s{middle}(?:{heads})"
    person = rf"(?:a|an)\s{middle}(?:{people})"
    not_led = "".join(rf"(?<!\b{word} )" for word in ("with", "of", "to", "for"))
    verb = r"(?:plays|stars as|voices|appears as|as)"
    return {
        "phrase": re.compile(rf"\b(?P<np>{phrase}|{plural}){_BOUNDARY}"),
        "role": re.compile(
            rf"(?P<actor>{_PERSON})\s{verb}\s(?P<np>(?:{person}|the\s{middle}(?:{people}))){_BOUNDARY}"
        ),
        "role_after": re.compile(rf"{not_led}\b(?P<np>{person})\s\((?P<actor>{_PERSON})\)"),
        "played": re.compile(rf"(?P<np>{person}),?\splayed(?: \w+ly)? by\s(?P<actor>{_PERSON})"),
        "director": re.compile(
            rf"(?:[Dd]irected by|[Dd]irectors?|"
            rf"[Ff]ilmmaker)\s(?P<a>(?:[A-Z]\w+ and )?{_PERSON})(?: and (?P<b>{_PERSON}))?"
            rf"|(?P<c>{_PERSON})(?:\s(?:directs|sets|films|stages|shoots|crafts)|"
            rf"[’']s(?=\s(?:[\w’'-]+,?\s){{0,5}}?(?:{works})\b)|[’']s? direction)"
        ),
        "cast": re.compile(
            rf"(?:\((?P<a>{_PERSON})\)|(?P<b>{_PERSON})\s(?:(?:plays?|voices?)\s(?!it\b|things\b|up\b|"
            rf"on\b|for\b|with\b)|stars?\b|appears?\b)|(?:starring|played by|voiced by)\s(?P<c>{_PERSON}))"
        ),
        "place": re.compile(
            rf"\b(?:in|across|to|of)\s(?:(?:the|nocturnal|rural|wartime|snowy|modern|"
            rf"contemporary)\s)?(?P<np>(?:1\d\d0s\s)?(?:{places}))\b(?![’']s)"
        ),
        "tone": re.compile(rf"(?<![\w-])(?:{'|'.join(lists['tones'])})(?![\w-])"),
    }


def _unique(values: list[str], limit: int) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))[:limit]


def _agrees(phrase: str) -> bool:
    article, _, rest = phrase.partition(" ")
    vowel = rest[:1] in "aeiou" or rest.startswith(("hour", "hon", "heir"))
    consonant_sound = rest.startswith(("uni", "use", "one", "eu"))
    return article not in ("a", "an") or (article == "an") == (vowel and not consonant_sound)


def _people(text: str) -> tuple[tuple[str, ...], tuple[str, ...], tuple[tuple[str, str], ...]]:
    table = _patterns()
    directors: list[str] = []
    cast: list[str] = []
    roles: list[tuple[str, str]] = []
    for sentence in sentences(text):
        # Only the first naming counts: later possessives name other films' makers ("after Tim Burton's
        # films").
        first = table["director"].search(sentence)
        if first and not directors:
            directors += [name for name in first.groups() if name]
        for match in table["cast"].finditer(sentence):
            cast += [name for name in match.groups() if name]
        for kind in ("role", "role_after", "played"):
            roles += [(match["actor"], match["np"]) for match in table[kind].finditer(sentence)]
    parts = {actor: phrase for actor, phrase in roles if _agrees(phrase)}
    return _unique(directors, 2), _unique(cast, 4), tuple(parts.items())[:4]


@lru_cache(maxsize=20_000)
def read_facts(item: ItemFacts) -> Facts:
    """Read an item's facts; equal items give equal facts."""
    title = display_title(item.title)
    text = item.description
    table = _patterns()
    found = mentions(text, title)
    spoken = strengths(found)
    filed = {aspect_of_genre()[genre.lower()] for genre in item.genres if genre.lower() in aspect_of_genre()}
    # A genre makes a hint certain, and outweighs a stray negation ("no toy at all").
    described = {name: value for name, value in spoken.items() if value >= 1 or name in filed}
    absent = frozenset(mention.aspect for mention in found if mention.negated) - set(spoken) - filed
    filed |= set(strengths(mentions(". ".join(item.tags)))) if item.tags else set()
    directors, cast, roles = _people(text)
    held = {phrase for _, phrase in roles}
    phrases = _unique(
        [m["np"] for m in table["phrase"].finditer(text) if m["np"] not in held and _agrees(m["np"])], 6
    )
    return Facts(
        title=title,
        year=item.year or title_year(item.title),
        described=MappingProxyType(described),
        hinted=frozenset(set(spoken) - set(described)),
        filed=frozenset(filed - set(described) - absent),
        absent=absent,
        directors=directors,
        cast=tuple(name for name in cast if name not in directors),
        roles=tuple(role for role in roles if len(role[1].split()) <= 5),
        phrases=tuple(phrase for phrase in phrases if 2 < len(phrase.split()) <= 5),
        places=_unique([match["np"] for match in table["place"].finditer(text)], 2),
        tones=_unique([match[0] for match in table["tone"].finditer(text)], 3),
    )
