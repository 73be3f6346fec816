"""Studies: the list, a study's page, its raters, and what an editor may do to it."""

from django.urls import path

from annotations.views.studies import actions, pages

urlpatterns = [
    path("studies/", pages.study_list, name="study_list"),
    path("studies/<slug:name>/", pages.study_detail, name="study_detail"),
    path("studies/<slug:name>/raters/", pages.study_raters, name="study_raters"),
    path("studies/<slug:name>/pause/", actions.pause, name="study_pause"),
    path("studies/<slug:name>/resume/", actions.resume, name="study_resume"),
    path("studies/<slug:name>/close/", actions.close, name="study_close"),
    path("studies/<slug:name>/links/", actions.create_link, name="study_link_create"),
    path("studies/<slug:name>/links/<int:pk>/revoke/", actions.revoke_link, name="study_link_revoke"),
    path("studies/<slug:name>/raters/<int:pk>/decide/", actions.decide_on_rater, name="study_rater_decide"),
]
