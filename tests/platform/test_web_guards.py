"""What every response and every login attempt is guarded by."""

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.test import Client, override_settings

from raterapp import health


def directives(response) -> dict[str, set[str]]:
    parts = (part.split() for part in response["Content-Security-Policy"].split(";"))
    return {words[0]: set(words[1:]) for words in parts}


@pytest.fixture
def admin_client(db) -> Client:
    account = get_user_model().objects.create_superuser("admin", password="a long enough password")
    client = Client()
    client.force_login(account)
    return client


def test_pages_allow_only_their_own_scripts_and_styles(client: Client, db) -> None:
    response = client.get("/accounts/login/")
    policy = directives(response)
    assert policy["default-src"] == {"'none'"}
    assert policy["script-src"] == policy["style-src"] == {"'self'"}
    assert policy["frame-ancestors"] == policy["base-uri"] == {"'none'"}
    assert response["X-Frame-Options"] == "DENY"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"


def test_only_the_admin_may_evaluate_and_style_inline(admin_client: Client) -> None:
    response = admin_client.get("/admin/")
    assert response.status_code == 200
    policy = directives(response)
    assert policy["script-src"] == {"'self'", "'unsafe-eval'"}
    assert policy["style-src"] == {"'self'", "'unsafe-inline'"}
    assert policy["default-src"] == {"'none'"}
    # The mark is on one response, not on the shared policy.
    assert directives(admin_client.get("/accounts/login/?next=/admin/"))["script-src"] == {"'self'"}
    assert directives(admin_client.get("/administer"))["script-src"] == {"'self'"}


def test_the_admin_sends_people_to_the_throttled_login(client: Client, db) -> None:
    response = client.get("/admin/login/?next=/admin/")
    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/")


def test_guessing_a_password_is_throttled(client: Client, db) -> None:
    get_user_model().objects.create_user("someone", password="a long enough password")
    cache.clear()
    limits = {"login_failed": "10/m/ip,3/300s/key"}
    with override_settings(ACCOUNT_RATE_LIMITS=limits):
        for _ in range(3):
            client.post("/accounts/login/", {"login": "someone", "password": "wrong"})
        client.post(
            "/accounts/login/?next=/admin/", {"login": "someone", "password": "a long enough password"}
        )
    assert "_auth_user_id" not in client.session
    cache.clear()
    client.post("/accounts/login/?next=/admin/", {"login": "someone", "password": "a long enough password"})
    assert "_auth_user_id" in client.session


def test_nobody_signs_up_alone(client: Client, db) -> None:
    client.post(
        "/accounts/signup/", {"username": "x", "password1": "a long enough 1", "password2": "a long enough 1"}
    )
    assert not get_user_model().objects.filter(username="x").exists()


def test_healthz_is_ok_with_both_services(client: Client, db) -> None:
    response = client.get("/healthz")
    assert response.status_code == 200
    assert response.json() == {"status": "ok", "database": "ok", "broker": "ok"}
    assert "no-store" in response["Cache-Control"]


def test_healthz_names_the_part_that_is_down_and_no_more(
    client: Client, db, monkeypatch: pytest.MonkeyPatch
) -> None:
    from celery import Celery

    monkeypatch.delenv("CELERY_BROKER_URL")  # it would win over the argument
    unreachable = Celery(broker="redis+socket:///nonexistent/valkey.sock")
    monkeypatch.setattr(health, "current_app", unreachable)
    response = client.get("/healthz")
    assert response.status_code == 503
    assert response.json() == {"status": "unavailable", "database": "ok", "broker": "down"}


def test_requests_are_logged_by_route_without_their_address(
    client: Client, db, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        client.get("/accounts/login/?token=very-secret-invitation")
    lines = [str(record.msg) for record in caplog.records if record.name == "raterapp.request"]
    assert len(lines) == 1
    assert "accounts/login/" in lines[0]
    assert "very-secret-invitation" not in caplog.text
