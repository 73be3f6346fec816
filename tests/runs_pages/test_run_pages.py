"""What the pages of runs say, and how many queries they need."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from annotations.models import Artifact, Run, RunInput
from annotations.queries.runs import POINTS_PER_SERIES, metric_series, run_line


def running(world, **fields):
    now = timezone.now()
    return world.run(
        status="running",
        lease_expires_at=now + timedelta(hours=1),
        started_at=now - timedelta(minutes=5),
        **fields,
    )


def add_pipeline(world, stages):
    pipeline = world.run(kind="pipeline", name="Pipeline", status="running", total_steps=stages)
    for position in range(stages):
        world.run(name=f"Stage {position}", pipeline=pipeline, position=position, status="waiting")
    return pipeline


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_takes_the_same_queries_for_1_and_3_runs(rows, world, django_assert_num_queries):
    for _ in range(rows):
        world.run()
        add_pipeline(world, rows)
    with django_assert_num_queries(5):
        page = world.clients["staff"].get(reverse("run_list"))
    assert page.content.decode().count('class="run-name"') == 2 * rows


@pytest.mark.parametrize("rows", [1, 3])
def test_a_run_takes_the_same_queries_for_1_and_3_of_everything(rows, world, django_assert_num_queries):
    run = running(world, step=1, total_steps=4)
    for i in range(rows):
        world.event(run)
        world.event(run, level="sample", message="A sample", data={"reward": 1})
        world.event(run, level="metrics", step=i, message="", data={"loss": i / 2})
        Artifact.objects.create(run=run, role=f"r{i}", sha256="0" * 64, files=[], size_bytes=1)
        RunInput.objects.create(run=run, role=f"in{i}", source=world.run(name=f"Source {i}"))
        RunInput.objects.create(run=world.run(name=f"User {i}"), role="x", source=run)
    with django_assert_num_queries(9):
        world.clients["staff"].get(reverse("run_detail", args=[run.pk]))
    with django_assert_num_queries(8):
        world.clients["staff"].get(reverse("run_live", args=[run.pk]))


def test_an_active_run_polls_and_an_ended_one_does_not(world):
    active, ended = running(world, step=1, total_steps=4, message="halfway there"), world.run()
    url = reverse("run_live", args=[active.pk])
    page = world.clients["owner"].get(url).content.decode()
    assert f'hx-get="{url}" hx-trigger="every 2s"' in page
    assert '<progress value="25" max="100"' in page
    assert re.search(r"25 % · about 15 min left · halfway there", page)
    assert reverse("run_cancel", args=[active.pk]) in page
    page = world.clients["owner"].get(reverse("run_live", args=[ended.pk])).content.decode()
    assert "hx-get" not in page
    assert "Cancel" not in page


def test_no_inline_script_or_style(world):
    run = running(world, step=1, total_steps=4)
    for step in range(3):
        world.event(run, level="metrics", step=step, data={"loss": step * 0.5})
    pages = [
        reverse("run_detail", args=[run.pk]),
        reverse("run_list"),
        reverse("catalogue_detail", args=["films"]),
    ]
    for url in pages:
        page = world.clients["owner"].get(url).content.decode()
        assert not re.search(r"\sstyle=|<style|\son\w+=|hx-on|<script(?![^>]* src=)", page)


def test_metrics_become_charts_and_single_values_figures(world):
    run = world.run()
    for step, loss in ((1, 3.0), (2, 2.0), (3, 1.0)):
        world.event(run, level="metrics", step=step, data={"loss_nats": loss})
    world.event(run, level="metrics", step=3, data={"rmse": 0.75})
    page = world.clients["owner"].get(reverse("run_detail", args=[run.pk])).content.decode()
    assert '<polyline class="chart-line" points="0,8 160,60 320,112">' in page
    assert "loss nats from step 1 to 3: between 1 and 3, last 1" in page
    assert '<dt>rmse</dt><dd class="number">0.75</dd>' in page


def test_long_series_are_thinned_and_resumed_steps_overwritten(world):
    run = world.run()
    for step in [*range(1000), *range(500, 1000)]:
        world.event(run, level="metrics", step=step, data={"loss": float(step), "bad": None})
    (series,) = metric_series(run.pk)
    assert series.points[0] == (0, 0.0)
    assert series.points[-1] == (999, 999.0)
    assert len(series.points) <= 2 * POINTS_PER_SERIES
    assert [step for step, _ in series.points] == sorted({step for step, _ in series.points})


def test_lineage_links_log_and_artifacts(world):
    source, run = world.run(name="The source"), world.run(result={"items": 12, "skipped": {"total": 1}})
    user = world.run(name="The user")
    RunInput.objects.create(run=run, role="ratings", source=source)
    RunInput.objects.create(run=user, role="embeddings", source=run)
    world.event(run, level="warning", message="look <here>")
    files = [{"path": "a.parquet", "sha256": "f" * 64, "bytes": 3}]
    Artifact.objects.create(run=run, role="ratings", sha256="e" * 64, files=files, size_bytes=3)
    page = world.clients["owner"].get(reverse("run_detail", args=[run.pk])).content.decode()
    for part in (
        "The source",
        "The user",
        "look &lt;here&gt;",
        "e" * 64,
        "f" * 64,
        "a.parquet",
        "&quot;total&quot;: 1",
    ):
        assert part in page
    assert reverse("run_detail", args=[source.pk]) in page


def test_cancelling_by_post(world):
    queued, working, ended = world.run(status="queued"), running(world), world.run()
    for run, status in ((queued, "cancelled"), (working, "cancelling"), (ended, "succeeded")):
        page = world.clients["owner"].post(reverse("run_cancel", args=[run.pk]), follow=True)
        run.refresh_from_db()
        assert run.status == status
        assert page.status_code == 200
    assert "had ended before: succeeded" in page.content.decode()


def test_the_cancel_button_keeps_the_focus_while_the_page_refreshes(world):
    """htmx gives the focus back to an element that has the same id in the new fragment."""
    page = world.clients["owner"].get(reverse("run_live", args=[running(world).pk])).content.decode()
    assert 'id="cancel-run"' in page


def test_the_list_filters_by_status_and_ignores_nonsense(world):
    world.run(name="good"), world.run(name="bad", status="failed")
    client = world.clients["owner"]
    assert [line.name for line in client.get(reverse("run_list"), {"status": "failed"}).context["lines"]] == [
        "bad"
    ]
    for status, page in (("nonsense", "x"), ("", "99")):
        assert client.get(reverse("run_list"), {"status": status, "page": page}).status_code == 200


def test_remaining_time_only_where_it_is_known(world):
    now = timezone.now()
    run = Run(
        status="running", started_at=now - timedelta(seconds=30), step=10, total_steps=40, name="", kind="x"
    )
    assert run_line(run, now=now).remaining == timedelta(seconds=90)
    for change in ({"step": 0}, {"total_steps": 0}, {"status": "queued"}, {"started_at": None}):
        other = Run(status="running", started_at=now, step=1, total_steps=2, name="", kind="x")
        for name, value in change.items():
            setattr(other, name, value)
        assert run_line(other, now=now).remaining is None


def test_lineage_names_only_runs_that_the_reader_may_open(world):
    secret = world.run(name="Secret source", catalogue=None, started_by=world.accounts["staff"])
    reader = world.run(name="Reader")
    RunInput.objects.create(run=reader, role="embeddings", source=secret)
    pages = {
        who: world.clients[who].get(reverse("run_detail", args=[reader.pk])).content.decode()
        for who in ("owner", "staff")
    }
    assert "Secret source" in pages["staff"]
    assert "Secret source" not in pages["owner"]
