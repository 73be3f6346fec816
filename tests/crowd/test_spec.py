"""What a study may say of its platform, and what becomes of it."""

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from annotations.crowd.entry import CrowdEntry, EntryError, entry_query, read_entry, return_address
from annotations.crowd.spec import CrowdCodes, CrowdParameters, CrowdSpec
from tests.crowd.people import CODES
from tests.docs.pages import first_cells, page

GENERIC = {
    "platform": "lab-pool",
    "title": "The Lab Pool",
    "parameters": {"rater": "pid", "study": "survey", "session": "visit"},
    "return_url": "https://pool.example.org/back/{session}?code={code}",
    "codes": CODES,
}
PROLIFIC = CrowdSpec.model_validate({"platform": "prolific", "codes": CODES})


def query(**values: str | list[str]) -> dict[str, list[str]]:
    return {name: [value] if isinstance(value, str) else value for name, value in values.items()}


def problem(**changes: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        CrowdSpec.model_validate({**GENERIC, **changes})
    return str(caught.value)


def test_prolific_needs_its_codes_only() -> None:
    assert PROLIFIC.title == "Prolific"
    assert PROLIFIC.return_host == "app.prolific.com"
    entry = read_entry(PROLIFIC, query(PROLIFIC_PID="abc", STUDY_ID="st", SESSION_ID="se", extra="<b>"))
    assert entry == CrowdEntry("prolific", "abc", "st", "se")
    assert return_address(PROLIFIC, "partial", entry) == (
        "https://app.prolific.com/submissions/complete?cc=C-PART"
    )
    assert entry_query(PROLIFIC) == (
        "PROLIFIC_PID={{%PROLIFIC_PID%}}&STUDY_ID={{%STUDY_ID%}}&SESSION_ID={{%SESSION_ID%}}"
    )


def test_any_platform_maps_its_own_parameters() -> None:
    spec = CrowdSpec.model_validate(GENERIC)
    entry = read_entry(spec, query(pid="a+b@example.org", survey="9", visit="v:1"))
    assert entry == CrowdEntry("lab-pool", "a+b@example.org", "9", "v:1")
    assert return_address(spec, "completed", entry) == "https://pool.example.org/back/v%3A1?code=C-DONE"


def test_a_platform_may_have_no_study_no_session_and_no_address() -> None:
    spec = CrowdSpec.model_validate(
        {"platform": "panel", "parameters": {"rater": "id"}, "codes": dict.fromkeys(CODES, "SAME")}
    )
    assert spec.title == "Panel"
    assert read_entry(spec, query(id="7")) == CrowdEntry("panel", "7", "", "")
    assert return_address(spec, "completed", None) == ""
    assert entry_query(spec) == "id={id}"


HOSTILE = ["<script>", "a b", "a\x00", "a\n", "../etc", "{{%PROLIFIC_PID%}}", "é", "x" * 129, "'--", "-x"]


@pytest.mark.parametrize("value", HOSTILE)
def test_what_is_no_id_is_refused_by_name(value: str) -> None:
    with pytest.raises(EntryError) as caught:
        read_entry(PROLIFIC, query(PROLIFIC_PID=value, STUDY_ID="st"))
    assert caught.value.faulty == ("PROLIFIC_PID",)
    assert caught.value.missing == ("SESSION_ID",)
    assert value not in str(caught.value)


def test_a_parameter_given_twice_says_nothing() -> None:
    with pytest.raises(EntryError) as caught:
        read_entry(PROLIFIC, query(PROLIFIC_PID=["a", "b"], STUDY_ID="st", SESSION_ID="se"))
    assert caught.value.faulty == ("PROLIFIC_PID",)


@pytest.mark.parametrize(
    "url",
    [
        "http://pool.example.org/?c={code}",
        "javascript:alert('{code}')",
        "https://pool.example.org/",
        "https://pool.example.org/{code}/{code}",
        "https://{code}.example.org/",
        "https://user@pool.example.org/{code}",
        "https://pool.example.org:8443/{code}",
        "https://pool.example.org/{code}{secret}",
        "https://pool.example.org/{code:>99999}",
        "https://pool.example.org/{code!r}",
        "https://pool.example.org/{code.__class__}",
        "https://pool.example.org/{code",
        'https://pool.example.org/{code}"onclick=',
        "//pool.example.org/{code}",
    ],
)
def test_a_return_address_that_is_not_safe_is_refused(url: str) -> None:
    assert "return_url" in problem(return_url=url)


def test_what_else_is_refused() -> None:
    assert "'link' is the name of raters" in problem(platform="link")
    assert "two parameters have the same name" in problem(parameters={"rater": "a", "study": "a"})
    assert "codes.partial" in problem(codes={name: CODES[name] for name in list(CODES)[:3]})
    assert "codes.completed" in problem(codes={**CODES, "completed": "a&b=c"})
    assert "at app.prolific.com only" in problem(platform="prolific")


def test_the_documentation_names_every_field() -> None:
    text = page("study_spec.md")
    assert first_cells(text, "field of `crowd`") == list(CrowdSpec.model_fields)
    assert first_cells(text, "code") == list(CrowdCodes.model_fields)
    assert all(f"`{name}`" in text for name in CrowdParameters.model_fields)


def test_the_documentation_names_every_setting() -> None:
    base = Path(__file__).resolve().parents[2] / "raterapp" / "settings"
    source = (base / "base.py").read_text() + (base / "development.py").read_text()
    settings = set(re.findall(r'env[.a-z]*\("((?:CROWD|PROLIFIC)_[A-Z_]+)"', source))
    assert set(first_cells(page("crowd.md"), "variable")) == settings
