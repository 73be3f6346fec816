"""What the pages of catalogues say, and how many queries they need."""

import pytest
from django.urls import reverse

from annotations.models import Attribute, Endorsement, Item, Profile, System, Viewer
from annotations.templatetags.shares import percent


@pytest.mark.parametrize("rows", [1, 3])
def test_lists_take_the_same_queries_for_1_and_3_rows(rows, world, django_assert_num_queries):
    for i in range(rows - 1):
        Item.objects.create(catalogue=world.catalogue, external_id=f"x{i}", title=f"Film {i}")
        Viewer.objects.create(catalogue=world.catalogue, external_id=f"x{i}")
    for name, queries in (("item_list", 5), ("viewer_list", 5)):
        with django_assert_num_queries(queries):
            page = world.clients["staff"].get(reverse(name, args=["films"]))
        assert len(page.context["page"].object_list) == rows


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_of_catalogues(rows, world, django_assert_num_queries):
    for i in range(rows - 1):
        world.catalogue.pk, world.catalogue.name = None, f"copy-{i}"
        world.catalogue.save()
    with django_assert_num_queries(4):
        page = world.clients["staff"].get(reverse("catalogue_list"))
    assert len(page.context["page"].object_list) == rows
    assert "1 items, 1 with a description" in page.content.decode()


@pytest.mark.parametrize("rows", [1, 3])
def test_an_item_and_a_viewer_take_the_same_queries(rows, world, django_assert_num_queries):
    system = System.objects.get()
    profile = Profile.objects.get()
    for i in range(rows - 1):
        Endorsement.objects.create(
            system=system, item=world.item, viewer=world.viewer, sample=i + 1, text="T", text_sha256="0" * 64
        )
        Attribute.objects.create(profile=profile, position=i + 1, text="T", polarity="like", evidence=["1"])
    with django_assert_num_queries(6):
        world.clients["staff"].get(reverse("item_detail", args=["films", world.item.pk]))
    with django_assert_num_queries(9):
        world.clients["staff"].get(reverse("viewer_detail", args=["films", world.viewer.pk]))


def test_searching_items(world):
    for number, title in (("2", "The Big Heat"), ("3", "Heat Wave"), ("42", "Other")):
        Item.objects.create(catalogue=world.catalogue, external_id=number, title=title)
    client = world.clients["owner"]

    def found(**query):
        page = client.get(reverse("item_list", args=["films"]), query)
        return [item.external_id for item in page.context["page"].object_list]

    assert found(q="heat") == ["1", "3", "2"]
    assert found(q="HEAT big") == ["2"]
    assert found(q="42") == ["42"]
    assert found(q="100%_\0") == []
    assert found(description="missing", q="heat") == ["3", "2"]


def test_searching_viewers(world):
    Viewer.objects.create(catalogue=world.catalogue, external_id="71")
    client = world.clients["owner"]
    url = reverse("viewer_list", args=["films"])
    assert [v.external_id for v in client.get(url, {"q": "7"}).context["page"].object_list] == ["7", "71"]
    page = client.get(url, {"q": "7", "profile": "there"})
    assert [v.external_id for v in page.context["page"].object_list] == ["7"]


def test_an_imported_catalogue_shows_its_shape(world, settings, tmp_path):
    from annotations.models import Catalogue
    from annotations.services.runs import create_run, execute_inline
    from tests.imports.conftest import write_files

    settings.ARTIFACTS_URL, settings.SCRATCH_DIR = str(tmp_path / "artifacts"), tmp_path / "scratch"
    folder = write_files(
        tmp_path / "shop",
        items_csv="external_id,title\na,Lamp\nb,Desk\n",
        ratings_csv="viewer,item,rating\nu,a,1\nu,b,5\nv,a,5\n",
    )
    config = {"format": "csv", "path": str(folder), "name": "shop"}
    execute_inline(run=create_run(kind="import_catalogue", config=config, dispatched=False))
    page = world.clients["staff"].get(reverse("catalogue_detail", args=["shop"])).content.decode()
    assert "25.00 %" in page
    assert "1: 1, 5: 2" in page
    assert page.count('<rect class="bar"') == 2
    viewer = Catalogue.objects.get(name="shop").viewers.get(external_id="u")
    shown = world.clients["staff"].get(reverse("viewer_detail", args=["shop", viewer.pk]))
    assert [(line.item.title, line.rating) for line in shown.context["ratings"]] == [
        ("Desk", 5.0),
        ("Lamp", 1.0),
    ]


@pytest.mark.parametrize(
    ("share", "digits", "shown"),
    [
        (0.5, 1, "50.0 %"),
        (1.0, 0, "100 %"),
        (0.99999, 2, "over 99.99 %"),
        (0.0001, 1, "under 0.1 %"),
        (None, 1, "–"),
    ],
)
def test_shares_are_not_rounded_to_all_or_nothing(share, digits, shown):
    assert percent(share, digits) == shown
