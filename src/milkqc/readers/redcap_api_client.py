"""One request to REDCap's API: encrypted, with patience, and every strange answer named without the token."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from milkqc.readers.redcap_lines import Named

logger = logging.getLogger("milkqc")

# Worth another try: the server is busy, restarting or behind a proxy that gave up.
_AGAIN = {408, 429, 500, 502, 503, 504}
WAITS = (1.0, 4.0, 16.0)
_CONNECT, _ANSWER = 20.0, 300.0
# An answer of REDCap may be large; a machine's memory is not endless.
MOST_BYTES = 2_000_000_000


@dataclass(frozen=True)
class Server:
    """An address of an API and the token it knows us by; the token never shows."""

    url: str
    token: str = field(repr=False)
    ca_bundle: Path | None = None


class RefusedError(Exception):
    """REDCap answered a request with an error of its own; `status` is HTTP's, `said` its words without the token."""

    def __init__(self, status: int, said: str):
        self.status, self.said = status, said
        super().__init__(said)


@dataclass
class Client:
    """Asks one server; `sleep` waits between tries."""

    asked: Named
    server: Server
    sleep: Callable[[float], None] = time.sleep

    def ask(self, content: str, *, form: str = "csv", **more: str) -> bytes:
        """The answer to one request, as bytes; SourceError when there is none that could be REDCap's.

        RefusedError when REDCap itself refuses (a classic project asked for its events, say): the caller knows what
        that means.
        """
        data = {
            "token": self.server.token,
            "content": content,
            "format": form,
            "returnFormat": "json",
            **more,
        }
        for attempt, wait in enumerate((*WAITS, None)):
            status, kind, body = self._once(data, last=wait is None)
            if status in _AGAIN and wait is not None:
                logger.info(
                    "%s: %s answered %d, trying again (%d)", self.asked.name, content, status, attempt + 2
                )
                self.sleep(wait)
                continue
            if status == 0:
                if wait is None:
                    raise self.asked.error(
                        f"did not answer ({kind}) in {len(WAITS) + 1} tries.",
                        "Check the address and the network, and try again later.",
                    )
                self.sleep(wait)
                continue
            return self._judged(content, status, kind, body, form)
        raise AssertionError("the last try returns or raises")

    def _once(self, data: Mapping[str, str], *, last: bool) -> tuple[int, str, bytes]:  # noqa: ARG002
        """Status, content type and body; status 0 and what went wrong when there is no answer."""
        import requests

        try:
            answer = requests.post(
                self.server.url,
                data=dict(data),
                timeout=(_CONNECT, _ANSWER),
                verify=str(self.server.ca_bundle) if self.server.ca_bundle is not None else True,
                # A redirect would carry the token to an address that nobody declared.
                allow_redirects=False,
                stream=True,
            )
            with answer:
                body = b""
                for piece in answer.iter_content(1 << 20):
                    body += piece
                    if len(body) > MOST_BYTES:
                        raise self.asked.error(
                            f"answers with more than {MOST_BYTES:,} bytes.",
                            "Fetch fewer forms, or export the project.",
                        )
                return answer.status_code, answer.headers.get("Content-Type", ""), body
        except requests.exceptions.SSLError:
            raise self.asked.error(
                "its certificate is not trusted.",
                "Check the address; for a certificate of your own institution set REQUESTS_CA_BUNDLE.",
            ) from None
        except requests.exceptions.Timeout:
            return 0, "time-out", b""
        except requests.exceptions.RequestException as error:
            # The exception's text holds the address and may hold what was sent; its kind does not.
            return 0, type(error).__name__, b""

    def _judged(self, content: str, status: int, kind: str, body: bytes, form: str) -> bytes:
        start = body[:512].lstrip(b"\xef\xbb\xbf \r\n\t").lower()
        if 300 <= status < 400:
            raise self.asked.error(
                f"sends requests on to another address (HTTP {status}).",
                "Give the address of the API itself, which ends in /api/.",
            )
        if start.startswith((b"<!doctype", b"<html", b"<head", b"<body")) or b"<html" in start:
            raise self.asked.error(
                f"answers {content} with a web page, not with data (HTTP {status}).",
                "Give the address of the API (it ends in /api/), and check that it can be reached without a login.",
            )
        said = _error_in(body)
        if said is not None or status >= 400:
            raise RefusedError(status, self._clean(said or f"HTTP {status}"))
        if status != 200:
            raise self.asked.error(f"answers {content} with HTTP {status}.", "Ask REDCap's administrator.")
        if form == "json":
            try:
                json.loads(body)
            except ValueError:
                raise self.asked.error(
                    f"answers {content} with JSON that is cut or broken ({len(body)} bytes, {kind or 'no type'}).",
                    "Try again; if it stays, ask REDCap's administrator.",
                ) from None
        return body

    def _clean(self, text: str) -> str:
        """REDCap's words on one line, without the token, never more than a sentence."""
        plain = re.sub(r"<[^>]*>|\s+", " ", text.replace(self.server.token, "(token)")).strip()
        return plain if len(plain) <= 200 else plain[:197] + "..."


def _error_in(body: bytes) -> str | None:
    """What REDCap says went wrong: JSON or XML with `error`, or a CSV whose first word it is; None for data."""
    start = body[:2048].lstrip(b"\xef\xbb\xbf \r\n\t")
    text = start.decode("utf-8", errors="replace")
    if text.startswith("{"):
        try:
            found: Any = json.loads(body)
        except ValueError:
            return None
        return str(found["error"]) if isinstance(found, dict) and set(found) == {"error"} else None
    hit = re.match(r'"?error:?"?\s*(.*)', text, re.IGNORECASE | re.DOTALL)
    if hit and ("\n" not in text.strip() or text.lower().startswith(("error:", '"error'))):
        return hit[1].strip('" \r\n') or "error"
    hit = re.search(r"<error>(.*?)</error>", text, re.DOTALL)
    return hit[1] if hit and text.startswith("<?xml") else None
