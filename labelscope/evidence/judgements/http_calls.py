"""One call to an endpoint: no redirects, a deadline for the whole of it, retries that wait, and a pace."""

from __future__ import annotations

import email.utils
import http.client
import json
import random
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from typing import Any

from labelscope.errors import InvalidInputError

_LARGEST = 4 << 20
_CHUNK = 1 << 16
_PASSING = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Reply:
    """What came of one request, its retries included.

    Attributes
    ----------
    content : dict or None
        The JSON object, or None.
    reason : str
        Why there is none; else empty.
    status : int
        Of the last try; 0 where no answer came.
    tries : list of dict
        ``status`` and ``latency_s`` of each try.
    """

    content: dict[str, Any] | None
    reason: str
    status: int
    tries: list[dict[str, Any]] = field(default_factory=list)

    @property
    def passing(self) -> bool:
        """Whether asking again later may help."""
        return self.content is None and (self.status in _PASSING or self.status < 300)


class Pace:
    """At most so many requests a minute, evenly spread, for all threads together."""

    def __init__(self, per_minute: float | None) -> None:
        self._gap = 60.0 / per_minute if per_minute else 0.0
        self._lock = threading.Lock()
        self._next = 0.0

    def wait(self) -> None:
        """Wait for one's turn."""
        if not self._gap:
            return
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next)
            self._next = turn + self._gap
        time.sleep(max(0.0, turn - now))


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Texts go to the host that was shown and to no other."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


@dataclass(frozen=True)
class Endpoint:
    """Where to post, and how patiently.

    Attributes
    ----------
    url : str
        Full address.
    headers : dict
        With the key of the service; shown nowhere.
    timeout_s : float
        Deadline of one try, from connecting to the last byte.
    n_retries : int
    backoff_s, longest_wait_s : float
        The first wait, which doubles, and the longest one; ``Retry-After`` is honored up to that.
    pace : Pace
    """

    url: str
    headers: dict[str, str] = field(repr=False)
    timeout_s: float
    n_retries: int
    backoff_s: float
    longest_wait_s: float
    pace: Pace

    def post(self, body: dict[str, Any]) -> Reply:
        """Post JSON until an answer is there, a retry cannot help, or the retries are used up."""
        tries: list[dict[str, Any]] = []
        data = json.dumps(body).encode()
        reply = Reply(None, "no answer", 0)
        for attempt in range(self.n_retries + 1):
            self.pace.wait()
            start = time.perf_counter()
            reply, wait = self._once(data)
            tries.append({"status": reply.status, "latency_s": round(time.perf_counter() - start, 6)})
            if not reply.passing or attempt == self.n_retries:
                break
            # Half of the wait is by chance, so that parallel callers do not come back all at once.
            backoff = self.backoff_s * 2**attempt * (0.5 + random.random() / 2)
            time.sleep(min(self.longest_wait_s, max(backoff, wait)))
        return Reply(reply.content, reply.reason, reply.status, tries)

    def _once(self, data: bytes) -> tuple[Reply, float]:
        """Try once; returns the reply and the wait that the server asks for, in seconds."""
        request = urllib.request.Request(self.url, data=data, headers=self.headers, method="POST")
        deadline = time.monotonic() + self.timeout_s
        try:
            with self._opener().open(request, timeout=self.timeout_s) as response:
                content = _read(response, deadline)
                return _parsed(content, int(response.status)), 0.0
        except urllib.error.HTTPError as error:
            wait = _retry_after(error.headers.get("Retry-After") if error.headers else None)
            reason = f"HTTP {error.code}" + (_detail(error, deadline) if error.code in (400, 422) else "")
            error.close()
            return Reply(None, reason, int(error.code)), wait
        except TimeoutError:
            return Reply(None, "timed out", 0), 0.0
        except (OSError, http.client.HTTPException) as error:
            cause = getattr(error, "reason", error)
            timed_out = isinstance(cause, TimeoutError)
            return Reply(None, "timed out" if timed_out else "connection failed", 0), 0.0

    def _opener(self) -> urllib.request.OpenerDirector:
        handlers: list[urllib.request.BaseHandler] = [_NoRedirect()]
        if host_of(self.url).rsplit(":", 1)[0].strip("[]") in _LOOPBACK:
            handlers.append(urllib.request.ProxyHandler({}))
        return urllib.request.build_opener(*handlers)


def _read(response: Any, deadline: float) -> bytes:
    """Read a body that may trickle in, up to a deadline and a size."""
    parts: list[bytes] = []
    size = 0
    while True:
        part = response.read1(_CHUNK)
        if not part:
            # A connection that is cut leaves fewer bytes than were announced.
            if getattr(response, "length", None):
                raise http.client.IncompleteRead(b"".join(parts))
            return b"".join(parts)
        parts.append(part)
        size += len(part)
        if time.monotonic() > deadline:
            raise TimeoutError
        if size > _LARGEST:
            raise http.client.HTTPException("too large")


def _parsed(content: bytes, status: int) -> Reply:
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return Reply(None, "malformed answer", status)
    if not isinstance(value, dict):
        return Reply(None, "malformed answer", status)
    return Reply(value, "", status)


def _detail(error: urllib.error.HTTPError, deadline: float) -> str:
    """Whether a refusal is about token probabilities; nothing else of what the server says is kept."""
    try:
        said = _read(error, deadline).decode("utf-8", "replace").lower()
    except (OSError, http.client.HTTPException):
        return ""
    return " about logprobs" if "logprob" in said else ""


def _retry_after(value: str | None) -> float:
    """Seconds of a ``Retry-After`` header, which holds a number or a date."""
    if not value:
        return 0.0
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except (TypeError, ValueError):
        return 0.0


def host_of(url: str) -> str:
    """Return host and port of an address, without user names and queries."""
    parts = urllib.parse.urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else (parts.hostname or "")
    return f"{host}:{parts.port}" if parts.port else host


def completions_url(url: str) -> str:
    """Return the address of chat completions below a base address.

    Raises
    ------
    InvalidInputError
        No http or https address.

    Examples
    --------
    >>> completions_url("https://api.example.org/v1/")
    'https://api.example.org/v1/chat/completions'
    """
    try:
        parts = urllib.parse.urlsplit(url)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except (ValueError, AttributeError):
        fits = False
    if not fits:
        raise InvalidInputError(
            f"url is {url!r}.", "Pass an http or https address such as 'https://api.example.org/v1'."
        )
    path = parts.path.rstrip("/")
    path = path if path.endswith("/chat/completions") else f"{path}/chat/completions"
    return urllib.parse.urlunsplit((parts.scheme, parts.netloc, path, parts.query, ""))
