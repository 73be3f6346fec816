"""The log files of the children: one each, the last few starts kept."""

from pathlib import Path

KEPT = 3


def rotate(path: Path) -> None:
    """Move ``x.log`` to ``x.log.1`` and so on, so that a start begins with an empty file."""
    if not path.exists() or path.stat().st_size == 0:
        return
    for number in range(KEPT, 0, -1):
        older = path.with_name(f"{path.name}.{number}")
        newer = path if number == 1 else path.with_name(f"{path.name}.{number - 1}")
        if newer.exists():
            newer.replace(older)
