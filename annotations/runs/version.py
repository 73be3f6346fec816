"""Which code a run was made by."""

import functools
import subprocess
from importlib.metadata import PackageNotFoundError, version

from django.conf import settings


@functools.cache
def code_version() -> str:
    """The package version and, in a checkout, the commit (with ``+changes`` if files differ from it)."""
    try:
        package = version("raterapp")
    except PackageNotFoundError:
        package = "unknown"
    try:
        commit = _git("rev-parse", "--short=12", "HEAD")
        changed = "+changes" if _git("status", "--porcelain", "--untracked-files=no") else ""
    except (OSError, subprocess.SubprocessError):
        return package
    return f"{package}-{commit}{changed}"


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments],  # noqa: S607
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        timeout=5,
        check=True,
    )
    return done.stdout.strip()
