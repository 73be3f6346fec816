"""Asks Prolific's API for a study's submissions, page by page, and survives its bad moments.

Source: Prolific API reference, Studies: List study submissions.
"""

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from annotations.crowd.address_guard import AddressRefusedError, check_address
from annotations.crowd.statuses import normalise_status

_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_ATTEMPTS = 5
_LONGEST_WAIT_S = 60.0
_LARGEST_PAGE_BYTES = 8 * 2**20
_MOST_PAGES = 2000
_TIMEOUT = httpx.Timeout(20.0, connect=10.0)


class ProlificError(RuntimeError):
    """Prolific could not be asked, or answered something else than its documentation says."""


@dataclass(frozen=True, slots=True)
class Submission:
    """One participant's session in a study, as Prolific has it."""

    submission_id: str
    participant_id: str
    status: str


class ProlificApi:
    """Reads from Prolific's API.

    Args:
        base_url: scheme and host, for example ``https://api.prolific.com``; nothing else is ever asked.
        token: sent as ``Authorization: Token ...`` and shown nowhere.
        allow_private: see ``check_address``.
        wait: called with the seconds to wait before an attempt is repeated.
    """

    def __init__(
        self,
        *,
        base_url: str,
        token: str,
        allow_private: bool = False,
        timeout: httpx.Timeout = _TIMEOUT,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._allow_private = allow_private
        self._wait = wait
        self._client = httpx.Client(
            headers={"Authorization": f"Token {token}", "Accept": "application/json"},
            timeout=timeout,
            follow_redirects=False,
            trust_env=False,
        )

    def __enter__(self) -> "ProlificApi":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def submissions(self, study_id: str) -> Iterator[Submission]:
        """Every submission of a study of Prolific's, each page asked for when it is needed.

        Raises:
            ProlificError: with one line that says what was asked and what went wrong.
        """
        if not _ID.fullmatch(study_id):
            raise ProlificError("this is not the id of a study on Prolific")
        what = f"submissions of study {study_id}"
        url: str | None = f"{self._base_url}/api/v1/studies/{study_id}/submissions/"
        asked: set[str] = set()
        while url is not None:
            if url in asked or len(asked) >= _MOST_PAGES:
                raise ProlificError(f"{what}: the pages never end")
            asked.add(url)
            page = self._get(url, what)
            results = page.get("results")
            if not isinstance(results, list):
                raise ProlificError(f"{what}: the answer holds no list of results")
            for number, row in enumerate(results, start=1):
                yield _read(row, f"{what}: result {number}")
            url = _next(page, what)

    def _get(self, url: str, what: str) -> dict[str, Any]:
        """One page; 429, 5xx, time-outs and lost connections are tried again, longer each time."""
        try:
            check_address(url, base_url=self._base_url, allow_private=self._allow_private)
        except AddressRefusedError as error:
            raise ProlificError(f"{what}: not asked: {error}") from error
        problem = ""
        for attempt in range(_ATTEMPTS):
            wait_s = min(2.0**attempt, _LONGEST_WAIT_S)
            try:
                status, headers, body = self._fetch(url, what)
            except httpx.InvalidURL as error:
                raise ProlificError(f"{what}: not asked: not an address") from error
            except httpx.RequestError as error:
                problem = f"no answer ({type(error).__name__})"
            else:
                if status == 200:
                    return _parse(body, what)
                problem = f"answered {status}"
                if status != 429 and status < 500:
                    raise ProlificError(f"{what}: {_explain(status)}")
                wait_s = _retry_after_s(headers.get("Retry-After", ""), default=wait_s)
            if attempt < _ATTEMPTS - 1:
                self._wait(wait_s)
        raise ProlificError(f"{what}: {problem}, {_ATTEMPTS} times; try again later")

    def _fetch(self, url: str, what: str) -> tuple[int, httpx.Headers, bytes]:
        with self._client.stream("GET", url) as response:
            body = bytearray()
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > _LARGEST_PAGE_BYTES:
                    raise ProlificError(f"{what}: the answer is larger than {_LARGEST_PAGE_BYTES} bytes")
            return response.status_code, response.headers, bytes(body)


def _parse(body: bytes, what: str) -> dict[str, Any]:
    try:
        page = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ProlificError(f"{what}: the answer is not JSON") from error
    if not isinstance(page, dict):
        raise ProlificError(f"{what}: the answer is not an object")
    return page


def _read(row: object, where: str) -> Submission:
    if not isinstance(row, dict):
        raise ProlificError(f"{where}: is not an object")
    values: list[str] = []
    for field in ("id", "participant_id"):
        value = row.get(field)
        if not isinstance(value, str) or not _ID.fullmatch(value):
            raise ProlificError(f"{where}: {field} is missing or is no id")
        values.append(value)
    try:
        status = normalise_status(str(row.get("status") or ""))
    except ValueError as error:
        raise ProlificError(f"{where}: status is missing or is none") from error
    return Submission(values[0], values[1], status)


def _next(page: dict[str, Any], what: str) -> str | None:
    links = page.get("_links")
    following = links.get("next") if isinstance(links, dict) else page.get("next")
    if isinstance(following, dict):
        following = following.get("href")
    if not following:
        return None
    if not isinstance(following, str):
        raise ProlificError(f"{what}: the link to the next page is no address")
    return following


def _explain(status: int) -> str:
    if status in (401, 403):
        return f"refused with {status}; is PROLIFIC_API_TOKEN right, and may it see this study?"
    if status == 404:
        return "Prolific knows no such study (404)"
    return f"answered {status}"


def _retry_after_s(text: str, *, default: float) -> float:
    """Seconds or an HTTP date, as Retry-After may hold; never longer than a minute."""
    if re.fullmatch(r"[0-9]{1,9}", text):
        return min(float(text), _LONGEST_WAIT_S)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return default
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(max((until - datetime.now(UTC)).total_seconds(), 0.0), _LONGEST_WAIT_S)
