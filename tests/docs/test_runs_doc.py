"""docs/runs.md keeps up with the code: statuses, numbers, the context's members, how kinds resume."""

import inspect
import re

from django.conf import settings

from annotations.models import Run
from annotations.runs.context import RunContext
from annotations.runs.dispatch import MAX_ATTEMPTS, REDISPATCH_AFTER
from annotations.runs.registry import all_kinds
from tests.docs.pages import page, sections, table

PAGE = page("runs.md")
SECTIONS = sections(PAGE)


def names(cells: list[str]) -> set[str]:
    return set(re.findall(r"`(\w+)`", " ".join(cells)))


def test_every_status_is_explained():
    rows = table(SECTIONS["From creation to end"], "status")
    assert names([row[0] for row in rows]) == set(Run.Status.values)


def test_numbers_are_those_of_the_code():
    from raterapp.settings import base

    assert f"a lease of {base.RUN_LEASE_S} s" in PAGE
    assert f"failed after {MAX_ATTEMPTS} attempts" in PAGE
    assert f"after {REDISPATCH_AFTER.total_seconds() / 60:g} minutes" in PAGE
    assert f"every {settings.CELERY_BEAT_SCHEDULE['sweep-runs']['schedule']:g} s" in PAGE


def test_every_kind_says_how_it_resumes():
    rows = table(SECTIONS["When a worker dies"], "kind")
    kinds = {kind.kind for kind in all_kinds() if not kind.kind.startswith("t_")}
    assert names([row[0] for row in rows]) == kinds


def test_every_public_member_of_the_context_is_listed():
    rows = table(SECTIONS["Adding a kind"], "of the context")
    attributes = set(re.findall(r"self\.([a-z]\w*)(?:: [^=]+)? = ", inspect.getsource(RunContext.__init__)))
    members = {name for name in vars(RunContext) if not name.startswith("_")} | attributes
    assert names([row[0] for row in rows]) == members - {"fence"}
