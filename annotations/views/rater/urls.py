"""Routes of the rater pages. The token is the invitation's; nothing here names a study or system."""

from django.urls import path

from annotations.views.rater import entry, work

urlpatterns = [
    path("r/<str:token>/", entry.enter, name="rater_entry"),
    path("r/<str:token>/instructions/", entry.instruct, name="rater_instructions"),
    path("r/<str:token>/work/", work.work, name="rater_work"),
    path("r/<str:token>/answers/<uuid:public_id>/", work.submit, name="rater_submit"),
    path("r/<str:token>/answers/<uuid:public_id>/draft/", work.draft, name="rater_draft"),
    path("r/<str:token>/finish/", work.finish, name="rater_finish"),
]
