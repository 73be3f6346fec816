"""The numbers of a study as a plain-text table for a terminal: fractions for win rates, percent for Pcov."""

from collections.abc import Iterator

from annotations.metrics.coverage import Coverage
from annotations.metrics.results import ContrastResults, StudyResults
from annotations.metrics.win_rate import WinRate

_HEADER = ("", "value", "95% interval", "n", "counts")


def results_report(results: StudyResults) -> str:
    """A table per contrast and kind of rater; undefined values are a dash with the reason beside it."""
    lines = [f"Study: {printable(', '.join(results.studies)) or '(no rows)'}"]
    left_out = results.left_out
    lines.append(
        f"Answers counted: {results.counted}; left out: {left_out.gold} gold, {left_out.surplus} surplus, "
        f"{left_out.excluded} excluded, {left_out.repeat} repeat, {left_out.manifest} by the manifest"
    )
    for kind, contrasts in ((results.rater_kind, results.contrasts), *results.other_rater_kinds):
        for entry in contrasts:
            systems = (
                f"{printable(entry.contrast.test_system)} against {printable(entry.contrast.baseline_system)}"
            )
            lines += ["", f"{systems}, judged by raters of kind {kind}", *_aligned(_rows(entry))]
    return "\n".join(lines) + "\n"


def printable(text: str) -> str:
    """Text without control characters, which a terminal would obey."""
    return "".join(letter if letter.isprintable() else f"\\x{ord(letter):02x}" for letter in text)


def _rows(entry: ContrastResults) -> Iterator[tuple[str, ...]]:
    yield _HEADER
    for name in ("precision", "appeal", "overall", "prioritization"):
        yield _win_rate_row(name, getattr(entry, name))
    yield _coverage_row(entry.coverage)


def _win_rate_row(name: str, rate: WinRate) -> tuple[str, ...]:
    strict = rate.strict
    counts = f"{rate.wins} won, {rate.losses} lost, {rate.ties} tied"
    counts += f", {rate.both_bad} both bad, {rate.skips} skipped"
    if strict.reason is not None:
        counts += f"; {strict.reason}"
    elif strict.interval is not None and strict.interval.clustering.note is not None:
        counts += f"; {strict.interval.clustering.note}"
    value = "-" if strict.value is None else f"{strict.value:.3f}"
    bounds = "-" if strict.interval is None else f"{strict.interval.low:.3f} to {strict.interval.high:.3f}"
    return (name, value, bounds, str(strict.n), counts)


def _coverage_row(entry: Coverage) -> tuple[str, ...]:
    counts = f"covered {entry.covered_test} by test, {entry.covered_baseline} by baseline"
    if entry.reason is not None:
        counts += f"; {entry.reason}"
    elif entry.interval is not None and entry.interval.clustering.note is not None:
        counts += f"; {entry.interval.clustering.note}"
    value = "-" if entry.pcov is None else f"{entry.pcov:+.1%}"
    bounds = "-" if entry.interval is None else f"{entry.interval.low:+.1%} to {entry.interval.high:+.1%}"
    return ("coverage (Pcov)", value, bounds, str(entry.n), counts)


def _aligned(rows: Iterator[tuple[str, ...]]) -> list[str]:
    cells = list(rows)
    widths = [max(len(row[k]) for row in cells) for k in range(len(_HEADER))]
    return [
        "  ".join(
            (
                row[0].ljust(widths[0]),
                row[1].rjust(widths[1]),
                row[2].rjust(widths[2]),
                row[3].rjust(widths[3]),
                row[4],
            )
        ).rstrip()
        for row in cells
    ]
