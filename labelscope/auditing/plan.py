"""Which evidence is missing, in what order it is made, and where it is found again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

import labelscope
from labelscope.auditing.cache import Cache, content_key
from labelscope.auditing.settings import settings_text
from labelscope.data.dataset import Dataset
from labelscope.errors import collect_notices, notify
from labelscope.evidence.estimators import takes_raw_input
from labelscope.types import Array, Evidence, Made, Provider

# A provider that names no need for it still changes with these, so they are part of every key.
_SHARED_INPUTS = ("features", "knn_ids", "duplicates", "groups")
# What codes stand for: there may be classes without a row, and models see the labels themselves.
_NAMED = ("classes", "tag_names")
# Where the notices of a provider lie among the facts of its cache entry.
_NOTICES = "notices"


@dataclass
class Workbench:
    """Evidence that grows step by step, each step looked up in the cache before it is made.

    Parameters
    ----------
    dataset : Dataset
    evidence : Evidence
        What the user gave.
    random_state : int
        Seed of every provider.
    cache : Cache
        Where made evidence is kept between processes.
    """

    dataset: Dataset
    evidence: Evidence
    random_state: int = 0
    cache: Cache = field(default_factory=Cache)
    facts: dict[str, Any] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)

    def run(self, provider: Provider, *, cacheable: bool = True) -> None:
        """Make what ``provider`` makes, unless all of it is there."""
        missing = [name for name in provider.makes if name not in self.evidence]
        if not missing:
            return
        made = self._made(provider, cacheable=cacheable)
        self.facts.update(made.facts)
        self.evidence = self.evidence.including(**{k: v for k, v in made.arrays.items() if k in missing})

    def later(self, provider: Provider, name: str) -> tuple[Array | None, Callable[[], Array]]:
        """Return the array if it is cached, and a function that makes it, for evidence that can wait."""
        key = self._key(provider)
        found = None if key is None else self.cache.get(key)
        if found is not None:
            self.facts.update({k: v for k, v in found.facts.items() if k != _NOTICES})

        def make() -> Array:
            made = self._made(provider)
            self.facts.update(made.facts)
            return made.arrays[name]

        return (None if found is None else found.arrays.get(name)), make

    def _made(self, provider: Provider, *, cacheable: bool = True) -> Made:
        key = self._key(provider) if cacheable else None
        made = None if key is None else self.cache.get(key)
        if made is None:
            with collect_notices() as said:
                made = provider.make(self.dataset, self.evidence, random_state=self.random_state)
            if key is not None:
                self.cache.put(key, Made(made.arrays, {**made.facts, _NOTICES: [asdict(n) for n in said]}))
        else:
            made = Made(made.arrays, dict(made.facts))
            for notice in made.facts.pop(_NOTICES, ()):  # what was wrong with the data still is
                notify(**notice)
        if key is not None:  # else what was made is told by its content
            for name in made.arrays:
                self.keys.setdefault(name, content_key(key, name))
        return made

    def _key(self, provider: Provider) -> str | None:
        """Return the key of what a provider would make; None where the same settings may make another."""
        settings = settings_text(provider)
        if settings is None:
            return None
        learned = "given_labels" in provider.needs or "concepts" in provider.needs
        names = dict.fromkeys((*_SHARED_INPUTS, *provider.needs, *(_NAMED if learned else ())))
        raw = "features" not in self.evidence or takes_raw_input(getattr(provider, "model", None))
        inputs = [f"{name}={self._input_key(name)}" for name in names if name in self.evidence]
        return content_key(
            labelscope.__version__,
            _NOTICES,
            provider.name,
            settings,
            self.random_state,
            self._media_key() if raw else "",
            *inputs,
        )

    def _input_key(self, name: str) -> str:
        if name not in self.keys:
            value = self.evidence[name]
            self.keys[name] = content_key(np.asarray(value))
        return self.keys[name]

    def _media_key(self) -> str:
        if "media" not in self.keys:
            self.keys["media"] = self.dataset.media.content_key()
        return self.keys["media"]
