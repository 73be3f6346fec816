"""What ``up`` says once everything runs: where to go, and the first start's one-time credentials."""

import json
from pathlib import Path

from django.apps import apps
from django.core.management import get_commands
from django.db import connections

from raterapp.embedded.postgres import last_line
from raterapp.supervisor.plan import web_url
from raterapp.supervisor.supervisor import Supervisor

DEMO = "demo"
# Order of the printed addresses: what load_demo calls them, and what a person reads.
ADDRESSES = {"rater_url": "Rate", "results_url": "Results", "runs_url": "Runs", "admin_url": "Admin"}


def greet(supervisor: Supervisor) -> None:
    """Load the demo if it was asked for and is missing, then print the addresses."""
    base = web_url(supervisor.options)
    chosen = supervisor.options.with_demo
    if not (chosen and _demo_is_missing(_mark(supervisor)) and _load_demo(supervisor, base)):
        supervisor.say(
            f"\n  Pages    {base}\n  Admin    {base}admin/\n\n"
            "Accounts and rater links stay. For a new password: python manage.py changepassword NAME"
            + (
                "; for the demo's password and rater link: python manage.py load_demo --new-secrets"
                if chosen
                else ""
            )
        )
    supervisor.say("Ctrl-C stops everything.")


def _mark(supervisor: Supervisor) -> Path:
    """There while the demo is being loaded: a start that finds it goes on where a killed one stopped."""
    return supervisor.layout.root / "demo.loading"


def _demo_is_missing(mark: Path) -> bool:
    if "load_demo" not in get_commands():
        return False
    try:
        exists = apps.get_model("annotations", "Catalogue").objects.filter(name=DEMO).exists()
    finally:
        connections.close_all()  # the supervisor itself keeps no connection
    return mark.exists() or not exists


def _load_demo(supervisor: Supervisor, base: str) -> bool:
    """Load it and show its addresses and credentials; say whether there was something to show."""
    mark = _mark(supervisor)
    # Credentials that a killed start made were never shown.
    renewing = ["--new-secrets"] if mark.exists() else []
    mark.touch()
    supervisor.say("Loading the demo (first start only) ...")
    code, output = supervisor.step("load_demo", "load_demo", "--json", "--base-url", base, *renewing)
    lines = output.strip().splitlines()
    try:
        made: dict[str, str | None] = json.loads(lines[-1]) if code == 0 and lines else {}
    except ValueError:
        made = {}
    if not made:
        log_path = supervisor.layout.log / "load_demo.log"
        supervisor.say(f"The demo could not be loaded; everything else runs. {last_line(log_path)}")
        return False
    mark.unlink()
    shown = [f"  {label:<8} {made[name]}" for name, label in ADDRESSES.items() if made.get(name)]
    if made.get("password"):
        shown.append(f"  Account  {made.get('username')} / {made['password']}")
    supervisor.say(
        "\n" + "\n".join(shown) + "\n\nThe password and the rater link are shown this once. New ones: "
        "python manage.py load_demo --new-secrets"
    )
    return True
