"""Labels as a trie: a generator writes nothing else, and what a person types is completed to one."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any

from labelscope.data.completion import Answer, Completion
from labelscope.data.token_trie import Scores, TokenTrie
from labelscope.errors import InvalidInputError, InvalidTypeError

__all__ = ["Answer", "LabelTrie"]


class LabelTrie:
    """The labels of a taxonomy, for generators that must not write anything else and for a box to type in.

    All labels are kept in a trie of tokens. A label is finished by the separator, after which another one
    begins, or by the end token. At each step only what leads to a label is allowed, and a label that was
    written is taken out, so that nothing is said twice.

    Parameters
    ----------
    labels : iterable of str
        K distinct labels.
    tokenize : callable, optional
        From a label to its tokens, which are hashable: ``lambda s: tokenizer.encode(s,
        add_special_tokens=False)`` for instance. By default the characters.
    separator, end : hashable, optional
        Tokens that finish a label and the whole answer; no label may contain them.
    counts : sequence of int, optional
        How often each label is used, for the order of completions.

    Raises
    ------
    InvalidInputError
        A label twice, without tokens, with the tokens of another one or with the separator in it.
    InvalidTypeError
        A label that is no text, or one text in place of several.

    Notes
    -----
    Trie search of Rønne Gustafsson et al., "Prompt tuned embedding classification for industry sector
    allocation" (NAACL 2024 industry track). A label that starts another one is no special case: after it,
    both the separator and the other's next token are allowed.

    Examples
    --------
    >>> trie = LabelTrie(["joy", "joyful", "anger"])
    >>> trie.allowed("joy")
    ['f', '<sep>', '<end>']
    >>> trie.allowed(["j", "o", "y", "<sep>"])
    ['j', 'a']
    >>> trie.decode(lambda tokens: {"a": 1.0, "<end>": 0.5})
    ['anger']
    >>> trie.complete("JOY"), trie.parse("Joy, angr").unknown
    (['joy', 'joyful'], (('angr', 'anger'),))
    """

    def __init__(
        self,
        labels: Iterable[str],
        *,
        tokenize: Callable[[str], Iterable[Hashable]] | None = None,
        separator: Hashable = "<sep>",
        end: Hashable = "<end>",
        counts: Sequence[int] | None = None,
    ) -> None:
        self._labels = _checked(labels)
        if separator == end:
            raise InvalidInputError(
                f"separator and end are both {end!r}.", "Pass two tokens: one goes on, the other one stops."
            )
        if counts is not None and len(counts) != len(self._labels):
            raise InvalidInputError(
                f"counts has {len(counts):,} entries for {len(self._labels):,} labels.", "Pass one per label."
            )
        sequences = (tokenize(label) if tokenize is not None else label for label in self._labels)
        self._trie = TokenTrie(self._labels, sequences, separator, end)
        self._code = {label: code for code, label in enumerate(self._labels)}
        self._typed = Completion(self._labels, counts)

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels in the order given."""
        return self._labels

    def __len__(self) -> int:
        return len(self._labels)

    def __contains__(self, label: object) -> bool:
        return label in self._code

    def __repr__(self) -> str:
        return f"LabelTrie({len(self._labels):,} labels, {self._trie.n_nodes:,} nodes)"

    def tokens(self, labels: Iterable[str]) -> list[Any]:
        """Write labels as a model is taught to: their tokens, separators between them, the end behind.

        Raises
        ------
        InvalidInputError
            A label that is not in the trie, with the near miss named, or one that is there twice.
        """
        codes = self._codes(labels)
        if len(set(codes)) != len(codes):
            twice = next(self._labels[code] for code in codes if codes.count(code) > 1)
            raise InvalidInputError(f"The label {twice!r} is there twice.", "Name every label once.")
        written: list[Any] = []
        for place, code in enumerate(codes):
            written += [*([self._trie.separator] if place else []), *self._trie.sequences[code]]
        return [*written, self._trie.end]

    def allowed(
        self,
        prefix: Iterable[Hashable] = (),
        *,
        exclude: Iterable[str] = (),
        n_labels: int | None = None,
        allow_empty: bool = False,
    ) -> list[Any]:
        """Return the tokens that may follow.

        Parameters
        ----------
        prefix : iterable of tokens
            All that is written, separators included.
        exclude : iterable of str
            Labels that must not be written, such as tags that a row already has.
        n_labels : int, optional
            Most labels.
        allow_empty : bool
            Whether an answer without any label is allowed.

        Returns
        -------
        list of tokens
            In the order of the labels, then the separator and the end; none after the end.

        Raises
        ------
        InvalidInputError
            The prefix itself is not allowed.
        """
        state = self._trie.walked(prefix, self._trie.start(self._codes(exclude)), n_labels, allow_empty)
        return self._trie.continuations(state, n_labels, allow_empty)

    def decode(
        self,
        next_token_scores: Scores,
        *,
        n_beams: int = 1,
        n_labels: int | None = None,
        exclude: Iterable[str] = (),
        allow_empty: bool = False,
        length_penalty: float = 0.0,
    ) -> list[str]:
        """Let a model write labels.

        Parameters
        ----------
        next_token_scores : callable
            From the tuple of tokens written so far to the scores of what may come next: a mapping from
            token to number, or, where tokens are ints, an array that is indexed by them. Logits and
            log-probabilities are both fine; tokens that a mapping leaves out are impossible.
        n_beams : int
            1 takes the best token at every step and does not ask where only one is allowed; more keep so
            many beginnings.
        n_labels : int, optional
            Most labels.
        exclude : iterable of str
            Labels that must not be written.
        allow_empty : bool
            Whether the model may write nothing.
        length_penalty : float
            Log-probabilities of whole answers are divided by their length to this power.

        Returns
        -------
        list of str
            Labels in the order in which they were written, none twice.

        Raises
        ------
        InvalidInputError
            No label is left, ``n_beams`` or ``n_labels`` is below 1, or scores are NaN or too few.
        """
        for name, value in (("n_beams", n_beams), ("n_labels", 1 if n_labels is None else n_labels)):
            if value < 1:
                raise InvalidInputError(f"{name} is {value}.", "Pass 1 or more.")
        start = self._trie.start(self._codes(exclude))
        if not self._trie.continuations(start, n_labels, allow_empty):
            raise InvalidInputError(
                "All labels are excluded, so nothing can be written.",
                "Exclude fewer, or pass allow_empty=True.",
            )
        found = self._trie.search(
            next_token_scores,
            start,
            n_beams=n_beams,
            n_labels=n_labels,
            allow_empty=allow_empty,
            length_penalty=length_penalty,
        )
        return [self._labels[code] for code in found]

    def complete(self, query: str, *, exclude: Iterable[str] = (), n: int | None = 10) -> list[str]:
        """Return the labels that may be meant by what is typed so far.

        Case and accents do not count. First come labels that equal the query, then those that start with it,
        then those with a word from which on they do, then those with words that start, in this order, with
        the words of the query; among equals the more frequent, then the shorter, then by the alphabet.

        Parameters
        ----------
        query : str
            What is typed; every label matches nothing.
        exclude : iterable of str
            Labels that are not wanted, such as tags that a row already has.
        n : int, optional
            At most so many; all of them where None.

        Examples
        --------
        >>> LabelTrie(["credit card", "card lost", "Café"]).complete("car")
        ['card lost', 'credit card']
        """
        return self._typed.complete(query, exclude=exclude, n=n)

    def find(self, text: str) -> str | None:
        """Return the label that a text names, exactly or but for case, accents and spaces; None otherwise."""
        return self._typed.find(text)

    def nearest(self, text: str, *, exclude: Iterable[str] = (), n: int = 3) -> list[str]:
        """Return labels that are spelled nearly like a text, the nearest first."""
        return self._typed.near(text, exclude=exclude, n=n)

    def parse(self, text: str) -> Answer:
        """Read a free text, such as a language model's answer, as a list of labels.

        Parameters
        ----------
        text : str
            Labels between commas, semicolons, bars or line ends; bullets, numbers and quotes are fine.

        Returns
        -------
        Answer
            ``labels`` named, each once; ``unknown`` parts, each with its near miss or None.

        Examples
        --------
        >>> LabelTrie(["joy", "fear, great"]).parse("1. Fear, great; joy; joi")
        Answer(labels=('fear, great', 'joy'), unknown=(('joi', 'joy'),))
        """
        if not isinstance(text, str):
            raise InvalidTypeError(f"An answer of type {type(text).__name__} is given.", "Pass a text.")
        return self._typed.parse(text)

    def _codes(self, labels: Iterable[str]) -> list[int]:
        codes = []
        for label in [labels] if isinstance(labels, str) else labels:
            if label not in self._code:
                raise InvalidInputError.unknown("label", label, self._labels)
            codes.append(self._code[label])
        return codes


def _checked(labels: Iterable[str]) -> tuple[str, ...]:
    if isinstance(labels, (str, bytes)) or not isinstance(labels, Iterable):
        raise InvalidTypeError(
            f"labels is a {type(labels).__name__}, but several labels are needed.", "Pass a list of texts."
        )
    listed = list(labels)
    for label in listed:
        if not isinstance(label, str):
            raise InvalidTypeError(
                f"The label {label!r} is a {type(label).__name__}, but a trie is made of texts.",
                "Pass the names of the labels.",
            )
    names = tuple(str(label) for label in listed)
    if not names:
        raise InvalidInputError("There are no labels.", "Pass at least one.")
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise InvalidInputError(f"The label {name!r} is there twice.", "Name every label once.")
        seen.add(name)
    return names
