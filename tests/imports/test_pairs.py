"""Splits: disjoint, seeded, made once, item-disjoint between test and the rest."""

import pytest

from annotations.models import AuditEvent, Catalogue, Pair
from annotations.services.pairs import SplitError, SplitSizes, make_splits
from annotations.services.runs import create_run, execute_inline
from tests.imports.conftest import write_files

pytestmark = pytest.mark.django_db

SIZES = SplitSizes(train=60, collect=30, test=20)


@pytest.fixture
def make_dense(tmp_path, import_catalogue):
    """30 described items, 20 viewers; viewer n has rated the items n, n + 1, … n + 9, so nobody item 29."""
    items = "".join(f"i{i},Title {i},Text {i}.\n" for i in range(30)) + "bare,No description,\n"
    items += "unseen,Nobody rated it,A text.\n"
    ratings = "".join(f"u{v},i{(v + k) % 30},{1 + k % 5}\n" for v in range(20) for k in range(10))
    folder = write_files(
        tmp_path / "dense",
        items_csv="external_id,title,description\n" + items,
        ratings_csv="viewer,item,rating\n" + ratings,
    )

    def make(name: str) -> Catalogue:
        import_catalogue("csv", folder, name=name)
        return Catalogue.objects.get(name=name)

    return make


@pytest.fixture
def dense(make_dense):
    return make_dense("dense")


def pairs(catalogue):
    rows = catalogue.pairs.values_list("split", "viewer__external_id", "item__external_id")
    return set(rows)


def test_sizes_disjointness_and_evenness(dense):
    made = make_splits(catalogue=dense, seed=1, sizes=SIZES)
    assert made["counts"] == {"train": 60, "collect": 30, "test": 20}
    assert made["test_items_also_elsewhere"] == 0
    rows = pairs(dense)
    assert len({(viewer, item) for _, viewer, item in rows}) == 110
    test_items = {item for split, _, item in rows if split == "test"}
    assert len(test_items) == 6
    assert not test_items & {item for split, _, item in rows if split != "test"}
    assert not {"bare", "unseen"} & {item for _, _, item in rows}
    # As many test pairs as viewers: every viewer once.
    assert len({viewer for split, viewer, _ in rows if split == "test"}) == 20


def test_rated_pairs_come_last(dense):
    make_splits(catalogue=dense, seed=1, sizes=SIZES)
    for _, viewer, item in pairs(dense):
        assert (int(item[1:]) - int(viewer[1:])) % 30 >= 10


def test_rated_pairs_are_used_when_others_run_out(dense):
    make_splits(catalogue=dense, seed=1, sizes=SplitSizes(train=460, collect=0, test=120))
    assert dense.pairs.count() == 29 * 20


def test_the_same_seed_draws_the_same_and_another_does_not(make_dense):
    made = [
        make_splits(catalogue=make_dense(name), seed=seed, sizes=SIZES)["pairs_sha256"]
        for name, seed in (("first", 1), ("second", 1), ("third", 2))
    ]
    assert made[0] == made[1] != made[2]


def test_splits_are_made_once(dense):
    first = make_splits(catalogue=dense, seed=1, sizes=SIZES)
    assert make_splits(catalogue=dense, seed=1, sizes=SIZES) == first
    assert AuditEvent.objects.filter(action="catalogue.split").count() == 1
    with pytest.raises(SplitError, match="were made before, with seed 1"):
        make_splits(catalogue=dense, seed=2, sizes=SIZES)
    assert dense.pairs.count() == 110


def test_pairs_of_launched_studies_count_and_their_items_stay_out_of_the_test_set(dense):
    studied = list(dense.items.exclude(description="").order_by("pk")[:12])
    viewer = dense.viewers.first()
    Pair.objects.bulk_create(Pair(catalogue=dense, viewer=viewer, item=i, split="collect") for i in studied)
    made = make_splits(catalogue=dense, seed=1, sizes=SIZES)
    assert made["counts"]["collect"] == 30
    assert made["test_items_also_elsewhere"] == 0


def test_impossible_sizes_are_refused(dense):
    with pytest.raises(
        SplitError, match="only 120 of 121 test pairs are possible with 6 items and 20 viewers"
    ):
        make_splits(catalogue=dense, seed=1, sizes=SplitSizes(train=0, collect=0, test=121))
    assert not dense.pairs.exists()


def test_as_a_run(dense):
    run = create_run(
        kind="split_pairs", config={"train": 10, "collect": 5}, seed=4, catalogue=dense, dispatched=False
    )
    assert execute_inline(run=run).result["counts"] == {"train": 10, "collect": 5, "test": 73}
