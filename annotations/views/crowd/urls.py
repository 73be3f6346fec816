"""Routes that crowd platforms call."""

from django.urls import path

from annotations.views.crowd import webhooks

urlpatterns = [path("crowd/prolific/events/", webhooks.receive_prolific, name="crowd_prolific_events")]
