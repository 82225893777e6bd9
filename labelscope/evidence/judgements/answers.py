"""Free answers and token probabilities, read as labels of the taxonomy or as abstentions with a reason."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from labelscope.data.completion import folded
from labelscope.data.trie import LabelTrie
from labelscope.evidence.judgements.prompts import UNSURE
from labelscope.types import FloatArray

_FENCE = re.compile(r"^```[a-z]*\s*|\s*```$")
_LEAD = re.compile(r"^(?:the\s+)?(?:label|answer|class|category)\s*(?:is)?\s*[:=]?\s*", re.IGNORECASE)
_ENDS = " \t\r\n.!\"'`*“”‘’"
_KEYS = ("label", "answer", "class", "category")
_SHOWN = 60
# Less of the probability than this on labels means that the tokens cannot be read as labels.
_ENOUGH = 0.5


def read_answer(text: object, trie: LabelTrie) -> tuple[str | None, str]:
    """Read what a model wrote.

    Parameters
    ----------
    text : object
        Its answer; anything but a text is malformed.
    trie : LabelTrie
        The labels.

    Returns
    -------
    label : str or None
        Exactly one label of the taxonomy, or None.
    reason : str
        Why there is none; else empty.

    Examples
    --------
    >>> trie = LabelTrie(["joy", "anger"])
    >>> read_answer("Label: JOY.", trie), read_answer('{"label": "anger"}', trie)
    (('joy', ''), ('anger', ''))
    >>> read_answer("joy, anger", trie), read_answer("angr", trie)
    ((None, 'several labels'), (None, "not a label: 'angr' (near 'anger')"))
    """
    if not isinstance(text, str):
        return None, "malformed answer"
    bare = _inner(_FENCE.sub("", text.strip()).strip())
    if not bare:
        return None, "empty answer"
    for form in (bare, bare.strip(_ENDS), _LEAD.sub("", bare, count=1).strip(_ENDS)):
        label = trie.find(form) if form else None
        if label is not None:
            return label, ""
    if folded(bare.strip(_ENDS)) == UNSURE:
        return None, UNSURE
    found = trie.parse(bare[:2000])
    if len(found.labels) > 1:
        return None, "several labels"
    if len(found.labels) == 1 and not found.unknown:
        return found.labels[0], ""
    part, near = found.unknown[0] if found.unknown else (bare, None)
    if found.labels:  # one label amid other words: it may be denied by them
        return None, "more than a label"
    shown = part if len(part) <= _SHOWN else part[: _SHOWN - 1] + "…"
    return None, f"not a label: {shown!r}" + (f" (near {near!r})" if near else "")


def _inner(text: str) -> str:
    """Take the label out of a JSON object or string, where the answer is one."""
    if text[:1] not in ("{", '"', "["):
        return text
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, dict):
        value = next((value[key] for key in _KEYS if key in value), None)
    return value.strip() if isinstance(value, str) else text


def label_probabilities(content: object, labels: Sequence[str]) -> FloatArray | None:
    """Read the probability of each label from those of the tokens.

    At each step of what was written, alternatives that can only go on to one label give it their
    probability; those that could go on to several share it among these; what leads to no label is left out.
    The way that was taken is followed as long as it is open where it leads.

    Parameters
    ----------
    content : list of dict
        ``token``, ``logprob`` and ``top_logprobs`` of each step, as chat completions give them.
    labels : sequence of str

    Returns
    -------
    (K,) float64 or None
        Sums to 1. None where tokens are absent or malformed, or where less than half of the probability
        leads to labels.

    Examples
    --------
    >>> step = {"token": "joy", "logprob": -0.1, "top_logprobs": [{"token": "joy", "logprob": -0.1},
    ...         {"token": "ang", "logprob": -2.4}]}
    >>> label_probabilities([step], ["joy", "anger"]).round(2).tolist()
    [0.91, 0.09]
    """
    if not isinstance(content, list) or not content:
        return None
    names = [folded(label) for label in labels]
    probs = np.zeros(len(names))
    written, weight = "", 1.0
    for step in content:
        tokens = _tokens(step)
        if tokens is None:
            return None
        taken = step["token"]
        open_ways: list[int] = []
        for token, chance in tokens.items():
            ways = _leads_to(written + token, names)
            if token == taken:
                open_ways = ways
            elif ways and folded(token):
                probs[ways] += weight * chance / len(ways)
        weight *= tokens[taken]
        written += taken
        if len(open_ways) < 2:
            probs[open_ways] += weight
            return _normalized(probs)
    exact = [place for place, name in enumerate(names) if name == _bare(written)]
    ways = exact or _leads_to(written, names)
    if ways:
        probs[ways] += weight / len(ways)
    return _normalized(probs)


def _normalized(probs: FloatArray) -> FloatArray | None:
    total = float(probs.sum())
    return probs / total if _ENOUGH <= total <= 1.01 else None


def _bare(text: str) -> str:
    return folded(text.strip(_ENDS))


def _leads_to(text: str, names: list[str]) -> list[int]:
    """Labels that a beginning can go on to, or that it has written out."""
    start, whole = folded(text.lstrip(_ENDS)), _bare(text)
    ended = text[-1:] in tuple(".!\"'`\n") and bool(whole)
    if ended:
        done = [place for place, name in enumerate(names) if name == whole]
        if done:
            return done
    return [place for place, name in enumerate(names) if name.startswith(start)]


def _tokens(step: Any) -> dict[str, float] | None:
    """Probabilities of the alternatives at a step, the one that was taken included."""
    if not isinstance(step, dict):
        return None
    others = step.get("top_logprobs")
    tokens: dict[str, float] = {}
    for one in [step, *(others if isinstance(others, list) else [])]:
        token, value = (one.get("token"), one.get("logprob")) if isinstance(one, dict) else (None, None)
        if not isinstance(token, str) or isinstance(value, bool) or not isinstance(value, int | float):
            return None
        if math.isnan(value) or value > 1e-3:
            return None
        tokens.setdefault(token, math.exp(min(value, 0.0)))
    return tokens
