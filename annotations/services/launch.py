"""Launching a study: everything is validated, frozen, planned and hashed in one transaction."""

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from annotations.assignment.plan import PlannedComparison, PlannedSlot, hash_plan, make_plan
from annotations.assignment.questions import word_questions
from annotations.assignment.spec import StudySpec
from annotations.crowd.spec import CrowdSpec
from annotations.models import (
    Comparison,
    Contrast,
    Pair,
    SampledAttribute,
    Slot,
    Study,
)
from annotations.services.audit import record_event
from annotations.services.launch_material import LaunchError, Material, gather_material

__all__ = ["LaunchError", "launch_study"]

_BATCH = 2000


@transaction.atomic
def launch_study(*, spec: StudySpec | Mapping[str, Any], owner: AbstractBaseUser | None = None) -> Study:
    """Write the study with its comparisons, sampled attributes, slots and manifest, and open it.

    Raises:
        pydantic.ValidationError: ``spec`` is a mapping with a wrong field.
        LaunchError: the catalogue does not hold what the spec asks for; nothing is written.
    """
    if not isinstance(spec, StudySpec):
        spec = StudySpec.model_validate(spec)
    if study_exists(spec.name):
        raise LaunchError([f"a study named {spec.name!r} exists already"])
    _check_return_host(spec.crowd)
    material = gather_material(spec)
    wording = word_questions(material.catalogue.domain)
    planned = [
        PlannedComparison(number, side.contrast) for number, side in enumerate(material.sides, start=1)
    ]
    plan = make_plan(planned, redundancy=spec.redundancy, seed=spec.seed)
    manifest = _make_manifest(spec, material, plan, wording)
    study = _create_study(
        catalogue=material.catalogue,
        name=spec.name,
        title=spec.title,
        purpose=spec.purpose,
        status=Study.Status.OPEN,
        seed=spec.seed,
        redundancy=spec.redundancy,
        questions=list(spec.questions),
        attributes_per_comparison=material.attributes_per_comparison,
        ties_allowed=spec.ties,
        both_bad_allowed=spec.both_bad,
        skip_allowed=spec.skip,
        blinded_until_close=spec.blinded_until_close,
        lease_s=spec.lease_s,
        consent=spec.consent,
        instructions=spec.instructions,
        completion_code=spec.crowd.codes.completed
        if spec.crowd
        else spec.completion_code or secrets.token_hex(4).upper(),
        assignments_per_rater=spec.assignments_per_rater,
        crowd=spec.crowd.model_dump(mode="json") if spec.crowd else None,
        spec=spec.model_dump(mode="json"),
        manifest=manifest,
        manifest_sha256=hash_json(manifest),
        owner=owner,
        launched_at=timezone.now(),
    )
    _write_unsplit_pairs(material)
    comparison_ids = _write_comparisons(study, material)
    _copy_slots(study, plan, comparison_ids)
    record_event(
        account=owner,
        action="study.launched",
        study=study,
        object_kind="study",
        object_id=study.pk,
        data={"manifest_sha256": study.manifest_sha256, "slots": len(plan)},
    )
    return study


def _check_return_host(crowd: CrowdSpec | None) -> None:
    """Refuse to send raters to a host that this installation does not allow.

    Raises:
        LaunchError: naming the host and the setting.
    """
    host = crowd.return_host if crowd is not None else None
    if host is not None and host not in settings.CROWD_RETURN_HOSTS:
        raise LaunchError([f"crowd.return_url: {host} is not in the setting CROWD_RETURN_HOSTS"])


def study_exists(name: str) -> bool:
    return Study.objects.filter(name=name).exists()


def _create_study(**fields: Any) -> Study:
    """The study's row; of two launches of one name at once, the later is refused like any later one."""
    try:
        with transaction.atomic():
            return Study.objects.create(**fields)
    except IntegrityError as error:
        if "annotations_study_name" not in str(error):
            raise
        raise LaunchError([f"a study named {fields['name']!r} exists already"]) from None


def hash_json(value: object) -> str:
    """SHA-256 (hex) of a value's canonical JSON: sorted keys, no spaces, UTF-8."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _make_manifest(
    spec: StudySpec, material: Material, plan: Sequence[PlannedSlot], wording: Mapping[str, str]
) -> dict[str, Any]:
    """What was launched, from which anybody can check that nothing was changed later.

    ``comparisons.sha256`` is over one canonical JSON line a comparison (see ``Side.as_record``), so that the
    manifest stays small however large the study is.
    """
    digest = hashlib.sha256()
    for number, side in enumerate(material.sides, start=1):
        line = json.dumps(side.as_record(number), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        digest.update(line.encode() + b"\n")
    return {
        "version": 1,
        "study": spec.name,
        "seed": spec.seed,
        "spec": spec.model_dump(mode="json"),
        "wording": dict(wording),
        "contrasts": [
            {"test_system": test.name, "baseline_system": material.baseline.name} for test in material.tests
        ],
        "comparisons": {"count": len(material.sides), "sha256": digest.hexdigest()},
        "plan": {"slots": len(plan), "sha256": hash_plan(plan)},
    }


def _write_unsplit_pairs(material: Material) -> None:
    """Pairs that were in no split belong from now on to the split that this study's purpose uses."""
    Pair.objects.bulk_create(
        (
            Pair(catalogue=material.catalogue, viewer_id=viewer_id, item_id=item_id, split=material.split)
            for viewer_id, item_id in material.unsplit_pairs
        ),
        batch_size=_BATCH,
    )


def _write_comparisons(study: Study, material: Material) -> list[int]:
    contrasts = Contrast.objects.bulk_create(
        Contrast(study=study, position=position, test_system=test, baseline_system=material.baseline)
        for position, test in enumerate(material.tests)
    )
    comparisons = Comparison.objects.bulk_create(
        (
            Comparison(
                study=study,
                contrast=contrasts[side.contrast],
                number=number,
                item=side.item,
                viewer=side.viewer,
                test_endorsement_id=side.test_text.id,
                baseline_endorsement_id=side.baseline_text.id,
                item_title=str(side.item),
                item_description=side.item.description,
            )
            for number, side in enumerate(material.sides, start=1)
        ),
        batch_size=_BATCH,
    )
    SampledAttribute.objects.bulk_create(
        (
            SampledAttribute(
                comparison=comparison,
                attribute=attribute,
                position=position,
                text=attribute.text,
                polarity=attribute.polarity,
            )
            for comparison, side in zip(comparisons, material.sides, strict=True)
            for position, attribute in enumerate(side.attributes)
        ),
        batch_size=_BATCH,
    )
    return [comparison.pk for comparison in comparisons]


def _copy_slots(study: Study, plan: Sequence[PlannedSlot], comparison_ids: Sequence[int]) -> None:
    statement = (
        "COPY annotations_slot (study_id, comparison_id, number, segment, position_of_test, random_key, "
        "is_repeat, status) FROM STDIN"
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for slot in plan:
            copy.write_row(
                (
                    study.pk,
                    comparison_ids[slot.comparison - 1],
                    slot.number,
                    slot.segment,
                    slot.position_of_test,
                    slot.random_key,
                    False,
                    Slot.Status.OPEN.value,
                )
            )
