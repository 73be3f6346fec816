"""Text cells that a spreadsheet would run as a formula are written with an apostrophe in front.

A CSV text cell that starts with ``=``, ``+``, ``-``, ``@``, a tab or a carriage return gets one leading
apostrophe; so does one that starts with apostrophes followed by such a character, which makes the rule
reversible: reading takes one apostrophe off again, and every text comes back as it was.
"""

FORMULA_STARTS = frozenset("=+-@\t\r")


def guard_cell(text: str) -> str:
    """The cell to write for a text. Invariant: ``unguard_cell(guard_cell(text)) == text``."""
    return f"'{text}" if text.lstrip("'")[:1] in FORMULA_STARTS else text


def unguard_cell(cell: str) -> str:
    """The text that a cell was written for."""
    if cell.startswith("'") and cell.lstrip("'")[:1] in FORMULA_STARTS:
        return cell[1:]
    return cell
