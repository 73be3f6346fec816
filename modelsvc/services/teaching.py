"""Run kinds ``profiles``, ``teacher_endorsements`` and ``ai_labels``: what the teacher does."""

import hashlib
from typing import Any

import numpy as np

from annotations.queries.records import (
    EndorsementRecord,
    PairRecord,
    catalogue_endorsements,
    catalogue_items,
    catalogue_pairs,
    catalogue_viewers,
    locked_pairs,
    ratings_folder,
)
from annotations.runs.context import RunContext
from annotations.services.ai_labels import NewLabel, record_ai_labels
from annotations.services.profiles import ProfileRow, save_profiles
from annotations.services.run_endorsements import NewEndorsement, record_endorsements
from annotations.services.systems import save_system
from modelsvc.bridge import attribute_records, histories, item_facts, profile_of
from modelsvc.configs import AiLabelsConfig, ProfilesConfig, TeacherEndorsementsConfig
from modelsvc.core.teacher.interface import Teacher
from modelsvc.core.teacher.rules import RulesTeacher
from modelsvc.core.teacher.types import CRITERIA, Criterion, ItemFacts

DRAFT_CRITERIA: tuple[Criterion, ...] = ("precision", "appeal", "coverage", "prioritization")


OF_PROFILE: tuple[Criterion, ...] = ("coverage", "prioritization")
"""Criteria that ask what a text says to the viewer's profile."""


class NothingToWriteError(RuntimeError):
    """There is no pair that the teacher could write for."""


class NothingToLabelError(RuntimeError):
    """There are no two different texts of one viewer–item pair."""


def _seed(seed: int, *external_ids: str) -> int:
    """A seed for one viewer or pair: the same in every database, whatever else there is to write."""
    digest = hashlib.sha256("\x1f".join((str(seed), *external_ids)).encode()).digest()
    return int.from_bytes(digest[:6], "big")


def _teacher(items: list[ItemFacts]) -> Teacher:
    return RulesTeacher(items)


def write_profiles(run: RunContext) -> dict[str, Any]:
    """Profiles for the viewers that have none (or for all), each attribute with its evidence."""
    config = run.config
    assert isinstance(config, ProfilesConfig)
    assert run.catalogue_id is not None
    items = [item_facts(item) for item in catalogue_items(run.catalogue_id)]
    known = histories(
        ratings_folder(run.catalogue_id),
        {item.item_id: item for item in items},
        liked_at_least=config.liked_at_least,
        disliked_at_most=config.disliked_at_most,
        locked=locked_pairs(run.catalogue_id),
    )
    # A profile of this very run is one that an earlier attempt wrote: it is written, and counted, again.
    viewers = [
        viewer
        for viewer in catalogue_viewers(run.catalogue_id)
        if config.replace or not viewer.attributes or viewer.profile_run_id == run.run_id
    ]
    teacher = _teacher(items)
    written = []
    for number, viewer in enumerate(viewers, 1):
        history = known.get(viewer.external_id)
        if history is not None:
            attributes = teacher.profile(history, seed=_seed(run.seed, viewer.external_id))
            if attributes:
                written.append(ProfileRow(viewer.external_id, attribute_records(attributes)))
        run.progress(number, len(viewers), f"viewer {viewer.external_id}")
    with run.writing():
        save_profiles(
            catalogue_id=run.catalogue_id, profiles=written, source=teacher.source, run_id=run.run_id
        )
    without = len(viewers) - len(written)
    run.log(f"{len(written)} profiles written; {without} viewers have too few ratings that say anything")
    return {"profiles": len(written), "viewers_without": without}


def write_endorsements(run: RunContext) -> dict[str, Any]:
    """The teacher's endorsement of every pair that has none, and faulty drafts of some training pairs."""
    config = run.config
    assert isinstance(config, TeacherEndorsementsConfig)
    assert run.catalogue_id is not None
    items = [item_facts(item) for item in catalogue_items(run.catalogue_id)]
    teacher = _teacher(items)
    usable = [
        pair
        for pair in catalogue_pairs(run.catalogue_id, config.splits)
        if pair.item.description and pair.viewer.attributes
    ]
    if not usable:
        raise NothingToWriteError(
            f"no {' or '.join(config.splits)} pair has an item with a description and a viewer with a profile"
        )
    system_id, drafts_system_id = _systems(run, config, teacher)
    of_others = {
        (text.item_id, text.viewer_id)
        for text in catalogue_endorsements(run.catalogue_id, systems=[config.system], splits=config.splits)
        if text.run_id != run.run_id
    }
    pairs = [pair for pair in usable if (pair.item.id, pair.viewer.id) not in of_others]
    texts: list[NewEndorsement] = []
    drafts: list[NewEndorsement] = []
    drafted = 0
    for number, pair in enumerate(pairs, 1):
        facts = item_facts(pair.item)
        profile = profile_of(pair.viewer) if config.uses_profile else ()
        seed = _seed(run.seed, pair.item.external_id, pair.viewer.external_id)
        text = teacher.endorse(facts, profile, seed=seed)
        texts.append(NewEndorsement(pair.item.id, pair.viewer.id, text, metadata={"teacher": teacher.source}))
        if drafts_system_id is not None and pair.split == "train" and drafted < config.drafts_pairs:
            drafted += 1
            for sample, criterion in enumerate(DRAFT_CRITERIA):
                draft = teacher.bad_variant(criterion, facts, profile, text, seed=seed)
                if draft != text:
                    drafts.append(
                        NewEndorsement(pair.item.id, pair.viewer.id, draft, sample, {"worse_in": criterion})
                    )
        run.progress(number, len(pairs), f"{pair.item.title} for viewer {pair.viewer.external_id}")
    for new in texts[:5]:
        run.sample(new.text)
    with run.writing():
        record_endorsements(system_id=system_id, endorsements=texts, run_id=run.run_id)
        if drafts_system_id is not None:
            record_endorsements(system_id=drafts_system_id, endorsements=drafts, run_id=run.run_id)
    return {"endorsements": len(texts), "there_before": len(usable) - len(pairs), "drafts": len(drafts)}


def _systems(run: RunContext, config: TeacherEndorsementsConfig, teacher: Teacher) -> tuple[int, int | None]:
    """The ids of the systems that texts and drafts go under."""
    assert run.catalogue_id is not None
    named = [(config.system, config.title, f"Written by the {teacher.source} teacher.")]
    if config.drafts_system:
        named.append(
            (
                config.drafts_system,
                f"{config.title}: faulty drafts",
                "Drafts made worse in one criterion each, to train reward models on (App. F).",
            )
        )
    with run.writing():
        ids = [
            save_system(
                catalogue_id=run.catalogue_id,
                name=name,
                title=title,
                kind="prompted_teacher",
                run_id=run.run_id,
                description=description,
            )
            for name, title, description in named
        ]
    return ids[0], ids[1] if len(ids) > 1 else None


def _text_pairs(
    pairs: list[PairRecord], texts: list[EndorsementRecord], limit: int, seed: int
) -> list[tuple[PairRecord, EndorsementRecord, EndorsementRecord]]:
    """Distinct unordered pairs of texts of one viewer–item pair, drawn round by round over the pairs."""
    by_pair: dict[tuple[int, int], list[EndorsementRecord]] = {}
    for text in texts:
        by_pair.setdefault((text.item_id, text.viewer_id), []).append(text)
    random = np.random.default_rng(seed)
    queues = []
    for pair in pairs:
        found = by_pair.get((pair.item.id, pair.viewer.id), [])
        couples = [
            (pair, first, second)
            for place, first in enumerate(found)
            for second in found[place + 1 :]
            if first.text != second.text
        ]
        if couples:
            queues.append([couples[index] for index in random.permutation(len(couples))])
    drawn = []
    depth = 0
    while len(drawn) < limit and any(len(queue) > depth for queue in queues):
        for index in random.permutation(len(queues)):
            if len(queues[index]) > depth and len(drawn) < limit:
                drawn.append(queues[index][depth])
        depth += 1
    return drawn


def label_preferences(run: RunContext) -> dict[str, Any]:
    """Soft preference labels under each criterion, and each text's share of covered attributes."""
    config = run.config
    assert isinstance(config, AiLabelsConfig)
    assert run.catalogue_id is not None
    teacher = _teacher([item_facts(item) for item in catalogue_items(run.catalogue_id)])
    pairs = catalogue_pairs(run.catalogue_id, config.splits)
    texts = catalogue_endorsements(run.catalogue_id, systems=config.systems, splits=config.splits)
    drawn = _text_pairs(pairs, texts, config.max_comparisons, run.seed)
    if not drawn:
        raise NothingToLabelError(
            f"no {' or '.join(config.splits)} pair has two different texts of {', '.join(config.systems)}"
        )
    labels: list[NewLabel] = []
    shared: set[int] = set()
    for number, (pair, first, second) in enumerate(drawn, 1):
        facts, profile = item_facts(pair.item), profile_of(pair.viewer)
        for criterion in config.criteria:
            assert criterion in CRITERIA
            if criterion in OF_PROFILE and not profile:
                continue  # without a profile both texts would tie, which nobody judged
            label = teacher.prefer(criterion, facts, profile, first.text, second.text)
            labels.append(
                NewLabel(criterion, first.id, second.id, label.p_first, {"reasons": list(label.reasons)})
            )
        for text in (first, second):
            if text.id not in shared and profile:
                shared.add(text.id)
                share = sum(teacher.covers(text.text, attribute) for attribute in profile) / len(profile)
                labels.append(NewLabel("coverage", text.id, None, share))
        run.progress(number, len(drawn), f"{pair.item.title} for viewer {pair.viewer.external_id}")
    with run.writing():
        count = record_ai_labels(
            catalogue_id=run.catalogue_id, labels=labels, labeller=teacher.source, run_id=run.run_id
        )
    return {"labels": count, "comparisons": len(drawn), "texts_with_share": len(shared)}
