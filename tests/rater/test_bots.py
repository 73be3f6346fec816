"""Simulated raters: their model, their reading of pages, and a study filled through the real server."""

import json
from collections import Counter
from io import StringIO
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from annotations.bots.page_reader import PageReader
from annotations.bots.rater_model import Effects, EffectsError, FormShown, RaterModel, parse_effects
from annotations.models import Assignment, AttributeAnswer, Invitation, Judgment, Rater
from annotations.services.studies import pause_study
from tests.rater.world import make_study

FORM = FormShown(
    choices=dict.fromkeys(("precision", "appeal", "overall"), ("A", "B")),
    attributes={0: ("They enjoy heists.", ("A", "B"))},
)


class TestModel:
    @pytest.mark.parametrize("mean", [0.05, 0.3, 0.5, 0.8, 0.97])
    @pytest.mark.parametrize(("rater_sd", "item_sd"), [(0.0, 0.0), (1.0, 0.5), (0.3, 2.0)])
    def test_the_mean_over_raters_and_items_is_the_effect(
        self, mean: float, rater_sd: float, item_sd: float
    ) -> None:
        model = RaterModel(effects=Effects(precision=mean), seed=4, rater_sd=rater_sd, item_sd=item_sd)
        found = [model.probability("precision", n, str(n)) for n in range(2000)]
        spread = np.std(found) / np.sqrt(len(found))
        assert np.mean(found) == pytest.approx(mean, abs=4 * spread + 1e-9)

    def test_sure_things(self) -> None:
        model = RaterModel(effects=Effects(covers_test=1, covers_baseline=0), seed=1, rater_sd=3, item_sd=3)
        for rater in range(50):
            reply = model.answer(rater, "item", "comparison", "B", FORM).attributes[0]
            assert (reply.covers_a, reply.covers_b, reply.aligns) == (False, True, None)

    def test_answers_follow_the_test_text_wherever_it_stands(self) -> None:
        model = RaterModel(effects=Effects(), seed=9, rater_sd=1, item_sd=1)
        swapped = {"A": "B", "B": "A"}
        for rater in range(40):
            at_a = model.answer(rater, "i", "c", "A", FORM)
            at_b = model.answer(rater, "i", "c", "B", FORM)
            assert at_b.choices == {name: swapped[choice] for name, choice in at_a.choices.items()}
            one, other = at_a.attributes[0], at_b.attributes[0]
            assert (one.covers_a, one.covers_b) == (other.covers_b, other.covers_a)

    def test_prioritization_has_its_mean_among_those_that_both_cover(self) -> None:
        effects = Effects(prioritization=0.7, covers_test=0.6, covers_baseline=0.5)
        model = RaterModel(effects=effects, seed=2, rater_sd=1, item_sd=1)
        replies = [model.answer(n, str(n), str(n), "A", FORM).attributes[0].aligns for n in range(3000)]
        asked = [reply for reply in replies if reply is not None]
        assert len(asked) / 3000 == pytest.approx(0.3, abs=0.04)
        assert asked.count("A") / len(asked) == pytest.approx(0.7, abs=0.05)

    def test_ties_only_where_the_form_offers_them(self) -> None:
        model = RaterModel(effects=Effects(ties=1), seed=1)
        assert "tie" not in model.answer(1, "i", "c", "A", FORM).choices.values()
        form = FormShown(choices={"appeal": ("A", "B", "tie")}, attributes={})
        assert model.answer(1, "i", "c", "A", form).choices == {"appeal": "tie"}

    def test_effects_are_read_and_checked(self) -> None:
        assert parse_effects("") == Effects()
        assert parse_effects("precision=0.8, covers_test=.7") == Effects(precision=0.8, covers_test=0.7)
        for text, message in (
            ("precision", "expected name=probability"),
            ("beauty=0.5", "with a name of precision"),
            ("precision=high", "'high' is not a number"),
            ("precision=1.5", "between 0 and 1"),
            ("precision=nan", "between 0 and 1"),
            ("appeal=0.5,appeal=0.6", "given twice"),
        ):
            with pytest.raises(EffectsError, match=message):
                parse_effects(text)


def test_a_page_is_read_as_a_browser_would() -> None:
    reader = PageReader(
        '<h2 id="item-title">A &amp; B<br>C</h2>'
        '<form method="POST" action="/x"><input type=hidden name=k value=1>'
        '<input type=radio name=q value=A><input type=radio name=q value="B" checked></form>'
        '<q class="big attribute-text">They &lt;3 <em>heists</em></q><div id="text-a">One</div>'
    )
    assert reader.texts == {"item-title": "A & BC", "text-a": "One"}
    assert reader.attributes == ["They <3 heists"]
    (form,) = reader.forms
    assert (form.action, form.method, form.hidden, form.groups) == (
        "/x",
        "post",
        {"k": "1"},
        {"q": ["A", "B"]},
    )


def simulate(*args: str) -> Any:
    out = StringIO()
    call_command("simulate_raters", *args, "--json", stdout=out)
    return json.loads(out.getvalue())


@pytest.mark.django_db(transaction=True)
class TestCommand:
    def test_bots_fill_a_study_through_the_live_server(self, live_server: Any) -> None:
        study = make_study(pairs=6, redundancy=4, ties=True)
        report = simulate(
            "first",
            *("--raters", "6", "--seed", "3", "--base-url", live_server.url),
            *("--effect", "precision=1,appeal=0,overall=1,prioritization=1,covers_test=1,covers_baseline=1"),
        )
        assert report["judgments"] == 24
        assert report["slots"] == {"planned": 24, "filled": 24, "open": 0}
        assert report["turned_away"] == 0
        assert set(Rater.objects.values_list("kind", flat=True)) == {"bot"}
        per_bot = Counter(Assignment.objects.values_list("enrolment", flat=True))
        assert max(per_bot.values()) - min(per_bot.values()) <= 2, "bots take turns"
        for judgment in Judgment.objects.select_related("assignment__slot"):
            test_at = judgment.assignment.slot.position_of_test
            assert (judgment.precision, judgment.overall) == (test_at, test_at)
            assert judgment.appeal == {"A": "B", "B": "A"}[test_at]
            assert {answer.aligns for answer in judgment.attribute_answers.all()} == {test_at}
        assert AttributeAnswer.objects.count() == 48
        assert study.enrolments.filter(status="finished").count() == 6
        assert Invitation.objects.get().revoked_at is not None, "nobody else can enter as a bot"

    def test_more_bots_than_work_are_turned_away(self, live_server: Any) -> None:
        make_study(pairs=1, redundancy=2)
        report = simulate("first", "--raters", "5", "--base-url", live_server.url)
        assert report["judgments"] == 2
        assert report["raters"] + report["turned_away"] == 5

    def test_without_a_server_it_starts_its_own(self) -> None:
        make_study(pairs=2, redundancy=2)
        assert simulate("first", "--raters", "2")["judgments"] == 4

    def test_wrong_arguments_are_one_clear_line(self) -> None:
        with pytest.raises(CommandError, match=r"there is no study 'first' \(latest: none\)"):
            simulate("first", "--raters", "1")
        study = make_study(pairs=1)
        with pytest.raises(CommandError, match="--raters must be at least 1"):
            simulate("first", "--raters", "0")
        with pytest.raises(CommandError, match=r"--effect: precision=2.0: a probability"):
            simulate("first", "--raters", "1", "--effect", "precision=2")
        with pytest.raises(CommandError, match="does not answer"):
            simulate("first", "--raters", "1", "--base-url", "http://127.0.0.1:9")
        pause_study(study_id=study.pk)
        with pytest.raises(CommandError, match="'first' is paused"):
            simulate(str(study.pk), "--raters", "1")
        with pytest.raises(CommandError, match=r"--item-sd: rater_sd=inf: .* between 0 and 10 logits"):
            simulate("first", "--raters", "1", "--rater-sd", "inf")
