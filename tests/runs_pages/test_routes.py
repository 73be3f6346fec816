"""Every route of runs and catalogues with owner, teammate, staff, outsider and anonymous."""

import pytest
from django.urls import reverse

from annotations.views.catalogues import urls as catalogue_urls
from annotations.views.runs import urls as run_urls

# route -> method and what owner, staff, teammate, outsider get; nobody logged in goes to the login page
PEOPLE = ("owner", "staff", "teammate", "outsider")
ROUTES = {
    "run_list": ("get", (200, 200, 200, 200)),
    "run_detail": ("get", (200, 200, 404, 404)),
    "run_live": ("get", (200, 200, 404, 404)),
    "run_cancel": ("post", (302, 302, 404, 404)),
    "catalogue_list": ("get", (200, 200, 200, 200)),
    "catalogue_detail": ("get", (200, 200, 200, 404)),
    "item_list": ("get", (200, 200, 200, 404)),
    "item_detail": ("get", (200, 200, 200, 404)),
    "viewer_list": ("get", (200, 200, 200, 404)),
    "viewer_detail": ("get", (200, 200, 200, 404)),
}


def address(name, world, run):
    arguments = {
        "run_detail": [run.pk],
        "run_live": [run.pk],
        "run_cancel": [run.pk],
        "catalogue_detail": ["films"],
        "item_list": ["films"],
        "viewer_list": ["films"],
        "item_detail": ["films", world.item.pk],
        "viewer_detail": ["films", world.viewer.pk],
    }
    return reverse(name, args=arguments.get(name, []))


def test_every_route_is_in_the_table():
    assert {route.name for route in (*run_urls.urlpatterns, *catalogue_urls.urlpatterns)} == set(ROUTES)


@pytest.mark.parametrize("name", ROUTES)
def test_who_gets_what(name, world):
    method, statuses = ROUTES[name]
    url = address(name, world, world.run())
    got = tuple(getattr(world.clients[person], method)(url).status_code for person in PEOPLE)
    assert got == statuses
    refused = getattr(world.clients["anonymous"], method)(url)
    assert (refused.status_code, refused.url.split("?")[0]) == (302, reverse("account_login"))
    other = "get" if method == "post" else "post"
    assert getattr(world.clients["staff"], other)(url).status_code == 405


def test_lists_show_only_what_the_account_may_see(world):
    world.run(name="of the owner")
    for person, sees in (("owner", True), ("staff", True), ("teammate", False), ("outsider", False)):
        page = world.clients[person].get(reverse("run_list")).content.decode()
        assert ("of the owner" in page) is sees
    for person, sees in (("owner", True), ("teammate", True), ("outsider", False)):
        page = world.clients[person].get(reverse("catalogue_list")).content.decode()
        assert ("Films" in page) is sees


def test_who_started_a_run_sees_it(world):
    run = world.run(catalogue=None, started_by=world.accounts["outsider"])
    assert world.clients["outsider"].get(reverse("run_detail", args=[run.pk])).status_code == 200
    assert world.clients["owner"].get(reverse("run_detail", args=[run.pk])).status_code == 404


def test_an_item_of_another_catalogue_is_not_there(world):
    other = type(world.catalogue).objects.create(
        name="other", title="O", domain="movies", source_format="csv", owner=world.accounts["owner"]
    )
    url = reverse("item_detail", args=[other.name, world.item.pk])
    assert world.clients["owner"].get(url).status_code == 404


@pytest.mark.parametrize("name", ["catalogue_detail", "item_list", "item_detail", "viewer_detail"])
def test_hostile_text_is_escaped(name, world):
    page = world.clients["owner"].get(address(name, world, world.run())).content.decode()
    for hostile in ("<b>Heat", "<script>x()", "<i>like", "<u>See"):
        assert hostile not in page
