"""Nothing secret reaches a log, in any shape it may come."""

import json
import logging
import logging.config
from io import StringIO

import pytest
from django.conf import settings

from raterapp.logs import clean_text, hide_secrets, logging_settings


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("cannot reach postgres://user:hunter2@db/studies", "hunter2"),
        ("redis://:hunter2@broker/0 is down", "hunter2"),
        ("header Authorization: Bearer abcdefgh12345678", "abcdefgh12345678"),
        ("password=hunter2 was wrong", "hunter2"),
        ("{'api_key': 'sk-123456789'}", "sk-123456789"),
        ("Internal Server Error: /join/Xk3v9PqLr7TzWm2nBc8yHd/consent", "Xk3v9PqLr7TzWm2nBc8yHd"),
        ("Forbidden (CSRF cookie not set.): /r/XkAv-PqLr_TzWmBnBcHyHdXkAvPqLrTz/work/", "XkAv-PqLr_TzWmBn"),
    ],
)
def test_secrets_in_text_are_hidden(text: str, secret: str) -> None:
    assert secret not in clean_text(text)
    assert "[hidden]" in clean_text(text)


def test_ordinary_text_stays() -> None:
    text = "GET /studies/12/results took 14 ms; see docs/running.md and http://127.0.0.1:8000/admin/"
    assert clean_text(text) == text


def test_values_are_hidden_by_name_at_any_depth() -> None:
    event = {
        "event": "made",
        "password": "a",
        "data": {"csrfmiddlewaretoken": "b", "n": 3},
        "list": ["token=c"],
    }
    assert hide_secrets(None, "info", event) == {
        "event": "made",
        "password": "[hidden]",
        "data": {"csrfmiddlewaretoken": "[hidden]", "n": 3},
        "list": ["token=[hidden]"],
    }


def test_production_logs_one_json_object_a_line_with_the_traceback_cleaned() -> None:
    settings = logging_settings(as_json=True)
    stream = StringIO()
    formatter = logging.config.DictConfigurator(settings).configure_formatter(settings["formatters"]["one"])
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    logger = logging.getLogger("tests.platform.logs")
    logger.addHandler(handler)
    logger.propagate = False
    try:
        raise ConnectionError("postgres://user:hunter2@db/studies refused")
    except ConnectionError:
        logger.exception("Lost %s", "the database")
    line = json.loads(stream.getvalue())
    assert (line["event"], line["level"]) == ("Lost the database", "error")
    assert "ConnectionError" in line["exception"]
    assert "hunter2" not in stream.getvalue()


def test_log_lines_leave_standard_output_to_what_a_command_prints() -> None:
    handler = settings.LOGGING["handlers"]["console"]
    assert handler["stream"] == "ext://sys.stderr"
