"""The five questions of the rating form and their wording. Source: paper App. E, Fig. 8 and 9.

The wording is ours and keeps the paper's meaning. It is frozen into a study's manifest at launch, and
the form shows the manifest's words.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Literal, get_args

Question = Literal["precision", "appeal", "coverage", "prioritization", "overall"]
QUESTIONS: tuple[Question, ...] = get_args(Question)
PAIRWISE: tuple[Question, ...] = ("precision", "appeal", "overall")

_WORDING: Mapping[str, str] = MappingProxyType(
    {
        "intro": "Read the description of the {item} and the two endorsements, A and B. Each endorsement "
        "tries to win a {viewer} over to this {item}. Then compare them.",
        "precision": "Which endorsement describes the {item} more accurately and precisely, going by the "
        "description?",
        "appeal": "Which endorsement is more compelling? Think of how it portrays the {item} and how much "
        "it makes you want to {consume} it.",
        "attribute": "Now picture a {viewer} with this preference:",
        "coverage_a": "Does endorsement A cover or deal with this preference?",
        "coverage_b": "Does endorsement B cover or deal with this preference?",
        "prioritization": "If both endorsements deal with this preference, which one aligns more closely "
        "with it?",
        "overall": "Taking everything into account, which endorsement is better?",
    }
)
_NOUNS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "movies": MappingProxyType({"item": "film", "viewer": "viewer", "consume": "watch"}),
        "products": MappingProxyType({"item": "product", "viewer": "shopper", "consume": "buy"}),
    }
)


def word_questions(domain: str) -> dict[str, str]:
    """The wording for a catalogue's domain, by part of the form.

    Raises:
        KeyError: the domain is unknown.
    """
    nouns = _NOUNS[domain]
    return {part: text.format(**nouns) for part, text in _WORDING.items()}


def in_order(questions: Iterable[str]) -> list[Question]:
    """The questions in the order in which the form asks them."""
    wanted = set(questions)
    return [question for question in QUESTIONS if question in wanted]
