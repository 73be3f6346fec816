"""What a study is made of, gathered from its catalogue and checked before anything is written."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from annotations.assignment.plan import draw_key
from annotations.assignment.spec import PairSelection, StudySpec
from annotations.models import Attribute, Catalogue, Endorsement, Item, Pair, System, Viewer

_SHOWN = 5


class LaunchError(ValueError):
    """The study cannot be launched; ``problems`` says everything that is wrong, the message all of it."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Text:
    """An endorsement that will be shown."""

    id: int
    text: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Side:
    """One comparison to be: the pair, its two texts and its sampled attributes M^(k)."""

    contrast: int
    item: Item
    viewer: Viewer
    test_text: Text
    baseline_text: Text
    attributes: tuple[Attribute, ...]

    def as_record(self, number: int) -> dict[str, Any]:
        """The line of this comparison under the manifest's hash."""
        return {
            "number": number,
            "contrast": self.contrast,
            "item": self.item.external_id,
            "viewer": self.viewer.external_id,
            "title": str(self.item),
            "description": self.item.description,
            "test_sha256": self.test_text.sha256,
            "baseline_sha256": self.baseline_text.sha256,
            "attributes": [attribute.text for attribute in self.attributes],
        }


@dataclass(frozen=True, slots=True)
class Material:
    """Everything that a launch writes; ``sides`` in the order of comparison numbers."""

    catalogue: Catalogue
    baseline: System
    tests: tuple[System, ...]
    split: str
    sides: tuple[Side, ...]
    unsplit_pairs: tuple[tuple[int, int], ...]
    attributes_per_comparison: int


def gather_material(spec: StudySpec) -> Material:
    """Find all that the spec names.

    Raises:
        LaunchError: with every problem found, naming what and which.
    """
    catalogue = Catalogue.objects.filter(name=spec.catalogue).first()
    if catalogue is None:
        known = ", ".join(Catalogue.objects.order_by("name").values_list("name", flat=True)) or "none"
        raise LaunchError([f"catalogue: there is no catalogue {spec.catalogue!r} (there are: {known})"])
    systems = _find_systems(catalogue, (spec.baseline, *spec.tests))
    pairs = _find_pairs(spec, catalogue, systems)
    problems = _check_splits(pairs, spec)
    asks_coverage = "coverage" in spec.questions
    wanted_attributes = spec.attributes_per_comparison if asks_coverage else 0
    problems += _list_problem(
        "the description is empty for", (pair.item for pair in pairs if not pair.item.description.strip())
    )
    attributes = _sample_attributes(pairs, spec.seed, wanted_attributes)
    if asks_coverage:
        profiled = {pair.viewer.pk: len(attributes[pair.key]) for pair in pairs}
        without = {pair.viewer for pair in pairs if not profiled[pair.viewer.pk]}
        few = {pair.viewer for pair in pairs if 0 < profiled[pair.viewer.pk] < wanted_attributes}
        problems += _list_problem("there is no profile for", without)
        problems += _list_problem(
            f"attributes_per_comparison: fewer than {wanted_attributes} attributes in the profile of", few
        )
    texts = _find_texts(systems, pairs)
    for system in systems:
        missing = (pair for pair in pairs if (system.pk, *pair.key) not in texts)
        problems += _list_problem(f"the system {system.name!r} has no text for", missing)
    baseline, tests = systems[0], systems[1:]
    for test in tests:
        same = (
            pair
            for pair in pairs
            if (left := texts.get((test.pk, *pair.key))) is not None
            and (right := texts.get((baseline.pk, *pair.key))) is not None
            and left.text.split() == right.text.split()
        )
        problems += _list_problem(f"{test.name!r} and {baseline.name!r} have the same text for", same)
    if problems:
        raise LaunchError(problems)
    return Material(
        catalogue=catalogue,
        baseline=baseline,
        tests=tuple(tests),
        split=spec.wanted_split,
        sides=tuple(
            Side(
                contrast=position,
                item=pair.item,
                viewer=pair.viewer,
                test_text=texts[test.pk, *pair.key],
                baseline_text=texts[baseline.pk, *pair.key],
                attributes=attributes[pair.key],
            )
            for pair in pairs
            for position, test in enumerate(tests)
        ),
        unsplit_pairs=tuple(pair.key for pair in pairs if pair.split is None),
        attributes_per_comparison=wanted_attributes,
    )


@dataclass(frozen=True, slots=True)
class _FoundPair:
    viewer: Viewer
    item: Item
    split: str | None

    @property
    def key(self) -> tuple[int, int]:
        return self.viewer.pk, self.item.pk

    def __str__(self) -> str:
        return f"viewer {self.viewer.external_id}, item {self.item.external_id}"


def _list_problem(what: str, found: Iterable[object]) -> list[str]:
    names = [
        f"item {one.external_id}"
        if isinstance(one, Item)
        else f"viewer {one.external_id}"
        if isinstance(one, Viewer)
        else str(one)
        for one in found
    ]
    names = sorted(set(names))
    if not names:
        return []
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return [f"{what} {' / '.join(names[:_SHOWN])}{more}"]


def _find_systems(catalogue: Catalogue, names: Sequence[str]) -> list[System]:
    found = {system.name: system for system in System.objects.filter(catalogue=catalogue)}
    unknown = [name for name in names if name not in found]
    if unknown:
        known = ", ".join(sorted(found)) or "none"
        raise LaunchError(
            [f"the catalogue {catalogue.name!r} has no system {name!r} (it has: {known})" for name in unknown]
        )
    return [found[name] for name in names]


def _find_pairs(spec: StudySpec, catalogue: Catalogue, systems: Sequence[System]) -> list[_FoundPair]:
    """The pairs in the order of comparison numbers: as listed, or shuffled by the seed."""
    if not isinstance(spec.pairs, PairSelection):
        return _find_listed_pairs(spec, catalogue)
    pairs = Pair.objects.filter(catalogue=catalogue, split=spec.wanted_split).select_related("viewer", "item")
    found = [_FoundPair(pair.viewer, pair.item, pair.split) for pair in pairs]
    if spec.pairs.with_texts_only:
        found = _keep_written(found, catalogue, systems)
    found.sort(key=lambda p: draw_key(spec.seed, "pair", p.viewer.external_id, p.item.external_id))
    found = found[: spec.pairs.limit]
    if not found:
        suffix = " for which every system has a text" if spec.pairs.with_texts_only else ""
        raise LaunchError(
            [f"pairs: the split {spec.wanted_split!r} of {catalogue.name!r} has no pair{suffix}"]
        )
    return found


def _keep_written(
    found: list[_FoundPair], catalogue: Catalogue, systems: Sequence[System]
) -> list[_FoundPair]:
    """Pairs with a text by every system, those that are in no split yet included."""
    written: set[tuple[int, int]] | None = None
    for system in systems:
        keys = set(Endorsement.objects.filter(system=system).values_list("viewer_id", "item_id"))
        written = keys if written is None else written & keys
    written = written or set()
    kept = [pair for pair in found if pair.key in written]
    split_keys = set(Pair.objects.filter(catalogue=catalogue).values_list("viewer_id", "item_id"))
    unsplit = written - split_keys
    viewers = Viewer.objects.in_bulk({viewer for viewer, _ in unsplit})
    items = Item.objects.in_bulk({item for _, item in unsplit})
    return kept + [_FoundPair(viewers[viewer], items[item], None) for viewer, item in unsplit]


def _find_listed_pairs(spec: StudySpec, catalogue: Catalogue) -> list[_FoundPair]:
    listed = [(ref.viewer, ref.item) for ref in spec.pairs]  # type: ignore[union-attr]
    viewers = {
        viewer.external_id: viewer
        for viewer in Viewer.objects.filter(catalogue=catalogue, external_id__in={v for v, _ in listed})
    }
    items = {
        item.external_id: item
        for item in Item.objects.filter(catalogue=catalogue, external_id__in={i for _, i in listed})
    }
    problems = _list_problem("pairs: unknown", {f"viewer {v}" for v, _ in listed if v not in viewers})
    problems += _list_problem("pairs: unknown", {f"item {i}" for _, i in listed if i not in items})
    if problems:
        raise LaunchError(problems)
    splits = {
        (viewer_id, item_id): split
        for viewer_id, item_id, split in Pair.objects.filter(
            catalogue=catalogue,
            viewer__in=[viewer.pk for viewer in viewers.values()],
            item__in=[item.pk for item in items.values()],
        ).values_list("viewer_id", "item_id", "split")
    }
    return [_FoundPair(viewers[v], items[i], splits.get((viewers[v].pk, items[i].pk))) for v, i in listed]


def _check_splits(pairs: Sequence[_FoundPair], spec: StudySpec) -> list[str]:
    problems: list[str] = []
    for split in sorted(
        {pair.split for pair in pairs if pair.split not in (None, spec.wanted_split)}, key=str
    ):
        wrong = (pair for pair in pairs if pair.split == split)
        problems += _list_problem(
            f"pairs: a study with purpose {spec.purpose!r} uses pairs of the split {spec.wanted_split!r}, "
            f"but {split!r} holds",
            wrong,
        )
    return problems


def _sample_attributes(
    pairs: Sequence[_FoundPair], seed: int, wanted: int
) -> dict[tuple[int, int], tuple[Attribute, ...]]:
    """M^(k) of each pair: a subset drawn by the seed, the same in every contrast and for all raters."""
    profiles: dict[int, list[Attribute]] = {}
    rows = Attribute.objects.filter(
        profile__is_current=True, profile__viewer__in={pair.viewer.pk for pair in pairs}
    ).select_related("profile")
    for attribute in rows:
        profiles.setdefault(attribute.profile.viewer_id, []).append(attribute)
    sampled: dict[tuple[int, int], tuple[Attribute, ...]] = {}
    for pair in pairs:
        parts = ("attribute", pair.viewer.external_id, pair.item.external_id)
        bullets = sorted(
            profiles.get(pair.viewer.pk, []),
            key=lambda attribute, parts=parts: draw_key(seed, *parts, attribute.position),  # type: ignore[misc]
        )
        sampled[pair.key] = tuple(bullets[:wanted])
    return sampled


def _find_texts(systems: Sequence[System], pairs: Sequence[_FoundPair]) -> dict[tuple[int, int, int], Text]:
    """The first sample of each system for each pair."""
    wanted = {pair.key for pair in pairs}
    rows = (
        Endorsement.objects.filter(
            system__in=[system.pk for system in systems],
            viewer__in={pair.viewer.pk for pair in pairs},
            item__in={pair.item.pk for pair in pairs},
        )
        .order_by("-sample")
        .values_list("system_id", "viewer_id", "item_id", "pk", "text", "text_sha256")
    )
    return {
        (system_id, viewer_id, item_id): Text(pk, text, sha256)
        for system_id, viewer_id, item_id, pk, text, sha256 in rows
        if (viewer_id, item_id) in wanted
    }
