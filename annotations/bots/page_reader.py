"""Reads rater pages as a browser would: the visible texts and the forms with their fields."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

_READ_IDS = {"item-title", "item-description", "text-a", "text-b"}
_VOID = {"br", "hr", "img", "input", "link", "meta"}


@dataclass
class PageForm:
    """One form: where it goes, its hidden fields, and the values each radio group offers."""

    action: str
    method: str
    hidden: dict[str, str] = field(default_factory=dict)
    groups: dict[str, list[str]] = field(default_factory=dict)


class PageReader(HTMLParser):
    """Parses one page; afterwards ``forms``, ``texts`` (by element id) and ``attributes`` are set."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[PageForm] = []
        self.texts: dict[str, str] = {}
        self.attributes: list[str] = []
        self._form: PageForm | None = None
        self._open: list[tuple[str, str | None]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = PageForm(given.get("action", ""), given.get("method", "get").lower())
            self.forms.append(self._form)
        elif tag == "input" and self._form is not None:
            self._read_input(given)
        if tag in _VOID:
            return
        reading = given.get("id") if given.get("id") in _READ_IDS else None
        if "attribute-text" in given.get("class", "").split():
            reading = "attribute"
            self.attributes.append("")
        self._open.append((tag, reading))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        while self._open:
            opened, _ = self._open.pop()
            if opened == tag:
                break

    def handle_data(self, data: str) -> None:
        for _, reading in self._open:
            if reading == "attribute":
                self.attributes[-1] += data
            elif reading is not None:
                self.texts[reading] = self.texts.get(reading, "") + data

    def _read_input(self, given: dict[str, str]) -> None:
        assert self._form is not None
        kind, name = given.get("type", "text"), given.get("name", "")
        if not name:
            return
        if kind == "hidden":
            self._form.hidden[name] = given.get("value", "")
        elif kind == "radio":
            self._form.groups.setdefault(name, []).append(given.get("value", ""))
