"""A server on this machine that speaks the protocol of chat completions, well or badly."""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

#: From the text and the whole request to what is answered.
Behavior = Callable[[str, dict[str, Any], int], "Answer"]


class Answer:
    """What the server does with one request."""

    def __init__(
        self,
        content: Any = None,
        *,
        status: int = 200,
        headers: dict[str, str] | None = None,
        tops: dict[str, float] | None = None,
        raw: bytes | None = None,
        body: Any = None,
        delay: float = 0.0,
        drip: float = 0.0,
        cut: bool = False,
    ) -> None:
        self.status, self.headers, self.delay, self.drip, self.cut = status, headers or {}, delay, drip, cut
        choice: dict[str, Any] = {"index": 0, "message": {"role": "assistant", "content": content}}
        if tops is not None:
            steps = [{"token": t, "logprob": math.log(p)} for t, p in tops.items()]
            taken = next(one for one in steps if str(content).startswith(one["token"].strip()))
            choice["logprobs"] = {"content": [{**taken, "top_logprobs": steps}]}
        usage = {"prompt_tokens": 40, "completion_tokens": 2}
        made = {"object": "chat.completion", "choices": [choice], "usage": usage} if body is None else body
        self.raw = json.dumps(made).encode() if raw is None else raw


class Server:
    """Requests that came in, in order, and how they are answered."""

    def __init__(self, behavior: Behavior) -> None:
        self.behavior = behavior
        self.requests: list[dict[str, Any]] = []
        self.raw: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.times: list[float] = []
        self.busy = self.most_busy = 0
        self.lock = threading.Lock()
        self.url = ""

    @property
    def texts(self) -> list[str]:
        """Texts that were asked about."""
        return [json.loads(one["messages"][-1]["content"])["text"] for one in self.requests]


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            request = json.loads(raw)
            text = json.loads(request["messages"][-1]["content"])["text"]
            with server.lock:
                server.requests.append(request)
                server.raw.append(raw)
                server.headers.append(dict(self.headers))
                server.times.append(time.monotonic())
                number = server.texts.count(text)
                server.busy += 1
                server.most_busy = max(server.most_busy, server.busy)
            try:
                if not self.path.endswith("/v1/chat/completions"):
                    self.send_error(404)
                    return
                self.answer(server.behavior(text, request, number))
            except (BrokenPipeError, ConnectionResetError):
                pass  # the client gave up, as it should
            finally:
                with server.lock:
                    server.busy -= 1

        def answer(self, said: Answer) -> None:
            time.sleep(said.delay)
            self.send_response(said.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(said.raw)))
            for name, value in said.headers.items():
                self.send_header(name, value)
            self.end_headers()
            if said.cut:
                self.wfile.write(said.raw[: len(said.raw) // 2])
                self.wfile.flush()
                self.connection.close()
            elif said.drip:
                for place in range(len(said.raw)):
                    self.wfile.write(said.raw[place : place + 1])
                    self.wfile.flush()
                    time.sleep(said.drip)
            else:
                self.wfile.write(said.raw)

    return Handler


@contextmanager
def serving(behavior: Behavior) -> Iterator[Server]:
    """Serve on a free port of this machine."""
    server = Server(behavior)
    http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(server))
    http.daemon_threads = True
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    server.url = f"http://127.0.0.1:{http.server_address[1]}/v1"
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join()
