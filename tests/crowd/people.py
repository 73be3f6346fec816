"""Raters who come from Prolific, and a study that waits for them."""

import re
from html import unescape
from typing import Any
from urllib.parse import urlencode

from django.test import Client

from annotations.models import Study
from tests.rater.test_journey import complete_answers, open_form
from tests.rater.world import make_link, make_study

CODES = {"completed": "C-DONE", "screened_out": "C-OUT", "study_full": "C-FULL", "partial": "C-PART"}
ANN = "5f8d7a0000000000000000aa"
BOB = "5f8d7a0000000000000000bb"
STUDY_THERE = "60d9aadeb86739de712f0001"


def make_crowd_study(**changes: Any) -> tuple[Study, str]:
    """A study on Prolific and the link that its draft there holds."""
    crowd = {"platform": "prolific", "codes": CODES}
    study = make_study(**{"redundancy": 1, "crowd": crowd, **changes})
    return study, make_link(study, platform="prolific")[1]


def address(link: str, *, rater: str = ANN, session: str = "s1", study: str = STUDY_THERE) -> str:
    query = {"PROLIFIC_PID": rater, "STUDY_ID": study, "SESSION_ID": session}
    return f"{link}?{urlencode(query)}"


def agree(client: Client, url: str) -> str:
    """Read the consent page, agree, and return where that leads."""
    page = client.get(url).content.decode()
    entry = re.search(r'name="entry" value="([^"]+)"', page)
    assert entry, page
    response = client.post(url, {"entry": unescape(entry[1])})
    assert response.status_code == 302, response.content.decode()
    return response.headers["Location"]


def begin(link: str, **who: str) -> Client:
    """A rater who has agreed and read the instructions."""
    client = Client()
    agree(client, address(link, **who))
    client.post(f"{link}instructions/")
    return client


def judge(client: Client, link: str) -> None:
    action, key = open_form(client, link)
    assert client.post(action, key | complete_answers()).status_code == 302


def code_on(client: Client, url: str) -> str:
    """The code on the page, which is also the one that its button takes to Prolific; "" without any."""
    page = client.get(url, follow=True).content.decode()
    shown = re.search(r'<output id="completion-code">([^<]*)</output>', page)
    button = re.search(r'href="(https://[^"]+)"', page)
    if shown is None:
        assert button is None
        return ""
    assert button is not None
    assert button[1] == f"https://app.prolific.com/submissions/complete?cc={shown[1]}"
    return shown[1]
