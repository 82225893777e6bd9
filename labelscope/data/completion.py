"""What a person or a model wrote, and the labels that may be meant by it."""

from __future__ import annotations

import difflib
import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_WORD = re.compile(r"[^\W_]+")
_BETWEEN = re.compile(r"[,;|\n]")
_BULLET = re.compile(r"^\s*(?:[-*•]|\(?\d{1,3}[.)])\s+")
_QUOTES = "\"'`“”‘’«»"
_LAST = "\U0010ffff"


@dataclass(frozen=True)
class Answer:
    """What a free text says in terms of a taxonomy.

    Attributes
    ----------
    labels : tuple of str
        Labels that were named, each once, in the order of the text.
    unknown : tuple of (str, str or None)
        What is no label, each with the label that it nearly is.

    Examples
    --------
    >>> Answer(("joy",), (("angst", "anger"),)).labels
    ('joy',)
    """

    labels: tuple[str, ...]
    unknown: tuple[tuple[str, str | None], ...]


def folded(text: str) -> str:
    """Bring a text into the form that is compared: no case, no accents, single spaces.

    Examples
    --------
    >>> folded("  Crème   BRÛLÉE ")
    'creme brulee'
    """
    apart = unicodedata.normalize("NFKD", text)
    plain = "".join(c for c in apart if not unicodedata.combining(c)).casefold()
    # Case folding may bring accents of its own, such as the dot of a Turkish capital I.
    again = "".join(c for c in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(c))
    return " ".join(again.split())


def word_starts(text: str) -> list[int]:
    """Return where the words of a text begin; every sign that is no letter and no digit ends a word."""
    return [found.start() for found in _WORD.finditer(text)]


class Completion:
    """Labels by what is typed of them.

    Parameters
    ----------
    labels : sequence of str
        K distinct labels.
    counts : sequence of int, optional
        How often each label is used; among labels that match equally well, frequent ones come first.
    """

    def __init__(self, labels: Sequence[str], counts: Sequence[int] | None = None) -> None:
        self._labels = tuple(labels)
        self._folded = [folded(label) for label in self._labels]
        uses = [0] * len(self._labels) if counts is None else [int(count) for count in counts]
        self._worth = [(-uses[i], len(text), text, self._labels[i]) for i, text in enumerate(self._folded)]
        self._exact = {label: i for i, label in enumerate(self._labels)}
        self._same: dict[str, list[int]] = {}
        for i, text in enumerate(self._folded):
            self._same.setdefault(text, []).append(i)
        # Every label from each of its words on, sorted, so that what starts like the query is one stretch.
        ends = {(text[at:], i) for i, text in enumerate(self._folded) for at in {0, *word_starts(text)}}
        self._ends = sorted(ends)

    def complete(self, query: str, *, exclude: Iterable[str] = (), n: int | None = 10) -> list[str]:
        """Return labels that start like the query, or have words that do; see `LabelTrie.complete`."""
        wanted = folded(query)
        out = {self._exact[label] for label in exclude if label in self._exact}
        ranks = {i: rank for i, rank in self._matches(wanted).items() if i not in out}
        best = sorted(ranks, key=lambda i: (ranks[i], *self._worth[i]))
        return [self._labels[i] for i in best[:n]]

    def find(self, text: str) -> str | None:
        """Return the label that is meant: the very text, or the only one that differs in case and accents."""
        bare = text.strip()
        for given in (text, bare):
            if given in self._exact:
                return given
        same = self._same.get(folded(bare), [])
        return self._labels[same[0]] if len(same) == 1 else None

    def near(self, text: str, *, exclude: Iterable[str] = (), n: int = 3, cutoff: float = 0.5) -> list[str]:
        """Return labels whose spelling is nearest to a text, the nearest first."""
        out, wanted = set(exclude), folded(text)
        if n < 1 or not wanted:
            return []
        likely = difflib.get_close_matches(wanted, self._same, n=n + len(out), cutoff=cutoff)
        found = [self._labels[i] for one in likely for i in self._same[one]]
        return [label for label in found if label not in out][:n]

    def parse(self, text: str) -> Answer:
        """Read a free text as a list of labels; see `LabelTrie.parse`."""
        whole = self.find(_bare(text))
        if whole is not None:
            return Answer((whole,), ())
        cuts = [found.start() for found in _BETWEEN.finditer(text)]
        starts, stops = [0, *(cut + 1 for cut in cuts)], [*cuts, len(text)]
        labels: dict[str, None] = {}
        unknown: list[tuple[str, str | None]] = []
        at = 0
        while at < len(starts):
            # A label may hold a comma itself, so as many parts as possible are taken for one.
            for last in range(len(stops) - 1, at - 1, -1):
                found_label = self.find(_bare(text[starts[at] : stops[last]]))
                if found_label is not None:
                    labels[found_label] = None
                    at = last + 1
                    break
            else:
                part = _bare(text[starts[at] : stops[at]])
                if part:
                    unknown.append((part, next(iter(self.near(part, n=1)), None)))
                at += 1
        return Answer(tuple(labels), tuple(unknown))

    def _matches(self, wanted: str) -> dict[int, int]:
        """Rank of each label that matches: 0 equal, 1 starts so, 2 so from a word on, 3 word for word."""
        if not wanted:
            return dict.fromkeys(range(len(self._labels)), 1)
        ranks = dict.fromkeys(self._same.get(wanted, []), 0)
        for i, at_start in self._starting(wanted):
            ranks[i] = min(ranks.get(i, 3), 1 if at_start else 2)
        words = [found.group() for found in _WORD.finditer(wanted)]
        if len(words) > 1:
            for i, _ in self._starting(words[0]):
                if i not in ranks and _in_order(words, self._folded[i]):
                    ranks[i] = 3
        return ranks

    def _starting(self, wanted: str) -> list[tuple[int, bool]]:
        """Labels with an end that starts so, and whether it is the whole label."""
        low = bisect_left(self._ends, (wanted, -1))
        high = bisect_left(self._ends, (wanted + _LAST, -1))
        return [(i, len(end) == len(self._folded[i])) for end, i in self._ends[low:high]]


def _in_order(words: Sequence[str], text: str) -> bool:
    """Whether each word starts a word of the text, one after the other."""
    others = iter(found.group() for found in _WORD.finditer(text))
    return all(any(other.startswith(word) for other in others) for word in words)


def _bare(text: str) -> str:
    """Take off what writers put around a name: bullets, quotes, a full stop."""
    bare = _BULLET.sub("", text).strip()
    while len(bare) > 1 and bare[0] in _QUOTES and bare[-1] in _QUOTES:
        bare = bare[1:-1].strip()
    return bare
