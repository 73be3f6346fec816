"""Preference labels by exact checks: soft, symmetric, with reasons. Source: sec. 4.1, App. C."""

import math

from modelsvc.core.teacher.rules.checks import appeal_score, claim_check, coverage_score, prioritization_score
from modelsvc.core.teacher.types import Criterion, ItemFacts, Profile

# Score difference that makes one text about three times as likely (odds e) to be preferred as the other.
SCALES: dict[Criterion, float] = {
    "precision": 0.08,
    "appeal": 0.5,
    "coverage": 0.10,
    "prioritization": 0.10,
    "overall": 1.0,
}
_OVERALL: tuple[Criterion, ...] = ("precision", "appeal", "coverage", "prioritization")
# A rule is never surer than this.
P_LIMIT = 0.97


def score(criterion: Criterion, item: ItemFacts, profile: Profile, text: str) -> float:
    """A text's score under a criterion, in the criterion's own units; more is better.

    The overall score is the sum of the four others, each divided by its scale and by four.
    """
    if criterion == "precision":
        return claim_check(text, item).share
    if criterion == "appeal":
        return appeal_score(text)
    if criterion == "coverage":
        return coverage_score(text, profile)
    if criterion == "prioritization":
        return prioritization_score(text, profile)
    return sum(score(part, item, profile, text) / SCALES[part] for part in _OVERALL) / len(_OVERALL)


def preference(
    criterion: Criterion, item: ItemFacts, profile: Profile, first: str, second: str
) -> tuple[float, tuple[str, ...]]:
    """P(first preferred) = sigma((s(first) - s(second)) / scale), limited to [0.03, 0.97], with reasons.

    The two orders give complementary probabilities by construction. Source: sec. 4.1; App. C (soft labels).
    """
    a = score(criterion, item, profile, first)
    b = score(criterion, item, profile, second)
    logit = max(-30.0, min(30.0, (a - b) / SCALES[criterion]))
    limit = math.log(P_LIMIT / (1 - P_LIMIT))
    p_first = 1 / (1 + math.exp(-max(-limit, min(limit, logit))))
    return p_first, (
        _reason(criterion, item, profile, "first", first, a),
        _reason(criterion, item, profile, "second", second, b),
    )


def _reason(
    criterion: Criterion, item: ItemFacts, profile: Profile, which: str, text: str, value: float
) -> str:
    if criterion == "precision":
        check = claim_check(text, item)
        fault = f"not borne out: {', '.join(check.unsupported)}" if check.unsupported else "all borne out"
        return f"The {which} text makes {len(check.claims)} checkable claims, {fault}."
    if criterion == "coverage":
        return f"The {which} text covers {value:.0%} of the profile by weight."
    return f"The {which} text scores {value:.2f} on the rule for {criterion}."
