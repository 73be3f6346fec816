"""What a study says about its crowd platform. Every field is documented in docs/study_spec.md."""

import string
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from annotations.crowd.platforms import PLATFORMS

Outcome = Literal["completed", "screened_out", "study_full", "partial"]
ParameterName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_.-]*$", max_length=40)]
Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$", min_length=4, max_length=40)]

# Raters who come by plain links, simulated raters and AI judges have these platform names.
_TAKEN = frozenset({"link", "bot", "ai", "model"})
_PLACES = frozenset({"code", "rater", "study", "session"})


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class CrowdParameters(_Strict):
    """The names of the platform's URL parameters; a platform may have no study or session of its own."""

    rater: ParameterName
    study: ParameterName | None = None
    session: ParameterName | None = None

    @model_validator(mode="after")
    def _names_differ(self) -> "CrowdParameters":
        names = [name for name in (self.rater, self.study, self.session) if name is not None]
        if len(set(names)) != len(names):
            raise ValueError("two parameters have the same name")
        return self


class CrowdCodes(_Strict):
    """The completion code of each outcome. All are required: nobody may reach an end without one."""

    completed: Code
    screened_out: Code
    study_full: Code
    partial: Code


class CrowdSpec(_Strict):
    """The platform that sends raters, what it calls them, and how they get back to it."""

    platform: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=20)
    title: str = Field(min_length=1, max_length=60)
    parameters: CrowdParameters
    return_url: str | None = Field(default=None, max_length=500)
    codes: CrowdCodes

    @model_validator(mode="before")
    @classmethod
    def _fill_in_what_is_known(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        known = PLATFORMS.get(str(data.get("platform")))
        if known is None:
            return {"title": str(data.get("platform", "")).title(), **data}
        parameters = {
            "rater": known.rater_parameter,
            "study": known.study_parameter,
            "session": known.session_parameter,
        }
        return {"title": known.title, "parameters": parameters, "return_url": known.return_url, **data}

    @field_validator("platform")
    @classmethod
    def _platform_is_free(cls, value: str) -> str:
        if value in _TAKEN:
            raise ValueError(f"{value!r} is the name of raters who come from no platform")
        return value

    @field_validator("return_url")
    @classmethod
    def _return_url_is_safe(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            fields = [field for field in string.Formatter().parse(value) if field[1] is not None]
            parts = urlsplit(value)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise ValueError(f"is not an address: {error}") from error
        if parts.scheme != "https" or not host or port not in (None, 443) or "@" in parts.netloc:
            raise ValueError("must be an https:// address with a host and nothing else before the path")
        if any(not character.isprintable() or character in " <>\"'\\`" for character in value):
            raise ValueError("has characters that an address cannot have")
        places = [name for _, name, _, _ in fields]
        # A format behind the name ({code:9999}) could make any length, an attribute could show anything.
        if any(form or turn for _, _, form, turn in fields) or set(places) - _PLACES:
            raise ValueError("places are written {code}, {rater}, {study} and {session}")
        if "{" in parts.netloc or places.count("code") != 1:
            raise ValueError("must hold {code} once, and no place in its host")
        return value

    @model_validator(mode="after")
    def _known_platform_keeps_its_host(self) -> "CrowdSpec":
        known = PLATFORMS.get(self.platform)
        if known is not None and self.return_host not in (None, known.return_host):
            raise ValueError(f"return_url: {known.title} takes raters back at {known.return_host} only")
        return self

    @property
    def return_host(self) -> str | None:
        """The one host that raters are sent back to."""
        return urlsplit(self.return_url).hostname if self.return_url else None
