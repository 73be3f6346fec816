"""Production refuses to start on anything that only development may have."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

CODE_DIR = Path(__file__).resolve().parents[2]
COMPLETE = {
    "DJANGO_SETTINGS_MODULE": "raterapp.settings.production",
    "SECRET_KEY": "k" * 50,
    "ALLOWED_HOSTS": "studies.example.org",
    "DATABASE_URL": "postgres://user:password@db.example.org/studies",
    "CELERY_BROKER_URL": "redis://broker.example.org/0",
    "CACHE_URL": "redis://broker.example.org/1",
    "ARTIFACTS_URL": "s3://bucket/prefix",
}


def check(changes: dict[str, str | None], *command: str) -> subprocess.CompletedProcess[str]:
    wanted = {key: value for key, value in (COMPLETE | changes).items() if value is not None}
    words = command or (
        "-c",
        "import django; django.setup(); from django.conf import settings as s;"
        ""
        "print(s.DEBUG, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SECURE_SSL_REDIRECT,"
        "s.SECURE_HSTS_SECONDS)",
    )
    return subprocess.run(
        [sys.executable, *words],
        cwd=CODE_DIR,
        env={"PATH": os.environ["PATH"], "RATERAPP_VAR": "/nonexistent", **wanted},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_complete_environment_starts_with_everything_secure() -> None:
    result = check({})
    assert result.stdout.split() == ["False", "True", "True", "True", "31536000"], result.stderr


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"SECRET_KEY": None}, "SECRET_KEY"),
        ({"SECRET_KEY": "short"}, "at least 40 characters"),
        ({"DATABASE_URL": None}, "DATABASE_URL"),
        ({"CELERY_BROKER_URL": None}, "CELERY_BROKER_URL"),
        ({"CACHE_URL": None}, "CACHE_URL"),
        ({"ARTIFACTS_URL": None}, "ARTIFACTS_URL"),
        ({"DEBUG": "1"}, "DEBUG must be off"),
        ({"ALLOWED_HOSTS": None}, "ALLOWED_HOSTS"),
        ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS must name"),
        ({"ALLOWED_HOSTS": "localhost,127.0.0.1"}, "ALLOWED_HOSTS must name"),
    ],
)
def test_an_unsafe_environment_is_refused(changes: dict[str, str | None], reason: str) -> None:
    result = check(changes)
    assert result.returncode != 0
    assert "ImproperlyConfigured" in result.stderr
    assert reason in result.stderr.splitlines()[-1]


def test_a_command_in_production_never_falls_back_to_an_embedded_database() -> None:
    result = check({"DATABASE_URL": None}, "manage.py", "migrate")
    assert result.returncode != 0
    assert "DATABASE_URL" in result.stderr
    assert not Path("/nonexistent").exists()
