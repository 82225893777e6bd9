"""A judge that is a model behind an OpenAI-compatible endpoint."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from labelscope.errors import InvalidInputError, MissingEvidenceError, notify
from labelscope.evidence.judgements.cache import AnswerLog
from labelscope.evidence.judgements.cases import Cases
from labelscope.evidence.judgements.http_calls import Endpoint, Pace, completions_url, host_of
from labelscope.evidence.judgements.http_run import Asking, Settings, assembled
from labelscope.evidence.judgements.prompts import JudgePrompt, prompt_of
from labelscope.evidence.judgements.verdicts import Verdicts, abstained

_FOLDER = str(Path(".labelscope") / "judgements")


@dataclass(frozen=True, kw_only=True)
class HTTPJudge:
    """A model that is asked over HTTP, text by text.

    Texts leave this machine, so that ``send_texts=True`` must be said; a notice names the host before the
    first one is sent. Given labels are never sent: a judge is handed cases without them.

    Parameters
    ----------
    url : str
        Base address, such as ``"http://localhost:11434/v1"``; ``/chat/completions`` is added.
    model : str
    prompt : str or JudgePrompt
        One of ``labelscope.evidence.judgements.PROMPTS``, or one of your own.
    title : str
        Name of the column of votes; by default model and prompt.
    send_texts : bool
        Whether texts may be sent to the host.
    api_key : str, optional
        Sent as a bearer token; never shown, logged or hashed.
    guideline : str
        What the people who labeled were told; without it, a judge's disagreement may only be another
        definition.
    n_samples : int
        Answers a text where the endpoint gives no token probabilities.
    timeout_s : float
        Seconds for one try, connecting and the last byte included.
    n_retries : int
        Further tries after a timeout, a cut connection, a malformed body, 429 or 5xx.
    backoff_s, longest_wait_s : float
        Seconds of the first wait, which doubles, and of the longest; ``Retry-After`` is honored up to it.
    per_minute : float, optional
        Most requests a minute.
    n_parallel : int
        Requests at a time.
    max_calls : int, optional
        Most texts that are asked about in one run; the others are abstentions. 0 only reads what is on disk.
    most_failures : int
        After so many failures in a row the run stops asking; what is missing is asked the next time.
    prices : (float, float), optional
        Cost of a million tokens, in and out.
    most_characters : int
        Longer texts are cut, with a notice.
    folder : path, optional
        Of the answers, one line each under a hash of what was asked; a run that was interrupted goes on from
        it. None keeps them in memory.

    Examples
    --------
    >>> HTTPJudge(url="http://localhost:8000/v1", model="small", send_texts=True).name
    'small plain'
    """

    learns: ClassVar[bool] = False

    url: str
    model: str
    prompt: str | JudgePrompt = "plain"
    title: str = ""
    send_texts: bool = False
    api_key: str | None = field(default=None, repr=False)
    guideline: str = ""
    n_samples: int = 5
    timeout_s: float = 30.0
    n_retries: int = 4
    backoff_s: float = 1.0
    longest_wait_s: float = 60.0
    per_minute: float | None = None
    n_parallel: int = 1
    max_calls: int | None = None
    most_failures: int = 10
    prices: tuple[float, float] | None = None
    most_characters: int = 8000
    folder: str | Path | None = _FOLDER

    def __post_init__(self) -> None:
        prompt_of(self.prompt)
        completions_url(self.url)
        least = {
            "n_samples": 1, "n_retries": 0, "n_parallel": 1, "most_failures": 1, "most_characters": 1,
            "max_calls": 0, "backoff_s": 0, "longest_wait_s": 0,
        }  # fmt: skip
        for name, low in least.items():
            value = getattr(self, name)
            if value is not None and not value >= low:
                raise InvalidInputError(f"{name} is {value}.", f"Pass {low} or more.")
        for name in ("timeout_s", "per_minute"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise InvalidInputError(f"{name} is {value}.", "Pass a positive number.")
        if self.prices is not None and (len(self.prices) != 2 or not min(self.prices) >= 0):
            raise InvalidInputError(
                f"prices is {self.prices}.",
                "Pass the cost of a million tokens in and out, 0 where it is free.",
            )

    @property
    def name(self) -> str:
        """Name of the column of votes."""
        return self.title or f"{self.model} {prompt_of(self.prompt).name}"

    @property
    def host(self) -> str:
        """Where texts are sent."""
        return host_of(self.url)

    def judge(self, cases: Cases) -> Verdicts:
        """Judge all rows.

        Parameters
        ----------
        cases : Cases
            With texts.

        Returns
        -------
        Verdicts
            Facts: ``host``, ``n_calls``, ``n_tries``, ``n_from_disk``, ``latency_s``, ``cost`` (None without
            prices or counts of tokens), ``tokens_in``, ``tokens_out``, ``stopped`` and ``reading``
            (``"logprobs"``, ``"samples"`` or both).

        Raises
        ------
        InvalidInputError
            Not opted in, or the endpoint refuses everything (no such address, wrong key).
        MissingEvidenceError
            No texts.
        JournalError
            Answers cannot be kept in ``folder``.
        """
        if not self.send_texts:
            raise InvalidInputError(
                f"{self.name} would send texts to {self.host}, which was not allowed.",
                "Pass send_texts=True where the texts may leave this machine.",
            )
        if cases.texts is None:
            raise MissingEvidenceError.of("texts", self.name)
        if len(cases.classes) < 2 or not cases.n:
            return abstained(cases.n, len(cases.classes), "fewer than two classes", {"host": self.host})
        log = AnswerLog(self.folder, f"{self.host} {self.model}")
        asking = Asking(self._settings(cases.classes), self._endpoint(), log)
        keys = asking.keys(self._cut(cases.texts))
        left = asking.left()[: self.max_calls]
        if left:
            notify(
                "judge_sends_texts",
                f"{len(left):,} texts are sent to {self.host} (model {self.model!r}, prompt"
                f" {prompt_of(self.prompt).name!r}); given labels are not.",
                "Interrupt to stop; answers so far are kept.",
            )
            asking.run(left, self.n_parallel, self.most_failures)
        verdicts = assembled(asking, keys)
        return Verdicts(verdicts.probs, verdicts.reasons, {"host": self.host, **verdicts.facts})

    def _settings(self, classes: tuple[str, ...]) -> Settings:
        asked = prompt_of(self.prompt)
        return Settings(self.model, asked, self.guideline, classes, self.n_samples, self.prices, self.name)

    def _endpoint(self) -> Endpoint:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self.api_key:
            headers["Authorization"] = f"Bearer {self.api_key}"
        return Endpoint(
            completions_url(self.url),
            headers,
            self.timeout_s,
            self.n_retries,
            self.backoff_s,
            self.longest_wait_s,
            Pace(self.per_minute),
        )

    def _cut(self, texts: tuple[str, ...]) -> tuple[str, ...]:
        most = self.most_characters
        long = [row for row, text in enumerate(texts) if len(text) > most]
        if long:
            notify(
                "judge_cuts_texts",
                f"{len(long):,} texts are longer than {most:,} characters; {self.name} sees their beginning.",
                "Pass most_characters= to send more.",
                rows=long,
            )
        return tuple(text[:most] for text in texts)
