"""Accounts are made by invitation: nobody signs up by themselves."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class ClosedSignupAdapter(DefaultAccountAdapter):
    """Refuses open sign-up; admins create accounts."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
