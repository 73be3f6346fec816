"""Loading the demo step by step. Every step looks first whether it was done, so a load resumes."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from annotations.imports.endorsements import import_endorsements
from annotations.imports.faults import Faults, ImportFileError
from annotations.imports.pipeline_spec import read_pipeline_spec
from annotations.imports.profiles import read_profiles
from annotations.imports.sources import single_file
from annotations.imports.study_spec import read_study_spec
from annotations.models import AuditEvent, Catalogue, Run, Study
from annotations.services.audit import record_event
from annotations.services.invitations import create_invitation
from annotations.services.launch import launch_study
from annotations.services.pipelines import start_pipeline
from annotations.services.profiles import save_profiles
from annotations.services.runs import create_run, execute_inline

FOLDER = Path(__file__).resolve().parent
CATALOGUE = "demo"
USERNAME = "admin"
HANDED_OVER = "demo.handed_over"
PROFILE_SOURCE = "demo writers"

Say = Callable[[str], None]


@dataclass(frozen=True)
class Demo:
    """What was loaded. Secrets are there only when this load made them: nothing stores them."""

    study: Study
    account: AbstractBaseUser
    password: str | None
    invitation_path: str | None
    pipeline: Run | None


def load_demo(*, say: Say, with_pipeline: bool = True, renews_secrets: bool = False) -> Demo:
    """Import the catalogue, profiles and texts, launch the study, make the account, start the pipeline.

    The account's password and the rater link are made once; ``renews_secrets`` makes new ones.

    Raises:
        ImportFileError, RunFailedError, LaunchError, PipelineSpecError: with what went wrong where.
    """
    account = _account()
    catalogue = _catalogue(account, say)
    _profiles(catalogue, say)
    written = import_endorsements(FOLDER / "endorsements.jsonl", catalogue=CATALOGUE)
    say(f"endorsements: {written.written} new, {written.unchanged} there")
    study = _study(account, say)
    pipeline = _pipeline(account, say) if with_pipeline else None
    password, path = _secrets(account, study, renews=renews_secrets)
    return Demo(study, account, password, path, pipeline)


def _account() -> Any:
    accounts = get_user_model().objects
    account = accounts.filter(username=USERNAME).first()
    return account or accounts.create_superuser(USERNAME)


def _catalogue(account: AbstractBaseUser, say: Say) -> Catalogue:
    catalogue = Catalogue.objects.filter(name=CATALOGUE).first()
    if catalogue is None:
        run = create_run(
            kind="import_catalogue",
            name="Import of the demo",
            config={
                "format": "movielens",
                "path": str(FOLDER / "movielens"),
                "name": CATALOGUE,
                "title": "Demo: 190 films of MovieLens",
                "descriptions": str(FOLDER / "descriptions.csv"),
            },
            started_by=account,
            dispatched=False,
        )
        execute_inline(run=run)
        catalogue = Catalogue.objects.get(name=CATALOGUE)
    say(f"catalogue: {catalogue.items.count()} films, {catalogue.viewers.count()} viewers")
    return catalogue


def _profiles(catalogue: Catalogue, say: Say) -> None:
    # Later versions, which the pipeline or a person wrote, stay current on a second load.
    if catalogue.viewers.filter(profiles__source=PROFILE_SOURCE).exists():
        return
    source, name = single_file(FOLDER / "profiles.jsonl")
    faults = Faults()
    rows = [profile for _, profile in read_profiles(source, name, faults)]
    if faults.total:
        raise ImportFileError("; ".join(faults.lines()))
    counts = save_profiles(catalogue_id=catalogue.pk, profiles=rows, source=PROFILE_SOURCE)
    say(f"profiles: {counts.written}")


def _study(account: AbstractBaseUser, say: Say) -> Study:
    spec = read_study_spec(FOLDER / "study.yaml")
    study = Study.objects.filter(name=spec.name).first() or launch_study(spec=spec, owner=account)
    say(f"study {study.name}: {study.comparisons.count()} comparisons")
    return study


def _pipeline(account: AbstractBaseUser, say: Say) -> Run:
    spec = read_pipeline_spec(FOLDER / "pipeline.yaml")
    pipeline = Run.objects.filter(kind="pipeline", name=spec.name, catalogue__name=CATALOGUE).first()
    pipeline = pipeline or start_pipeline(spec=spec, started_by=account)
    say(f"pipeline: run {pipeline.pk}, {len(spec.stages)} stages")
    return pipeline


@transaction.atomic
def _secrets(account: Any, study: Study, *, renews: bool) -> tuple[str | None, str | None]:
    handed_over = AuditEvent.objects.filter(action=HANDED_OVER, study=study).exists()
    if handed_over and not renews:
        return None, None
    password = secrets.token_urlsafe(12)
    account.set_password(password)
    account.save(update_fields=["password"])
    invitation = create_invitation(study=study, created_by=account)
    record_event(action=HANDED_OVER, study=study, object_kind="study", object_id=study.pk, account=account)
    return password, invitation.path
