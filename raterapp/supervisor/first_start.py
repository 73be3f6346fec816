"""What ``up`` says once everything runs: where to go, and the first start's one-time credentials."""

import json
from urllib.parse import urljoin

from django.apps import apps
from django.core.management import get_commands
from django.db import connections

from raterapp.embedded.postgres import last_line
from raterapp.supervisor.plan import web_url
from raterapp.supervisor.supervisor import Supervisor

DEMO = "demo"


def greet(supervisor: Supervisor) -> None:
    """Load the demo if it was asked for and is missing, then print the addresses."""
    base = web_url(supervisor.options)
    shown = _load_demo(supervisor, base) if supervisor.options.with_demo and _demo_is_missing() else None
    if shown is None:
        supervisor.say(
            f"\n  Pages    {base}\n"
            f"  Admin    {base}admin/\n\n"
            "Accounts stay as they are. New password: python manage.py changepassword NAME; "
            "new admin: python manage.py createsuperuser."
        )
    supervisor.say("Ctrl-C stops everything.")


def _demo_is_missing() -> bool:
    if "load_demo" not in get_commands():
        return False
    try:
        return not apps.get_model("annotations", "Catalogue").objects.filter(name=DEMO).exists()
    finally:
        connections.close_all()  # the supervisor itself keeps no connection


def _load_demo(supervisor: Supervisor, base: str) -> dict[str, str] | None:
    supervisor.say("Loading the demo (first start only) ...")
    code, output = supervisor.step("load_demo", "load_demo", "--json")
    lines = output.strip().splitlines()
    try:
        made: dict[str, str] = json.loads(lines[-1]) if code == 0 and lines else {}
    except ValueError:
        made = {}
    if not made:
        log_path = supervisor.layout.log / "load_demo.log"
        supervisor.say(f"The demo could not be loaded; everything else runs. {last_line(log_path)}")
        return None

    def address(name: str) -> str:
        return urljoin(base, made.get(name, ""))

    supervisor.say(
        f"\n  Rate     {address('rater_url')}\n"
        f"  Results  {address('results_url')}\n"
        f"  Admin    {address('admin_url')}\n"
        f"  Account  {made.get('username', '')} / {made.get('password', '')}\n\n"
        "Shown this once. Later: python manage.py changepassword NAME makes a new password."
    )
    return made
