"""Catalogues: the list, a catalogue, its items and its viewers."""

from django.urls import path

from annotations.views.catalogues import pages

urlpatterns = [
    path("catalogues/", pages.catalogue_list, name="catalogue_list"),
    path("catalogues/<slug:name>/", pages.catalogue_detail, name="catalogue_detail"),
    path("catalogues/<slug:name>/items/", pages.item_list, name="item_list"),
    path("catalogues/<slug:name>/items/<int:pk>/", pages.item_detail, name="item_detail"),
    path("catalogues/<slug:name>/viewers/", pages.viewer_list, name="viewer_list"),
    path("catalogues/<slug:name>/viewers/<int:pk>/", pages.viewer_detail, name="viewer_detail"),
]
