"""Launching: what is written, what is refused, what the manifest vouches for."""

from collections import Counter
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import DatabaseError, connection, transaction

from annotations.assignment.plan import PlannedSlot, hash_plan
from annotations.models import (
    Attribute,
    AuditEvent,
    Catalogue,
    Comparison,
    Endorsement,
    Item,
    Pair,
    Profile,
    SampledAttribute,
    Slot,
    Study,
    Viewer,
)
from annotations.services import launch
from annotations.services.launch import LaunchError, hash_json, launch_study
from tests.rater.world import make_catalogue, make_spec

pytestmark = pytest.mark.django_db


def refused(**changes: Any) -> str:
    with pytest.raises(LaunchError) as caught:
        launch_study(spec=make_spec(**changes))
    assert not Study.objects.exists()
    assert not Slot.objects.exists()
    return str(caught.value)


def test_everything_is_written() -> None:
    make_catalogue(pairs=3)
    owner = get_user_model().objects.create_user("ada")
    study = launch_study(spec=make_spec(tests=["tailored", "lively"], redundancy=3), owner=owner)
    assert (study.status, study.owner) == ("open", owner)
    assert study.launched_at is not None
    contrasts = [(c.test_system.name, c.baseline_system.name) for c in study.contrasts.all()]
    assert contrasts == [("tailored", "plain"), ("lively", "plain")]
    comparisons = list(study.comparisons.select_related("test_endorsement__system", "item", "contrast"))
    assert [c.number for c in comparisons] == [1, 2, 3, 4, 5, 6]
    for comparison in comparisons:
        assert comparison.test_endorsement.system == comparison.contrast.test_system
        assert comparison.baseline_endorsement.system.name == "plain"
        assert comparison.test_endorsement.item == comparison.item
        assert comparison.item_title == f"{comparison.item.title} ({comparison.item.year})"
        assert comparison.sampled_attributes.count() == 2
    assert Slot.objects.filter(study=study, status="open").count() == 18
    leanings = Counter(Slot.objects.values_list("comparison__contrast", "position_of_test"))
    for contrast in study.contrasts.all():
        assert abs(leanings[contrast.pk, "A"] - leanings[contrast.pk, "B"]) <= 1
    event = AuditEvent.objects.get(action="study.launched")
    assert event.data == {"manifest_sha256": study.manifest_sha256, "slots": 18}


def test_a_pair_has_the_same_attributes_in_every_contrast() -> None:
    make_catalogue(pairs=4, attributes=6)
    study = launch_study(spec=make_spec(tests=["tailored", "lively"]))
    asked: dict[int, set[tuple[int, ...]]] = {}
    for comparison in study.comparisons.all():
        attributes = comparison.sampled_attributes.values_list("attribute_id", flat=True)
        asked.setdefault(comparison.viewer_id, set()).add(tuple(attributes))
    assert all(len(sets) == 1 for sets in asked.values())
    positions = SampledAttribute.objects.values_list("attribute__position", flat=True)
    assert len(set(positions)) > 2, "which attributes are asked about varies between pairs"


def test_the_manifest_can_be_verified_from_the_rows() -> None:
    make_catalogue(pairs=3)
    study = launch_study(spec=make_spec())
    study.refresh_from_db()
    manifest = study.manifest
    assert manifest is not None
    assert hash_json(manifest) == study.manifest_sha256
    assert manifest["plan"] == {
        "slots": 6,
        "sha256": hash_plan(
            PlannedSlot(
                slot.comparison.number, slot.number, slot.segment, slot.position_of_test, slot.random_key
            )
            for slot in study.slots.select_related("comparison")
        ),
    }
    assert manifest["spec"]["baseline"] == "plain"
    assert manifest["contrasts"] == [{"test_system": "tailored", "baseline_system": "plain"}]
    assert manifest["comparisons"]["count"] == 3
    assert "film" in manifest["wording"]["precision"]


def test_the_same_seed_gives_the_same_study_and_another_seed_another() -> None:
    make_catalogue(pairs=6)
    studies = [launch_study(spec=make_spec(name=f"s{n}", seed=seed)) for n, seed in enumerate((5, 5, 6))]
    hashes = [(s.manifest["plan"]["sha256"], s.manifest["comparisons"]["sha256"]) for s in studies]  # type: ignore[index]
    assert hashes[0] == hashes[1]
    assert hashes[0][0] != hashes[2][0]
    assert hashes[0][1] != hashes[2][1]


def test_the_comparisons_hash_notices_a_changed_text() -> None:
    catalogue = make_catalogue(pairs=3)
    study = launch_study(spec=make_spec())
    Item.objects.filter(catalogue=catalogue, external_id="100").update(description="Another one.")
    again = launch_study(spec=make_spec(name="again"))
    assert study.manifest["comparisons"]["sha256"] != again.manifest["comparisons"]["sha256"]  # type: ignore[index]


def test_what_was_launched_cannot_be_changed_in_the_database() -> None:
    make_catalogue(pairs=1)
    launch_study(spec=make_spec())
    for table, column in (
        ("comparison", "item_title"),
        ("sampledattribute", "text"),
        ("endorsement", "text"),
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            connection.cursor().execute(f"UPDATE annotations_{table} SET {column} = 'x'")


def test_a_limit_draws_pairs_by_the_seed() -> None:
    make_catalogue(pairs=12)
    drawn = []
    for n, seed in enumerate((1, 1, 2)):
        study = launch_study(spec=make_spec(name=f"s{n}", seed=seed, pairs={"limit": 4}))
        drawn.append(list(study.comparisons.values_list("item__external_id", flat=True)))
    assert len(set(drawn[0])) == 4
    assert drawn[0] == drawn[1] != drawn[2]


def test_listed_pairs_keep_their_order_and_join_the_split_of_the_purpose() -> None:
    catalogue = make_catalogue(pairs=3)
    Pair.objects.filter(viewer__external_id="2").delete()
    pairs = [{"viewer": "2", "item": "102"}, {"viewer": "0", "item": "100"}]
    study = launch_study(spec=make_spec(pairs=pairs))
    assert list(study.comparisons.values_list("item__external_id", flat=True)) == ["102", "100"]
    assert Pair.objects.get(catalogue=catalogue, viewer__external_id="2").split == "collect"


def test_with_texts_only_takes_what_is_written_and_nothing_of_another_split() -> None:
    catalogue = make_catalogue(pairs=4)
    Pair.objects.filter(viewer__external_id="0").update(split="test")
    Pair.objects.filter(viewer__external_id="1").delete()
    Endorsement.objects.filter(viewer__external_id="2", system__name="tailored").delete()
    study = launch_study(spec=make_spec(pairs={"with_texts_only": True}))
    assert set(study.comparisons.values_list("viewer__external_id", flat=True)) == {"1", "3"}
    assert Pair.objects.get(catalogue=catalogue, viewer__external_id="1").split == "collect"


def test_without_coverage_no_profile_is_needed() -> None:
    make_catalogue(pairs=2, attributes=0)
    Profile.objects.all().delete()
    study = launch_study(spec=make_spec(questions=["precision", "overall"]))
    assert study.attributes_per_comparison == 0
    assert not SampledAttribute.objects.exists()


def test_unknown_names_are_listed_with_those_that_exist() -> None:
    assert "there is no catalogue 'films' (there are: none)" in refused()
    make_catalogue(pairs=1)
    assert "no system 'fancy' (it has: lively, plain, tailored)" in refused(tests=["fancy"])
    assert "unknown viewer 99" in refused(pairs=[{"viewer": "99", "item": "100"}])
    assert "unknown item 7" in refused(pairs=[{"viewer": "0", "item": "7"}])


def test_an_existing_name_is_refused() -> None:
    make_catalogue(pairs=1)
    launch_study(spec=make_spec())
    with pytest.raises(LaunchError, match="a study named 'first' exists already"):
        launch_study(spec=make_spec())


def test_a_missing_text_is_named() -> None:
    make_catalogue(pairs=8)
    Endorsement.objects.filter(system__name="tailored").exclude(item__external_id="103").delete()
    message = refused()
    assert "the system 'tailored' has no text for viewer 0, item 100 / viewer 1, item 101" in message
    assert "and 2 more" in message


def test_the_same_text_on_both_sides_is_refused() -> None:
    catalogue = make_catalogue(pairs=2)
    viewer, item = Viewer.objects.get(external_id="0"), Item.objects.get(external_id="100")
    Endorsement.objects.filter(viewer=viewer).delete()
    for system, text in zip(
        catalogue.systems.filter(name__in=["plain", "tailored"]), ("A b", "A  b\n"), strict=True
    ):
        Endorsement.objects.create(system=system, viewer=viewer, item=item, text=text, text_sha256="x")
    assert "'tailored' and 'plain' have the same text for viewer 0, item 100" in refused()


def test_profiles_and_descriptions_are_checked_all_at_once() -> None:
    make_catalogue(pairs=3)
    Item.objects.filter(external_id="100").update(description="  ")
    Profile.objects.filter(viewer__external_id="1").delete()
    Attribute.objects.filter(profile__viewer__external_id="2", position__gt=0).delete()
    message = refused()
    assert "the description is empty for item 100" in message
    assert "there is no profile for viewer 1" in message
    assert "fewer than 2 attributes in the profile of viewer 2" in message


def test_only_the_current_profile_counts() -> None:
    make_catalogue(pairs=1)
    viewer = Viewer.objects.get()
    Profile.objects.update(is_current=False)
    current = Profile.objects.create(viewer=viewer, source="new")
    for position in range(2):
        Attribute.objects.create(
            profile=current, position=position, text=f"New {position}", polarity="dislike"
        )
    study = launch_study(spec=make_spec())
    texts = SampledAttribute.objects.filter(comparison__study=study).values_list("text", "polarity")
    assert set(texts) == {("New 0", "dislike"), ("New 1", "dislike")}


@pytest.mark.parametrize(
    ("purpose", "split"), [("collect", "test"), ("evaluate", "collect"), ("collect", "train")]
)
def test_the_purpose_decides_which_pairs_may_be_shown(purpose: str, split: str) -> None:
    make_catalogue(pairs=2, split=split)
    wanted = "collect" if purpose == "collect" else "test"
    assert f"the split {wanted!r} of 'films' has no pair" in refused(purpose=purpose)
    message = refused(purpose=purpose, pairs=[{"viewer": "0", "item": "100"}])
    assert (
        f"purpose {purpose!r} uses pairs of the split {wanted!r}, but {split!r} holds viewer 0, item 100"
        in message
    )


def test_evaluate_shows_the_locked_pairs() -> None:
    make_catalogue(pairs=2, split="test")
    assert launch_study(spec=make_spec(purpose="evaluate")).comparisons.count() == 2


def test_a_thousand_comparisons_launch_in_few_queries(django_assert_max_num_queries: Any) -> None:
    make_catalogue(pairs=1000)
    with django_assert_max_num_queries(30):
        launch_study(spec=make_spec(redundancy=5))
    assert Slot.objects.count() == 5000
    assert Comparison.objects.count() == 1000
    assert Catalogue.objects.count() == 1


def test_of_two_launches_of_one_name_at_once_the_later_is_refused_in_words(monkeypatch) -> None:
    make_catalogue(pairs=2)
    launch_study(spec=make_spec(name="twice"), owner=None)
    # The other launch committed after this one had looked.
    monkeypatch.setattr(launch, "study_exists", lambda name: False)
    with pytest.raises(LaunchError, match="a study named 'twice' exists already"):
        launch_study(spec=make_spec(name="twice"), owner=None)
    assert Study.objects.count() == 1
