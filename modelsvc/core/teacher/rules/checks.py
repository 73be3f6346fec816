"""Exact checks of an endorsement: what it covers, what it claims, how it reads. Rules, not judgement."""

import math
import re
from dataclasses import dataclass

from modelsvc.core.teacher.rules.compose import attribute_aspects
from modelsvc.core.teacher.rules.facts import Facts, read_facts
from modelsvc.core.teacher.rules.language import STOP_WORDS, content_stems, sentences, word_runs, words
from modelsvc.core.teacher.rules.lexicon import Mention, aspects, mentions
from modelsvc.core.teacher.types import ItemFacts, Profile, ProfileAttribute

COVERED, PARTLY, OFF_STANCE, UNCOVERED = 0.93, 0.6, 0.6, 0.04

_RESERVED = re.compile(
    r"\b(?:caution|warned|be aware|beware|warning|steer clear|drawback|reservation|"
    r"less to your liking|wary|weigh|"
    r"not take to|try your patience|give you pause|put(?:s)? you off|on paper|in fairness|"
    r"two (?:counts|things)|"
    r"even so|not known for|not for you|not your|(?:wears?|weary) you|dislike|avoid|rather do without|"
    r"if you (?:usually|tend|prefer|would rather)|"
    r"be ready|go in prepared|know that|no friend|no great friend|bother you|though|admittedly|"
    r"granted|spoil it for you|need not worry)\b",
    re.IGNORECASE,
)
_OF_VIEWER = re.compile(
    r"\b(?:if you|anyone who|anybody who|those who|need not worry|for (?:someone|somebody|anyone|"
    r"anybody|viewers)|as someone|"
    r"your (?:taste|liking|love|fondness|weakness|patience|appetite|interest|feeling)|lovers? of|fans? of|"
    r"you (?:\w+ )?(?:enjoy|like|love|usually|tend|prefer|crave|relish|admire|want|value|go for|"
    r"respond|avoid|dislike))\b[^.;:]*$",
    re.IGNORECASE,
)
_NAME = re.compile(r"[A-ZÀ-Þ][\w’'·-]*[^\W_]")
_NUMBER = re.compile(r"\d[\d,.]*\d|\d")
_VIVID = re.compile(
    r"\b(?:savou?r|grip\w*|lift\w*|linger\w*|root for|surpris\w+|wonder\w*|thrill\w*|pull|love\w*|"
    r"delight\w*|glad|striking|rich\w*|"
    r"momentum|style|heart|charm\w*|nerve|reward\w*|earn\w*|worth|treat|pleasure\w*|unforgettable|"
    r"dazzl\w+|crackl\w+|gorgeous|bold\w*|sharp\w*|vivid\w*)\b",
    re.IGNORECASE,
)
_DULL = re.compile(
    r"\b(?:is a film|exists|was made|it has things|some things happen|can be watched|there are scenes|"
    r"has a beginning|is a movie|of some kind|"
    r"certain|various|running time|it goes on|people are in it|and so on|the usual)\b",
    re.IGNORECASE,
)
# Capitalized words that are no names: they begin sentences in the frames or are ordinary in English.
_PLAIN = frozenset(
    ["I", "I'm", "I'd", "I'll", "Yes", "No", "You", "Your", "It", "Its", "Here", "There", "The", "A", "An"]
)


@dataclass(frozen=True)
class Claim:
    """One checkable claim of a text. ``weight``: 1 for names, numbers and roles, 0.5 or 0.25 for aspects."""

    text: str
    supported: bool
    weight: float


@dataclass(frozen=True)
class ClaimCheck:
    """The claims of a text, each checked against an item."""

    claims: tuple[Claim, ...]

    @property
    def unsupported(self) -> tuple[str, ...]:
        """What the item does not bear out."""
        return tuple(claim.text for claim in self.claims if not claim.supported)

    @property
    def share(self) -> float:
        """Supported share of the claims by weight, in [0, 1]; 1 where nothing checkable is claimed."""
        total = sum(claim.weight for claim in self.claims)
        return sum(claim.weight for claim in self.claims if claim.supported) / total if total else 1.0


def _shares(text: str, attribute: ProfileAttribute) -> float:
    wanted = content_stems(attribute.text)
    if not wanted:
        return 0.0
    return len(wanted & content_stems(text)) / len(wanted)


def _stance_fits(text: str, found: list[Mention], attribute: ProfileAttribute) -> bool:
    # A disliked aspect is well covered by a caution or by saying that it is absent, a liked one by praise.
    for mention in found:
        at = 0
        for sentence in sentences(text):
            begin = text.find(sentence, at)
            at = begin + len(sentence)
            if begin <= mention.start < at:
                reserved = bool(_RESERVED.search(sentence)) or mention.negated
                if reserved == (attribute.polarity == "dislike"):
                    return True
    return False


def covers(text: str, attribute: ProfileAttribute) -> float:
    """The probability that a text covers an attribute: does it speak of the attribute's aspects?

    With aspects in the attribute's sentence: 0.93 if the text speaks of at least half of them and with the
    fitting stance (praise for a like; a caution or "absent" for a dislike), 0.6 with the other stance or
    with fewer of them, 0.04 with none. Where the sentence holds no aspect of the lexicon, the share
    of its content words (stemmed) in the text is mapped to the same range: 0.04 + 0.89 times
    min(1, share / 0.6); the same, up to 0.6, where it holds aspects of which the text speaks of none.
    Source: sec. 4.1 (Pcov's teacher likelihood); the figures are this project's.
    """
    overlap = UNCOVERED + (COVERED - UNCOVERED) * min(1.0, _shares(text, attribute) / 0.6)
    wanted = attribute_aspects(attribute)
    if not wanted:
        return overlap
    found = [mention for mention in mentions(text) if mention.aspect in wanted]
    share = len({mention.aspect for mention in found}) / len(wanted)
    if share == 0:
        return max(UNCOVERED, min(overlap, PARTLY))
    direct = COVERED if share >= 0.5 else PARTLY
    return direct if _stance_fits(text, found, attribute) else min(direct, OFF_STANCE)


def _names(text: str) -> list[str]:
    """Capitalized words that look like names: not merely the first word of their sentence."""
    out: list[str] = []
    for sentence in sentences(text):
        tokens = list(_NAME.finditer(sentence))
        for match in tokens:
            word = re.sub(r"[’']s$", "", match[0])
            before = sentence[: match.start()].rstrip()
            first = not before or before[-1] in ':;.!?“"—('
            following = re.match(r"\s[A-ZÀ-Þ]", sentence[match.end() :])
            if word in _PLAIN or (first and (not following or word.lower() in STOP_WORDS)):
                continue
            out.append(word)
    return out


def claim_check(text: str, item: ItemFacts) -> ClaimCheck:
    """Check every name, number, attributed role and aspect of a text against the item.

    A name or number is supported if it stands in the description or title (or is the item's year); "X
    directs" if the description makes X a director, where it names one; an aspect if the description, title,
    genres or tags have it, or if its words lie inside a supported aspect's words ("comedy" inside a dark
    comedy). An aspect named as absent is supported if the description does not affirm it. What is said of
    the viewer ("if you enjoy heists") claims nothing of the film. Aspects of manner are taken least
    seriously (0.25), because tone and pace can be inferred where no word says so.
    Source: sec. 2 (precision); this project's rule.
    """
    facts = read_facts(item)
    source = f"{item.title} {item.description} {item.year or ''} {facts.year or ''}"
    known_names = {re.sub(r"[’']s$", "", word).lower() for word in words(source)}
    known_names |= {part.lower() for word in known_names for part in re.split(r"[-’']", word)}
    known_numbers = set(_NUMBER.findall(source))
    plain = text.replace(facts.title, "this film")
    checked = [(name, name.lower() in known_names, 1.0) for name in dict.fromkeys(_names(plain))]
    checked += [(number, number in known_numbers, 1.0) for number in dict.fromkeys(_NUMBER.findall(plain))]
    checked += [(name, supported, 1.0) for name, supported in _role_claims(plain, facts)]
    found = [m for m in mentions(plain) if not _OF_VIEWER.search(plain[max(0, m.start - 70) : m.start])]
    has = facts.supported
    good = [m for m in found if (m.aspect not in facts.described if m.negated else m.aspect in has)]
    for mention in {m.aspect: m for m in reversed(found)}.values():
        inside = any(m.start <= mention.start and mention.end <= m.end for m in good)
        label = f"no {mention.aspect}" if mention.negated else mention.aspect
        weight = 0.25 if aspects()[mention.aspect].file == "manner.toml" else 0.5
        checked.append((label.replace("_", " "), mention in good or inside, weight))
    return ClaimCheck(tuple(Claim(*row) for row in checked))


def _role_claims(text: str, facts: Facts) -> list[tuple[str, bool]]:
    if not facts.directors:
        return []
    person = r"[A-ZÀ-Þ][\w’'-]+(?: (?:[A-Z]\.|[A-ZÀ-Þ][\w’'-]+))+"
    said = re.findall(
        rf"({person}) (?:directs|is the director|is behind the camera)"
        rf"|(?:director is|behind the camera is|[Dd]irected by) ({person})",
        text,
    )
    named = [a or b for a, b in said]
    return [(f"{name} as director", name in " and ".join(facts.directors)) for name in named]


def copied_runs(text: str, source: str) -> int:
    """How many six-word runs of the text also stand in the source."""
    known = set(word_runs(source, 6))
    return sum(run in known for run in word_runs(text, 6))


def appeal_score(text: str) -> float:
    """How appealing a text reads by a plain rule; about -3 to 4, no unit.

    A length between 45 and 110 words, variety of words and sentence lengths, address of the reader, names
    and vivid words raise it; stock dullness and repeated openings lower it. It is a rule of thumb and knows
    no taste.
    """
    tokens = [word.lower() for word in words(text)]
    if not tokens:
        return -3.0
    count = len(tokens)
    lengths = [len(words(sentence)) for sentence in sentences(text)]
    mean = sum(lengths) / len(lengths)
    spread = math.sqrt(sum((length - mean) ** 2 for length in lengths) / len(lengths))
    openings = [tuple(word.lower() for word in words(sentence)[:2]) for sentence in sentences(text)]
    score = -abs(math.log(count / 75)) if count < 45 or count > 110 else 0.3
    score += 3.0 * (len(set(tokens)) / count - 0.68)
    score += min(0.6, spread / 10)
    score += 0.5 * min(2, sum(token in ("you", "your") for token in tokens)) / 2
    score += 0.25 * min(4, len(_VIVID.findall(text)))
    score += 0.1 * min(4, len(set(_names(text))))
    score -= 0.6 * len(_DULL.findall(text))
    score -= 0.3 * (len(openings) - len(set(openings)))
    return score


def coverage_score(text: str, profile: Profile) -> float:
    """Expected share of the profile, by weight, that the text covers, in [0, 1]; 0 without a profile."""
    total = sum(attribute.weight for attribute in profile)
    return sum(attribute.weight * covers(text, attribute) for attribute in profile) / total if total else 0.0


def prioritization_score(text: str, profile: Profile) -> float:
    """How well the weightiest attributes come first in the text, in [0, 1].

    Mean over attributes, weighted by weight squared, of covers times (1 - 0.5 position), the position being
    the place of the first mention as a share of the text; so a text that leads with what matters most
    scores most, and one that leaves it out least. Source: sec. 2 (prioritization); this project's rule.
    """
    length = max(1, len(text))
    total = sum(attribute.weight**2 for attribute in profile)
    score = 0.0
    for attribute in profile:
        wanted = attribute_aspects(attribute)
        first = next((mention.start for mention in mentions(text) if mention.aspect in wanted), length // 2)
        score += attribute.weight**2 * covers(text, attribute) * (1 - 0.5 * first / length)
    return score / total if total else 0.0
