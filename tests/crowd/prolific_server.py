"""A local server that speaks Prolific's API as documented, and misbehaves when told to."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "a-token-of-forty-characters-0123456789ab"


@dataclass
class Fault:
    """What one request gets instead of its answer."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"{}"
    hang: bool = False


@dataclass
class FakeProlific:
    """Studies with their submissions, the requests seen, and the faults to come, first in first out."""

    url: str = ""
    studies: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    page_size: int = 2
    faults: list[Fault] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    next_host: str | None = None
    released: threading.Event = field(default_factory=threading.Event)

    def submit(self, study: str, submission: str, participant: str, status: str) -> None:
        rows = self.studies.setdefault(study, [])
        rows[:] = [row for row in rows if row["id"] != submission]
        rows.append(
            {
                "id": submission,
                "participant_id": participant,
                "status": status,
                "started_at": "2026-11-23T10:00:00Z",
                "completed_at": None,
                "study_code": None,
            }
        )

    def answer(self, path: str, authorization: str) -> tuple[int, Any]:
        if authorization != f"Token {TOKEN}":
            return 401, {"error": {"status": 401, "title": "Authentication"}}
        parts = urlsplit(path)
        words = parts.path.strip("/").split("/")
        if words[:3] != ["api", "v1", "studies"] or words[4:] != ["submissions"]:
            return 404, {"error": {"status": 404}}
        rows = self.studies.get(words[3])
        if rows is None:
            return 404, {"error": {"status": 404}}
        page = int(parse_qs(parts.query).get("page", ["1"])[0])
        shown = rows[(page - 1) * self.page_size : page * self.page_size]
        more = page * self.page_size < len(rows)
        host = self.next_host or self.url
        following = f"{host}{parts.path}?page={page + 1}" if more else None
        links = {"self": {"href": path}, "next": {"href": following, "title": "Next"}}
        return 200, {"results": shown, "_links": links, "meta": {"count": len(rows)}}


@contextmanager
def running() -> Iterator[FakeProlific]:
    fake = FakeProlific()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            fake.requests.append(self.path)
            if fake.faults:
                fault = fake.faults.pop(0)
                if fault.hang:
                    fake.released.wait(10)
                    return
                self._send(fault.status, fault.body, fault.headers)
                return
            status, content = fake.answer(self.path, self.headers.get("Authorization", ""))
            self._send(status, json.dumps(content).encode(), {})

        def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    fake.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield fake
    finally:
        fake.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
