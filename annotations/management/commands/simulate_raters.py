"""Fill a study with simulated raters who go through the real pages."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from django.core.management.base import BaseCommand, CommandError, CommandParser

from annotations.bots.crowd import CrowdReport, run_crowd
from annotations.bots.journey import BotJourney, BotStuckError
from annotations.bots.rater_model import EffectsError, RaterModel, parse_effects
from annotations.management.temporary_server import ServerFailedError, temporary_server
from annotations.models import Study
from annotations.queries.comparison_sides import SideFinder
from annotations.queries.running_server import running_url
from annotations.queries.studies import SlotCounts, UnknownStudyError, count_slots, find_study
from annotations.services.invitations import create_invitation, revoke_invitation

_THREADS = 8
_TIMEOUT_S = 60.0


class Command(BaseCommand):
    help = (
        "Let simulated raters judge a study over HTTP until no work is left for them. Their judgments are "
        "kept apart from people's (rater kind 'bot')."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("study", metavar="STUDY", help="name or id")
        parser.add_argument("--raters", type=int, required=True, metavar="N")
        parser.add_argument("--seed", type=int, default=0, metavar="S")
        parser.add_argument(
            "--effect",
            default="",
            metavar="NAME=P,...",
            help="mean probabilities over raters and items: precision, appeal, overall, prioritization (that "
            "the test system is preferred), covers_test, covers_baseline (that a text is found to cover an "
            "attribute), ties; 0.5 each and no ties by default",
        )
        parser.add_argument("--rater-sd", type=float, default=0.0, metavar="X", help="in logits, default 0")
        parser.add_argument("--item-sd", type=float, default=0.0, metavar="Y", help="in logits, default 0")
        parser.add_argument(
            "--base-url",
            metavar="URL",
            help="the server to use (default: the one that `up` runs, else one started for this command)",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        raters: int = options["raters"]
        if raters < 1:
            raise CommandError(f"--raters must be at least 1, not {raters}")
        try:
            study = find_study(options["study"])
            effects = parse_effects(options["effect"])
        except UnknownStudyError as error:
            raise CommandError(str(error)) from error
        except EffectsError as error:
            raise CommandError(f"--effect: {error}") from error
        try:
            model = RaterModel(
                effects=effects,
                seed=options["seed"],
                rater_sd=options["rater_sd"],
                item_sd=options["item_sd"],
            )
        except EffectsError as error:
            raise CommandError(f"--rater-sd, --item-sd: {error}") from error
        if study.status != Study.Status.OPEN:
            raise CommandError(f"the study {study.name!r} is {study.status}; bots can judge an open one only")
        try:
            with _server(options["base_url"]) as base_url:
                report = _simulate(study, model, raters, base_url)
        except (BotStuckError, ServerFailedError) as error:
            raise CommandError(str(error)) from error
        except httpx.HTTPError as error:
            raise CommandError(f"the server does not answer as it should: {error}") from error
        self._print(study, report, count_slots(study.pk), as_json=options["json"])

    def _print(self, study: Study, report: CrowdReport, slots: SlotCounts, *, as_json: bool) -> None:
        judgments = sum(report.judged)
        if as_json:
            result = {
                "study": study.name,
                "raters": len(report.judged),
                "turned_away": report.turned_away,
                "judgments": judgments,
                "seconds": round(report.seconds, 3),
                "slots": {"planned": slots.planned, "filled": slots.filled, "open": slots.open},
            }
            self.stdout.write(json.dumps(result))
            return
        self.stdout.write(
            f"{len(report.judged)} bots gave {judgments} judgments in {report.seconds:.1f} s; "
            f"{slots.filled} of {slots.planned} slots of {study.name} are filled."
        )
        if report.turned_away:
            self.stdout.write(f"{report.turned_away} bots found no place left.")


def _simulate(study: Study, model: RaterModel, raters: int, base_url: str) -> CrowdReport:
    new = create_invitation(study=study, rater_kind="bot", platform="bot", max_raters=raters)
    finder = SideFinder(study.pk)
    limits = httpx.Limits(max_connections=_THREADS, max_keepalive_connections=_THREADS)
    transport = httpx.HTTPTransport(limits=limits)
    clients = [
        httpx.Client(transport=_Shared(transport), timeout=_TIMEOUT_S, trust_env=False) for _ in range(raters)
    ]
    try:
        bots = [
            BotJourney(
                number=number,
                link=base_url.rstrip("/") + new.path,
                model=model,
                find_test=finder.find,
                client=client,
            )
            for number, client in enumerate(clients)
        ]
        return run_crowd(bots, threads=min(_THREADS, raters))
    finally:
        transport.close()
        revoke_invitation(invitation=new.invitation)


class _Shared(httpx.BaseTransport):
    """One pool of connections for all bots, each of whom has its own cookies."""

    def __init__(self, transport: httpx.HTTPTransport) -> None:
        self._transport = transport

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._transport.handle_request(request)


@contextmanager
def _server(base_url: str | None) -> Iterator[str]:
    found = base_url or running_url()
    if found is not None and (base_url is not None or _answers(found)):
        yield found
        return
    with temporary_server() as own:
        yield own


def _answers(url: str) -> bool:
    try:
        httpx.get(url, timeout=5.0)
    except httpx.HTTPError:
        return False
    return True
