"""The first page after login."""

from django.urls import path

from annotations.views.home import views

urlpatterns = [path("", views.home, name="home")]
