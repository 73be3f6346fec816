"""A study's numbers as a page shows them: text in place of floats, systems by their titles, why in words.

The values are those of ``StudyResults.as_dict``; here they are only rounded.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from annotations.metrics.coverage import Coverage
from annotations.metrics.results import ContrastResults, StudyResults
from annotations.metrics.win_rate import WinRate
from annotations.views.results.interval_figure import Figure, FigureLine, draw_figure

QUESTIONS = (
    ("precision", "Precision"),
    ("prioritization", "Prioritization"),
    ("appeal", "Appeal"),
    ("overall", "Overall"),
)
KIND_TITLES = {"human": "People", "ai": "AI judges", "bot": "Simulated raters"}


@dataclass(frozen=True, slots=True)
class Measure:
    """One metric of one contrast; ``value`` and ``interval`` are None where undefined, ``why`` says why."""

    question: str
    title: str
    value: str | None
    interval: str | None
    n: int
    counts: str
    p_value: str | None
    differs: bool
    why: str | None
    note: str | None


@dataclass(frozen=True, slots=True)
class ContrastView:
    """One contrast: the cells of the paper's Table 2, the table behind them, and the figure."""

    anchor: str
    test: str
    baseline: str
    measures: tuple[Measure, ...]
    figure: Figure

    @property
    def cells(self) -> tuple[Measure, ...]:
        """In the order of the paper's Table 2: Prec, Ppr, App, Pcov, all."""
        by_name = {measure.question: measure for measure in self.measures}
        return tuple(
            by_name[name] for name in ("precision", "prioritization", "appeal", "coverage", "overall")
        )


@dataclass(frozen=True, slots=True)
class KindView:
    """The numbers from one kind of rater; they are never mixed with another's."""

    kind: str
    title: str
    contrasts: tuple[ContrastView, ...]


@dataclass(frozen=True, slots=True)
class ResultsView:
    """Everything the results page shows."""

    kinds: tuple[KindView, ...]
    counted: int
    left_out: tuple[tuple[str, int], ...]


def present(results: StudyResults, titles: Mapping[str, str]) -> ResultsView:
    """Round and word the numbers. ``titles`` maps system names to what people call them."""
    by_kind = ((results.rater_kind, results.contrasts), *results.other_rater_kinds)
    left_out = results.left_out
    reasons = (
        ("to gold comparisons", left_out.gold),
        ("surplus", left_out.surplus),
        ("of excluded raters", left_out.excluded),
        ("planned repeats", left_out.repeat),
    )
    return ResultsView(
        kinds=tuple(
            KindView(
                kind,
                KIND_TITLES[kind],
                tuple(
                    _contrast(entry, titles, f"{kind}-{place}")
                    for place, entry in enumerate(entries, start=1)
                ),
            )
            for kind, entries in by_kind
        ),
        counted=results.counted,
        left_out=tuple((reason, number) for reason, number in reasons if number),
    )


def _contrast(entry: ContrastResults, titles: Mapping[str, str], anchor: str) -> ContrastView:
    test, baseline = (titles.get(name, name) for name in entry.contrast)
    rates: dict[str, WinRate] = {name: getattr(entry, name) for name, _ in QUESTIONS}
    measures = [_win_rate(name, title, rates[name]) for name, title in QUESTIONS]
    measures.insert(3, _coverage(entry.coverage))
    lines = [
        FigureLine(
            title,
            rates[name].strict.value,
            (interval.low, interval.high) if (interval := rates[name].strict.interval) else None,
            measures_by(measures, name).value,
        )
        for name, title in QUESTIONS
    ]
    covered = entry.coverage
    bounds = (covered.interval.low, covered.interval.high) if covered.interval else None
    coverage_line = FigureLine(
        "Coverage (Pcov)", covered.pcov, bounds, measures_by(measures, "coverage").value
    )
    return ContrastView(
        anchor, test, baseline, tuple(measures), draw_figure(lines, coverage_line, anchor=anchor)
    )


def measures_by(measures: list[Measure], question: str) -> Measure:
    """The measure of this question."""
    return next(measure for measure in measures if measure.question == question)


def _win_rate(question: str, title: str, rate: WinRate) -> Measure:
    strict, decided = rate.strict, rate.decided
    counts = [f"{rate.wins} won", f"{rate.losses} lost", f"{rate.ties} tied"]
    if rate.both_bad:
        counts.append(f"{rate.both_bad} both bad")
    if rate.skips:
        counts.append(f"{rate.skips} skipped (not in n)")
    interval = strict.interval
    p_value = decided.interval.p_value if decided.interval else None
    return Measure(
        question=question,
        title=title,
        value=None if strict.value is None else f"{strict.value:.2f}",
        interval=None if interval is None else f"{interval.low:.2f} to {interval.high:.2f}",
        n=strict.n,
        counts=", ".join(counts),
        p_value=_p_value(p_value),
        differs=p_value is not None and p_value < 0.05,
        why=_why(strict.reason, question),
        note=interval.clustering.note if interval else None,
    )


def _coverage(entry: Coverage) -> Measure:
    interval = entry.interval
    p_value = interval.p_value if interval else None
    return Measure(
        question="coverage",
        title="Coverage (Pcov)",
        value=None if entry.pcov is None else _percent(entry.pcov),
        interval=None if interval is None else f"{_percent(interval.low)} to {_percent(interval.high)}",
        n=entry.n,
        counts=f"covered {entry.covered_test} by test, {entry.covered_baseline} by baseline",
        p_value=_p_value(p_value),
        differs=p_value is not None and p_value < 0.05,
        why=entry.reason,
        note=interval.clustering.note if interval else None,
    )


def _why(reason: str | None, question: str) -> str | None:
    if reason == "no votes" and question == "prioritization":
        return "no votes: nowhere did a rater find an attribute covered by both"
    return reason


def _percent(fraction: float) -> str:
    """A fraction as a signed percentage with a true minus sign; beyond 1000 % only that it is beyond."""
    if fraction > 10:
        return "more than +1000%"
    text = f"{100 * fraction:+.0f}%"
    return "0%" if text in ("+0%", "-0%") else text.replace("-", "−")


def _p_value(value: float | None) -> str | None:
    if value is None:
        return None
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
