"""A run over all texts: what is known is read, what is missing is asked, each answer is kept at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from labelscope.data.trie import LabelTrie
from labelscope.errors import InvalidInputError, notify
from labelscope.evidence.judgements.answers import label_probabilities, read_answer
from labelscope.evidence.judgements.cache import AnswerLog, request_key
from labelscope.evidence.judgements.http_calls import Endpoint, Reply, host_of
from labelscope.evidence.judgements.prompts import JudgePrompt
from labelscope.evidence.judgements.verdicts import EMPTY, Verdicts
from labelscope.evidence.progress import progress

# Part of every key: answers that were read by older rules are asked anew.
_FORMAT = 1
_TOP = 20
_NEVER = frozenset({401, 403, 404, 405})
_MOST_TOKENS = 64
# Refusals of one text, too long for instance, which say nothing about the next one.
_ABOUT_ONE_TEXT = ("HTTP 400", "HTTP 413", "HTTP 422")


@dataclass(frozen=True)
class Settings:
    """What makes an answer what it is."""

    model: str
    prompt: JudgePrompt
    guideline: str
    classes: tuple[str, ...]
    n_samples: int
    prices: tuple[float, float] | None
    name: str


@dataclass
class Asking:
    """Texts by the hash of what is asked about them, and what came of it."""

    settings: Settings
    endpoint: Endpoint
    log: AnswerLog
    messages: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    fresh: dict[str, dict[str, Any]] = field(default_factory=dict)
    stopped: str = ""
    _failures: int = 0
    _logprobs: bool = True
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _refused: InvalidInputError | None = None

    def keys(self, texts: tuple[str, ...]) -> list[str]:
        """Return the hash of what is asked about each text, "" for empty ones; equal texts are asked once."""
        made: list[str] = []
        own = self.settings
        for text in texts:
            if not text.strip():
                made.append("")
                continue
            messages = own.prompt.messages(text, own.classes, own.guideline)
            key = request_key(_FORMAT, self.endpoint.url, own.model, own.n_samples, messages)
            self.messages[key] = messages
            made.append(key)
        return made

    def left(self) -> list[str]:
        """Return hashes without an answer on disk, in the order of the texts."""
        return [key for key in self.messages if self.log.get(key) is None]

    def run(self, asked: list[str], n_parallel: int, most_failures: int) -> None:
        """Ask until all is answered or the host fails throughout."""
        bar = f"asking {self.settings.name}"
        if n_parallel == 1:
            for key in progress(asked, bar, total=len(asked)):
                self._one(key, most_failures)
        else:
            with ThreadPoolExecutor(n_parallel) as pool:
                jobs = pool.map(lambda key: self._one(key, most_failures), asked)
                try:
                    for _ in progress(jobs, bar, total=len(asked)):
                        pass
                except BaseException:
                    self.stopped = self.stopped or "interrupted"
                    raise
        if self._refused is not None:
            raise self._refused
        if self.stopped:
            notify(
                "judge_stopped",
                f"{self.settings.name} stopped asking {host_of(self.endpoint.url)}: {self.stopped}.",
                "What it did not answer is an abstention; run it again to ask for what is missing.",
            )

    def _one(self, key: str, most_failures: int) -> None:
        if self.stopped or self._refused is not None:
            return
        record = self._asked(self.messages[key])
        with self._lock:
            if record["again"] and not record["reason"].startswith(_ABOUT_ONE_TEXT):
                self._failures += 1
                if self._failures >= most_failures:
                    self.stopped = self.stopped or f"{self._failures} failures in a row"
            else:
                self._failures = 0
            self.fresh[key] = record
        self.log.put(key, record)

    def _asked(self, messages: list[dict[str, str]]) -> dict[str, Any]:
        """Ask about one text and return what is kept of it."""
        own, calls = self.settings, [self._call(messages, 0)]
        first = calls[0]
        if first.label is None and first.again:
            return _record(calls, own, None, first.reason, again=True)
        if first.probs is not None and first.label is not None:
            return _record(calls, own, first.probs.tolist(), "", reading="logprobs")
        if not first.sampled:  # an abstention is an answer: token probabilities would have been there
            return _record(calls, own, None, first.reason, reading="logprobs")
        calls += [self._call(messages, sample) for sample in range(1, own.n_samples)]
        failed = next((call for call in calls if call.again), None)
        if failed is not None:
            return _record(calls, own, None, failed.reason, again=True)
        named = [own.classes.index(call.label) for call in calls if call.label is not None]
        if 2 * len(named) <= len(calls):
            reason = next(call.reason for call in calls if call.label is None)
            return _record(calls, own, None, reason, reading="samples")
        k = len(own.classes)
        # A class that no sample names keeps a share, so that a few samples alike are not called certain.
        counts = np.bincount(named, minlength=k) + 1 / k
        return _record(calls, own, (counts / counts.sum()).tolist(), "", reading="samples")

    def _call(self, messages: list[dict[str, str]], sample: int) -> _Call:
        wants = self._logprobs and sample == 0
        reply = self.endpoint.post(self._body(messages, sample, wants))
        tries = list(reply.tries)
        if wants and reply.status in (400, 422) and reply.reason.endswith("logprobs"):
            self._logprobs = False
            reply, wants = self.endpoint.post(self._body(messages, sample, False)), False
            tries += reply.tries
        if reply.status in _NEVER or 300 <= reply.status < 400:
            self._refused = _refusal(self.endpoint.url, reply)
        call = _read(reply, self.settings.classes, tries)
        if wants and call.label is not None and not call.has_logprobs:
            self._logprobs = False
        return call

    def _body(self, messages: list[dict[str, str]], sample: int, logprobs: bool) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self.settings.model,
            "messages": messages,
            "max_tokens": _MOST_TOKENS,
            "temperature": 1.0 if sample else 0.0,
        }
        if logprobs:
            body |= {"logprobs": True, "top_logprobs": _TOP}
        if sample:
            body["seed"] = sample
        return body


@dataclass(frozen=True)
class _Call:
    """One request and how it was read."""

    label: str | None
    reason: str
    again: bool
    probs: Any
    has_logprobs: bool
    tokens: tuple[int, int] | None
    tries: list[dict[str, Any]]

    @property
    def sampled(self) -> bool:
        """Whether more answers are needed to know how sure the model is."""
        return self.probs is None and not (self.has_logprobs and self.label is None)


def _read(reply: Reply, classes: tuple[str, ...], tries: list[dict[str, Any]]) -> _Call:
    if reply.content is None:
        return _Call(None, reply.reason, True, None, False, None, tries)
    tokens = _tokens(reply.content)
    choices = reply.content.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(choice, dict) or not isinstance(message, dict):
        return _Call(None, "malformed answer", True, None, False, tokens, tries)
    if choice.get("finish_reason") == "content_filter" or message.get("refusal"):
        return _Call(None, "refused by the model", False, None, True, tokens, tries)
    label, reason = read_answer(message.get("content"), LabelTrie(classes))
    held = choice.get("logprobs")
    content = held.get("content") if isinstance(held, dict) else None
    probs = label_probabilities(content, classes)
    return _Call(label, reason, False, probs, bool(content), tokens, tries)


def _tokens(content: dict[str, Any]) -> tuple[int, int] | None:
    usage = content.get("usage")
    if not isinstance(usage, dict):
        return None
    pair = usage.get("prompt_tokens"), usage.get("completion_tokens", 0)
    if all(isinstance(one, int) and not isinstance(one, bool) and one >= 0 for one in pair):
        return int(pair[0] or 0), int(pair[1] or 0)
    return None


def _record(
    calls: list[_Call],
    own: Settings,
    probs: list[float] | None,
    reason: str,
    *,
    reading: str = "",
    again: bool = False,
) -> dict[str, Any]:
    """Return what is kept of a text: the answer, and what each call cost and took."""
    kept = []
    for call in calls:
        cost = None
        if own.prices is not None and call.tokens is not None:
            cost = (call.tokens[0] * own.prices[0] + call.tokens[1] * own.prices[1]) / 1e6
        kept.append({"tokens": call.tokens, "cost": cost, "tries": call.tries})
    return {"probs": probs, "reason": reason, "reading": reading, "again": again, "calls": kept}


def assembled(asking: Asking, keys: list[str]) -> Verdicts:
    """Put answers, from disk and fresh ones, into the rows that they are about.

    Parameters
    ----------
    asking : Asking
    keys : list of str
        The hash of what was asked about each row.

    Returns
    -------
    Verdicts
        What was not asked, for the budget or since the run stopped, is an abstention that says so.
    """
    k = len(asking.settings.classes)
    probs, reasons = np.full((len(keys), k), np.nan), []
    for row, key in enumerate(keys):
        record = asking.fresh.get(key) or asking.log.get(key)
        if not key:
            reasons.append(EMPTY)
            continue
        if record is None:
            reasons.append(f"not asked: {asking.stopped or 'the budget of calls is used up'}")
            continue
        said = record.get("probs")
        good = isinstance(said, list) and len(said) == k
        if good:
            probs[row] = said
        reasons.append("" if good else str(record.get("reason") or "abstained"))
    return Verdicts(probs, tuple(reasons), _facts(asking, keys))


def _facts(asking: Asking, keys: list[str]) -> dict[str, Any]:
    calls = [call for record in asking.fresh.values() for call in record["calls"]]
    tries = [one for call in calls for one in call["tries"]]
    costs = [call["cost"] for call in calls]
    tokens = [call["tokens"] for call in calls if call["tokens"] is not None]
    used = [asking.fresh.get(key) or asking.log.get(key) or {} for key in dict.fromkeys(keys)]
    return {
        "n_calls": len(calls),
        "n_tries": len(tries),
        "n_from_disk": sum(key not in asking.fresh and asking.log.get(key) is not None for key in set(keys)),
        "latency_s": round(sum(one["latency_s"] for one in tries), 6),
        "cost": None if not costs or None in costs else round(sum(costs), 9),
        "tokens_in": sum(pair[0] for pair in tokens),
        "tokens_out": sum(pair[1] for pair in tokens),
        "stopped": asking.stopped,
        "reading": sorted({str(one["reading"]) for one in used if one.get("reading")}),
    }


def _refusal(url: str, reply: Reply) -> InvalidInputError:
    host = host_of(url)
    if reply.status in (401, 403):
        return InvalidInputError(
            f"{host} refuses the key (HTTP {reply.status}).", "Pass api_key= of an account that may use it."
        )
    if 300 <= reply.status < 400:
        return InvalidInputError(
            f"{host} wants to send the texts on to another address (HTTP {reply.status}).",
            "Pass the address itself as url=; redirects are not followed.",
        )
    return InvalidInputError(
        f"{host} has no chat completions at this address (HTTP {reply.status}).",
        "Check url= and model=; a base address mostly ends with /v1.",
    )
