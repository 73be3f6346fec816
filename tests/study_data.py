"""A launched study in the database, and raters who answer it, built row by row for tests.

Answers are given as the rater sees them (A, B); ``position_of_test`` says which text was A.
"""

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from annotations.models import (
    Assignment,
    Attribute,
    AttributeAnswer,
    Catalogue,
    Comparison,
    Contrast,
    Endorsement,
    Enrolment,
    Item,
    Judgment,
    Pair,
    Profile,
    Rater,
    SampledAttribute,
    Slot,
    Study,
    System,
    Viewer,
)

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass
class StudyData:
    """A study with what its rows are made of."""

    study: Study
    comparisons: list[Comparison]
    attributes: list[list[SampledAttribute]]
    raters: dict[str, Enrolment] = field(default_factory=dict)

    def enrol(self, name: str, kind: str = "human", **fields: Any) -> Enrolment:
        """The rater of that name in this study, enrolled when first named."""
        if name not in self.raters:
            rater, _ = Rater.objects.get_or_create(
                platform="test", external_id=name, defaults={"public_id": uuid.uuid4(), "kind": kind}
            )
            self.raters[name] = Enrolment.objects.create(
                study=self.study,
                rater=rater,
                token_sha256=sha256(f"{self.study.pk} {name}"),
                start_key=0,
                consented_at=START,
                **fields,
            )
        return self.raters[name]

    def judge(
        self,
        rater: str,
        comparison: int,
        position_of_test: str = "A",
        *,
        precision: str | None = None,
        appeal: str | None = None,
        overall: str | None = None,
        attributes: Sequence[tuple[bool, bool, str | None]] = (),
        status: str = "submitted",
        is_repeat: bool = False,
        duration_s: float = 30.0,
    ) -> Assignment:
        """A submitted assignment with its first revision; ``attributes``: (covers A, covers B, aligns)."""
        shown = self.comparisons[comparison]
        number = shown.slots.count()
        slot = Slot.objects.create(
            study=self.study,
            comparison=shown,
            number=number,
            position_of_test=position_of_test,
            random_key=number,
            is_repeat=is_repeat,
            status="filled",
        )
        assignment = Assignment.objects.create(
            public_id=uuid.uuid4(),
            study=self.study,
            slot=slot,
            comparison=shown,
            enrolment=self.enrol(rater),
            is_repeat=is_repeat,
            position_of_test=position_of_test,
            status=status,
            leased_at=START,
            heartbeat_at=START,
            expires_at=START + timedelta(hours=1),
            submitted_at=START + timedelta(seconds=duration_s),
        )
        self.revise(
            assignment,
            precision=precision,
            appeal=appeal,
            overall=overall,
            attributes=attributes,
            duration_s=duration_s,
        )
        return assignment

    def revise(
        self,
        assignment: Assignment,
        *,
        attributes: Sequence[tuple[bool, bool, str | None]] = (),
        duration_s: float = 5.0,
        **choices: str | None,
    ) -> Judgment:
        """A further revision, which is the latest from now on."""
        revision = assignment.judgments.count()
        assignment.judgments.filter(is_latest=True).update(is_latest=False)
        judgment = Judgment.objects.create(
            assignment=assignment,
            revision=revision,
            idempotency_key=uuid.uuid4(),
            duration_s=duration_s,
            **choices,
        )
        sampled = self.attributes[self.comparisons.index(assignment.comparison)]
        AttributeAnswer.objects.bulk_create(
            AttributeAnswer(
                judgment=judgment,
                sampled_attribute=attribute,
                covers_a=covers_a,
                covers_b=covers_b,
                aligns=aligns,
            )
            for attribute, (covers_a, covers_b, aligns) in zip(sampled, attributes, strict=False)
        )
        return judgment


def make_study(
    name: str = "films",
    *,
    catalogue: Catalogue | None = None,
    contrasts: Sequence[tuple[str, str]] = (("p4lm", "sft"),),
    items: int = 3,
    attributes: int = 2,
    gold: Sequence[int] = (),
    split: str | None = None,
    open_slots: int = 0,
    study_fields: Mapping[str, Any] | None = None,
) -> StudyData:
    """A launched study: ``items`` comparisons a contrast, on pairs of one viewer each."""
    catalogue = catalogue or Catalogue.objects.create(
        name=f"{name}-catalogue", title="Films", domain="movies", source_format="csv"
    )
    fields = {
        "title": name.capitalize(),
        "purpose": "collect",
        "status": "open",
        "seed": 7,
        "redundancy": 3,
        "questions": ["precision", "appeal", "coverage", "prioritization", "overall"],
        "attributes_per_comparison": attributes,
        "blinded_until_close": False,
        "consent": "Consent.",
        "instructions": "Instructions.",
        "completion_code": "DONE",
        "spec": {},
        "manifest": {"wording": {}, "comparisons": {"count": items * len(contrasts)}},
        "manifest_sha256": sha256(name),
        "launched_at": START,
    }
    study = Study.objects.create(catalogue=catalogue, name=name, **(fields | dict(study_fields or {})))
    pairs = [_pair(catalogue, number, attributes, split) for number in range(items)]
    comparisons, sampled = [], []
    for position, (test_name, baseline_name) in enumerate(contrasts):
        test, baseline = (
            System.objects.get_or_create(
                catalogue=catalogue, name=system, defaults={"title": system.upper(), "kind": "import"}
            )[0]
            for system in (test_name, baseline_name)
        )
        contrast = Contrast.objects.create(
            study=study, position=position, test_system=test, baseline_system=baseline
        )
        for item, viewer, bullets in pairs:
            number = len(comparisons) + 1
            comparison = Comparison.objects.create(
                study=study,
                contrast=contrast,
                number=number,
                item=item,
                viewer=viewer,
                test_endorsement=_text(test, item, viewer),
                baseline_endorsement=_text(baseline, item, viewer),
                item_title=str(item),
                item_description=item.description,
                is_gold=number in gold,
            )
            comparisons.append(comparison)
            sampled.append(
                SampledAttribute.objects.bulk_create(
                    SampledAttribute(
                        comparison=comparison,
                        attribute=bullet,
                        position=place,
                        text=bullet.text,
                        polarity=bullet.polarity,
                    )
                    for place, bullet in enumerate(bullets)
                )
            )
            Slot.objects.bulk_create(
                Slot(
                    study=study,
                    comparison=comparison,
                    number=place,
                    position_of_test="AB"[place % 2],
                    random_key=number * 100 + place,
                )
                for place in range(open_slots)
            )
    return StudyData(study, comparisons, sampled)


def _pair(
    catalogue: Catalogue, number: int, attributes: int, split: str | None
) -> tuple[Item, Viewer, list[Attribute]]:
    item, _ = Item.objects.get_or_create(
        catalogue=catalogue,
        external_id=f"i{number}",
        defaults={
            "title": f"Film {number}",
            "year": 1990 + number,
            "description": f"Film {number} is about it.",
        },
    )
    viewer, made = Viewer.objects.get_or_create(catalogue=catalogue, external_id=f"v{number}")
    if made:
        profile = Profile.objects.create(viewer=viewer, source="test")
        Attribute.objects.bulk_create(
            Attribute(profile=profile, position=place, text=f"Likes thing {place}.", polarity="like")
            for place in range(attributes)
        )
    if split:
        Pair.objects.get_or_create(
            viewer=viewer, item=item, defaults={"catalogue": catalogue, "split": split}
        )
    return item, viewer, list(Attribute.objects.filter(profile__viewer=viewer).order_by("position"))


def _text(system: System, item: Item, viewer: Viewer) -> Endorsement:
    text = f"{system.name} on {item.title} for {viewer.external_id}."
    return Endorsement.objects.get_or_create(
        system=system, item=item, viewer=viewer, defaults={"text": text, "text_sha256": sha256(text)}
    )[0]
