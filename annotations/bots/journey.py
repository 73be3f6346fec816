"""One bot's way through the real pages, by plain HTTP: it follows links, fills in forms and submits them."""

import hashlib
from collections.abc import Callable
from urllib.parse import urljoin

import httpx

from annotations.assignment.answers import Answers
from annotations.assignment.questions import PAIRWISE
from annotations.bots.page_reader import PageForm, PageReader
from annotations.bots.rater_model import FormShown, RaterModel

# Tells, from the hashes of the two texts shown, where the test system's text stands. A page never says.
FindTest = Callable[[str, str], str]


class BotStuckError(RuntimeError):
    """A page was not what a rater would need to go on."""


class BotJourney:
    """A bot with its own cookies. ``enter`` once, then ``judge_next`` until it returns False."""

    def __init__(
        self, *, number: int, link: str, model: RaterModel, find_test: FindTest, client: httpx.Client
    ) -> None:
        self.number = number
        self.judged = 0
        self._link = link
        self._model = model
        self._find_test = find_test
        self._client = client
        self._response: httpx.Response | None = None

    def enter(self) -> bool:
        """Consent and read the instructions; False if the study has no place left.

        Raises:
            BotStuckError: a page has no form to go on with.
        """
        page = self._get(self._link)
        for _ in range(3):
            if "text-a" in page.texts:
                return True
            if not page.forms:
                return False
            page = self._post(page.forms[0])
        return "text-a" in page.texts

    def judge_next(self) -> bool:
        """Judge the comparison on the page now shown; False if there is none.

        Raises:
            BotStuckError: the answers were not accepted.
        """
        assert self._response is not None
        page = PageReader(self._response.text)
        form = _rating_form(page)
        if form is None:
            return False
        reply = self._fill_in(page, form)
        self._post_fields(form, reply)
        self.judged += 1
        return True

    def _fill_in(self, page: PageReader, form: PageForm) -> dict[str, str]:
        hashes = [hash_text(page.texts[name]) for name in ("text-a", "text-b")]
        item = page.texts["item-title"].strip() + "\x1f" + page.texts["item-description"].strip()
        comparison = "\x1f".join([item, *sorted(hashes), *page.attributes])
        shown = FormShown(
            choices={name: tuple(form.groups[name]) for name in PAIRWISE if name in form.groups},
            attributes={
                position: (text.strip(), tuple(form.groups.get(f"aligns_{position}", ())))
                for position, text in enumerate(page.attributes)
            },
        )
        test_at = self._find_test(hashes[0], hashes[1])
        return _as_fields(self._model.answer(self.number, item, comparison, test_at, shown))

    def _get(self, url: str) -> PageReader:
        return self._read(self._client.get(url, follow_redirects=True))

    def _post(self, form: PageForm) -> PageReader:
        return self._post_fields(form, {})

    def _post_fields(self, form: PageForm, fields: dict[str, str]) -> PageReader:
        assert self._response is not None
        url = urljoin(str(self._response.url), form.action) if form.action else str(self._response.url)
        data = form.hidden | fields
        return self._read(
            self._client.post(
                url, data=data, headers={"Referer": str(self._response.url)}, follow_redirects=True
            )
        )

    def _read(self, response: httpx.Response) -> PageReader:
        if response.status_code not in (200, 410):
            raise BotStuckError(
                f"bot {self.number}: {response.request.method} {response.request.url.path} "
                f"answered {response.status_code}"
            )
        self._response = response
        return PageReader(response.text)


def hash_text(text: str) -> str:
    """SHA-256 (hex) of a text with its white space evened out, as it is known in a browser."""
    return hashlib.sha256(" ".join(text.split()).encode()).hexdigest()


def _rating_form(page: PageReader) -> PageForm | None:
    return next((form for form in page.forms if form.groups), None)


def _as_fields(answers: Answers) -> dict[str, str]:
    fields = dict(answers.choices)
    for position, reply in answers.attributes.items():
        fields[f"covers_a_{position}"] = "yes" if reply.covers_a else "no"
        fields[f"covers_b_{position}"] = "yes" if reply.covers_b else "no"
        if reply.aligns is not None:
            fields[f"aligns_{position}"] = reply.aligns
    return fields
