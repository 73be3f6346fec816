"""Logging: readable lines while developing, JSON in production, never a secret in either."""

import re
from collections.abc import MutableMapping
from typing import Any

import structlog

HIDDEN = "[hidden]"
_SECRET_NAME = re.compile(
    r"pass(word|wd|phrase)?$|secret|token|authorization|cookie|credential|api_?key|private_?key|session_?key|csrf",
    re.I,
)
_SECRET_PATTERNS = (
    (re.compile(r"(\w[\w+.-]*://[^\s:/@]*):[^\s@/]+@"), rf"\1:{HIDDEN}@"),  # scheme://user:password@host
    (re.compile(r"(?i)\b(bearer|basic|token)\s+[\w.+/=~-]{8,}"), rf"\1 {HIDDEN}"),
    (
        re.compile(
            r"(?i)\b(password|passwd|secret|token|api_?key|secret_key)(['\"]?\s*[=:]\s*['\"]?)[^\s'\",&;}]+"
        ),
        rf"\1\2{HIDDEN}",
    ),
    # An invitation, whatever its letters; other links are known by their shape.
    (re.compile(r"(/r/)[\w-]{16,}"), rf"\1{HIDDEN}"),
    # A long path segment that mixes digits and letters is an invitation or a reset link.
    (re.compile(r"/(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{20,}(?=[/?\s'\"]|$)"), f"/{HIDDEN}"),
)

EventDict = MutableMapping[str, Any]


def hide_secrets(logger: Any, method: str, event: EventDict) -> EventDict:
    """Replace values whose name or shape says secret; a structlog processor."""
    for key, value in event.items():
        event[key] = _cleaned(key, value)
    return event


def _cleaned(key: str, value: Any) -> Any:
    if _SECRET_NAME.search(key):
        return HIDDEN
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict):
        return {inner: _cleaned(str(inner), content) for inner, content in value.items()}
    if isinstance(value, (list, tuple)):
        return [_cleaned("", content) for content in value]
    return value


def clean_text(text: str) -> str:
    """The text with passwords in URLs, authorization headers and long link tokens hidden."""
    for pattern, replacement in _SECRET_PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def logging_settings(*, as_json: bool) -> dict[str, Any]:
    """Django's LOGGING: everything to standard output through one formatter."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    final: list[Any] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        hide_secrets,
        structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=False),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "one": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": final,
                "foreign_pre_chain": shared,
            }
        },
        "handlers": {
            "console": {"class": "logging.StreamHandler", "stream": "ext://sys.stderr", "formatter": "one"}
        },
        "root": {"handlers": ["console"], "level": "INFO"},
        "loggers": {
            "django": {"handlers": [], "level": "INFO", "propagate": True},
            # 4xx answers are in the request log by route; this logger would write raw addresses.
            "django.request": {"level": "ERROR"},
            "django.server": {"handlers": [], "propagate": True},
            "httpx": {"level": "WARNING"},
        },
    }
