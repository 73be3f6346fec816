"""From a platform's URL parameters to a rater, and back to the platform by a URL."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from annotations.crowd.platforms import PLATFORMS
from annotations.crowd.spec import CrowdSpec, Outcome

# Wide enough for e-mail-like ids, too narrow for markup, control characters or a path.
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@:~+-]{0,127}")


@dataclass(frozen=True, slots=True)
class CrowdEntry:
    """Who a platform sent: its own ids of rater, study and session ("" where it has none)."""

    platform: str
    rater_id: str
    study_id: str
    session_id: str


class EntryError(ValueError):
    """The address does not say who comes: parameters are missing, or are no ids."""

    def __init__(self, *, missing: Sequence[str], faulty: Sequence[str]) -> None:
        super().__init__(f"missing: {', '.join(missing) or 'none'}; faulty: {', '.join(faulty) or 'none'}")
        self.missing = tuple(missing)
        self.faulty = tuple(faulty)


def read_entry(spec: CrowdSpec, query: Mapping[str, Sequence[str]]) -> CrowdEntry:
    """Map the platform's parameters to an entry.

    Args:
        query: every value of every parameter, decoded. Parameters that the study does not name are ignored.

    Raises:
        EntryError: naming each parameter that is missing, repeated, too long or has other characters than
            letters, digits and ``. _ @ : ~ + -``.
    """
    found: dict[str, str] = {}
    missing: list[str] = []
    faulty: list[str] = []
    names = {
        "rater": spec.parameters.rater,
        "study": spec.parameters.study,
        "session": spec.parameters.session,
    }
    for role, name in names.items():
        if name is None:
            found[role] = ""
            continue
        values = query.get(name, ())
        if not any(values):
            missing.append(name)
        elif len(values) > 1 or not _ID.fullmatch(values[0]):
            faulty.append(name)
        else:
            found[role] = values[0]
    if missing or faulty:
        raise EntryError(missing=missing, faulty=faulty)
    return CrowdEntry(spec.platform, found["rater"], found["study"], found["session"])


def return_address(spec: CrowdSpec, outcome: Outcome, entry: CrowdEntry | None) -> str:
    """Where the platform takes a rater back after this outcome; "" if it has no such address."""
    if spec.return_url is None:
        return ""
    values = {"code": getattr(spec.codes, outcome), "rater": "", "study": "", "session": ""}
    if entry is not None:
        values |= {"rater": entry.rater_id, "study": entry.study_id, "session": entry.session_id}
    return spec.return_url.format_map({name: quote(value, safe="") for name, value in values.items()})


def entry_query(spec: CrowdSpec) -> str:
    """The query to put behind a study's link on the platform, with its places for the rater's ids."""
    known = PLATFORMS.get(spec.platform)
    form = known.placeholder if known else "{NAME}"
    names = (spec.parameters.rater, spec.parameters.study, spec.parameters.session)
    return urlencode({name: form.replace("NAME", name) for name in names if name is not None}, safe="{}%")
