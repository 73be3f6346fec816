"""Win rate of a test system over the baseline (eq. 11) and the forms that stand beside it.

    win_rate = (number of votes for the test system) / (number of votes)

per vote, strict wins over all votes: ties and "both bad" stay in the denominator, skips are no votes.
Source: paper appendix E, eq. 11, which counts one answer per example; with several raters an example has
several votes and each counts once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from annotations.metrics.intervals import (
    ONE_UNIT_REASON,
    Interval,
    bounded_mean_interval,
    proportion_interval,
)
from annotations.metrics.votes import Outcome, VoteTable

NO_VOTES = "no votes"
NO_DECIDED_VOTES = "no votes for either side"


@dataclass(frozen=True)
class Proportion:
    """A proportion of ``n`` votes; ``value`` is None, with a reason, when there are none."""

    value: float | None
    n: int
    interval: Interval | None
    reason: str | None

    def as_dict(self) -> dict[str, Any]:
        """JSON object: win_rate, n, interval, and reason where one of them is null."""
        entry: dict[str, Any] = {
            "win_rate": self.value,
            "n": self.n,
            "interval": interval_bounds(self.interval),
        }
        if self.reason is not None:
            entry["reason"] = self.reason
        return entry


@dataclass(frozen=True)
class WinRate:
    """Eq. 11 for one question and contrast, with counts, interval and the other forms.

    Attributes:
        strict: eq. 11: wins over all votes.
        half_tie: (wins + (ties + both bad) / 2) over all votes.
        decided: wins over wins and losses. Its p-value tests wins against losses (null: as many of either)
            and is below 0.05 exactly when its interval leaves out 1/2.
        wins, losses, ties, both_bad, skips: counts; n = wins + losses + ties + both_bad.
        majority: counts of comparisons by the outcome most of their votes have.
    """

    strict: Proportion
    half_tie: Proportion
    decided: Proportion
    wins: int
    losses: int
    ties: int
    both_bad: int
    skips: int
    majority: "Majority"

    def as_dict(self) -> dict[str, Any]:
        """JSON object of the label-analysis format; fractions; null with a reason where undefined."""
        decided = self.decided.as_dict()
        decided["p_value"] = self.decided.interval.p_value if self.decided.interval else None
        return {
            **self.strict.as_dict(),
            "wins": self.wins,
            "losses": self.losses,
            "ties": self.ties,
            "both_bad": self.both_bad,
            "skips": self.skips,
            **clustering_entries(self.strict.interval),
            "half_tie": self.half_tie.as_dict(),
            "decided": decided,
            "majority": self.majority.as_dict(),
        }


@dataclass(frozen=True)
class Majority:
    """Comparisons won, lost and tied by the majority of their votes; eq. 11 over comparisons."""

    wins: int
    losses: int
    ties: int

    @property
    def n(self) -> int:
        return self.wins + self.losses + self.ties

    def as_dict(self) -> Mapping[str, Any]:
        """JSON object: win_rate over comparisons, n and counts."""
        if not self.n:
            return {"win_rate": None, "n": 0, "wins": 0, "losses": 0, "ties": 0, "reason": NO_VOTES}
        counts = {"n": self.n, "wins": self.wins, "losses": self.losses, "ties": self.ties}
        return {"win_rate": self.wins / self.n, **counts}


def win_rate(votes: VoteTable) -> WinRate:
    """Compute eq. 11 and its companions.

    Args:
        votes: one question, one contrast, one kind of rater.

    Returns:
        The win rate; every form is None with a reason when it has no votes to rest on.

    Invariants: the order of votes changes nothing; exchanging test and baseline turns the decided and the
    half-tie win rate w into 1 - w, and the strict one too when nothing is tied.
    """
    votes = votes.canonical()
    counts = np.bincount(votes.outcome, minlength=len(Outcome))
    wins, losses, ties, both_bad = (int(counts[outcome]) for outcome in Outcome)
    is_win = votes.outcome == Outcome.TEST
    is_loss = votes.outcome == Outcome.BASELINE
    is_decided = is_win | is_loss
    n = len(votes)

    decided_votes = votes.rows(is_decided)
    decided_interval = proportion_interval(is_win[is_decided], decided_votes.item, decided_votes.rater)
    half_tie_values = 0.5 + 0.5 * (is_win.astype(np.float64) - is_loss.astype(np.float64))
    return WinRate(
        strict=_proportion(wins, n, proportion_interval(is_win, votes.item, votes.rater), NO_VOTES),
        half_tie=_proportion(
            wins + (ties + both_bad) / 2,
            n,
            bounded_mean_interval(half_tie_values, votes.item, votes.rater),
            NO_VOTES,
        ),
        decided=_proportion(wins, wins + losses, decided_interval, NO_DECIDED_VOTES if n else NO_VOTES),
        wins=wins,
        losses=losses,
        ties=ties,
        both_bad=both_bad,
        skips=votes.skips,
        majority=majority(votes),
    )


def majority(votes: VoteTable) -> Majority:
    """Count comparisons by the outcome that most of their votes have.

    Ties and "both bad" together are one outcome, undecided; a comparison whose leading outcomes are level
    is tied too.
    """
    _, comparison = np.unique(votes.comparison, return_inverse=True)
    tally = np.zeros((len(votes) and int(comparison.max()) + 1, 3), dtype=np.int64)
    np.add.at(tally, (comparison, np.minimum(votes.outcome, Outcome.TIE)), 1)
    test, baseline, undecided = tally.T
    wins = int(((test > baseline) & (test > undecided)).sum())
    losses = int(((baseline > test) & (baseline > undecided)).sum())
    return Majority(wins, losses, len(tally) - wins - losses)


def interval_bounds(interval: Interval | None) -> list[float] | None:
    """[low, high], or None."""
    return None if interval is None else [interval.low, interval.high]


def clustering_entries(interval: Interval | None) -> dict[str, Any]:
    """What an interval rests on, for the JSON object; nothing where there is no interval."""
    if interval is None:
        return {}
    clustering = interval.clustering
    entries: dict[str, Any] = {
        "items": clustering.items,
        "raters": clustering.raters,
        "design_effect": clustering.design_effect,
        "effective_n": interval.effective_n,
    }
    if clustering.note is not None:
        entries["interval_note"] = clustering.note
    return entries


def _proportion(wins: float, n: int, interval: Interval | None, reason_when_empty: str) -> Proportion:
    if n == 0:
        return Proportion(None, 0, None, reason_when_empty)
    return Proportion(wins / n, n, interval, ONE_UNIT_REASON if interval is None else None)
