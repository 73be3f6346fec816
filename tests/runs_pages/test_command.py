"""manage.py runs"""

import json

import pytest
from django.core.management import CommandError, call_command


def output(capsys, *arguments):
    call_command("runs", *arguments)
    return capsys.readouterr().out


def test_list_and_show(world, capsys):
    run = world.run(name="Import it", status="failed", error="no disk")
    world.event(run, message="it began")
    pipeline = world.run(kind="pipeline", name="All", status="running", step=1, total_steps=2)
    world.run(name="Stage", pipeline=pipeline, status="waiting")
    text = output(capsys)
    assert text.index("All") < text.index("  Stage") < text.index("Import it")
    assert "50 %" in text
    assert "Import it" not in output(capsys, "--active")
    shown = output(capsys, str(run.pk))
    assert "error: no disk" in shown
    assert "it began" in shown
    report = json.loads(output(capsys, "--json"))["runs"]
    assert [(r["name"], [s["name"] for s in r["stages"]]) for r in report] == [
        ("All", ["Stage"]),
        ("Import it", []),
    ]
    assert json.loads(output(capsys, str(run.pk), "--json"))["log"][0]["message"] == "it began"


def test_cancel(world, capsys):
    run = world.run(status="queued")
    assert "cancelled" in output(capsys, str(run.pk), "--cancel")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["999999"], "there is no run 999999"),
        (["--cancel"], "needs the id"),
        (["--limit", "0"], "at least 1"),
    ],
)
def test_errors(arguments, message, world):
    with pytest.raises(CommandError, match=message):
        call_command("runs", *arguments)


def test_no_runs(db, capsys):
    assert output(capsys) == "no runs\n"
