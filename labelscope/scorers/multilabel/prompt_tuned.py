"""Tags by a frozen encoder that is tuned by a soft prompt and a head with positive weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.evidence.feature_checks import check_features
from labelscope.evidence.folds import content_keys, matrix_keys
from labelscope.evidence.given import group_codes
from labelscope.evidence.probe_input import units_of
from labelscope.evidence.progress import progress
from labelscope.evidence.tag_folds import deal_tags
from labelscope.scorers.multilabel import soft_prompt
from labelscope.scorers.multilabel.soft_prompt import FrozenEncoder, Tuning
from labelscope.scorers.multilabel.tag_reading import read_tags
from labelscope.scorers.multilabel.tag_rows import counted, judged, pooled
from labelscope.scorers.multilabel.weighted_head import calibrated, head_logits
from labelscope.types import Array, Evidence, FloatArray, IntArray, Score


@dataclass(frozen=True, kw_only=True)
class PromptTuned:
    """Predict tags out of fold by a frozen language model, a soft prompt and a head (PTEC).

    Each tag has a confidence of its own; nothing depends on an order of tags, and no tag is made up. Without
    an encoder only the head is trained, on features.

    Parameters
    ----------
    encoder : optional
        A transformers model, or anything like it: ``get_input_embeddings()``, and a call with
        ``inputs_embeds`` and ``attention_mask`` that gives ``last_hidden_state``. Needs torch. Its weights
        are never changed.
    tokenizer : callable, optional
        From a text to token ids, or to a mapping with ``input_ids``; needed with an encoder.
    pooling : {"mean", "last", "first"}
        Of the encoder's states; ``"last"`` for models that only look back.
    prompt_len : int
        Vectors in front of each text, 50 to 200 as published, for large models; 0 trains the head alone.
    prompt_lr, head_lr : float
        Learning rates. The published 1e-5 of the head was found for models of billions of weights; here the
        head sees standardized outputs and starts at zero.
    weight_decay : float
    n_epochs : int
        Most epochs; rates fall to 1 % over them.
    batch_size : int
    patience : int
        Epochs without a lower loss on rows held out, after which training ends.
    n_folds : int
        Each row is judged by a model that was trained without it.
    max_tokens : int
        What a text has beyond them is cut off.
    random_state : int
        Seed of folds, batches and of what pads the prompt.

    Notes
    -----
    Loss: binary cross-entropy per tag, present tags weighing the largest count of a tag over their own. That
    inflates the probabilities of rare tags, so confidences are brought back (`weighted_head.calibrated`).
    The prompt starts as the embeddings of the tokens of the tag names.

    ``details``: ``missing`` and ``spurious`` (n, K), ``confidence`` (n, K), the probability of each tag, and
    ``predicted`` (n, K) int8, what the weighted head says at one half. ``meta``: ``mode`` is ``"head"`` or
    ``"prompt"``; ``positive_weights``, ``n_folds``; with an encoder ``n_trainable``, ``n_parameters``,
    ``n_epochs`` and ``n_forward_rows``, sequences that the encoder read to predict all rows.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(300, 4))
    >>> tags = (X[:, :3] > 0.5).astype(int); tags[0, 1] = 1 - tags[0, 1]
    >>> score = PromptTuned().score(Evidence(given_labels=tags, features=X))
    >>> bool(score.suspicion[0] > np.quantile(score.suspicion, 0.9)), score.meta["mode"]
    (True, 'head')
    """

    name: ClassVar[str] = "prompt_tuned"
    family: ClassVar[str] = "multilabel"
    needs: ClassVar[tuple[str, ...]] = ("given_labels", "features")
    uses: ClassVar[tuple[str, ...]] = ("texts", "tag_names", "groups", "duplicates")
    tasks: ClassVar[tuple[str, ...]] = ("multilabel",)
    reference: ClassVar[str] = (
        "Rønne Gustafsson et al.: Prompt tuned embedding classification for industry sector allocation, "
        "NAACL 2024"
    )
    fitted: ClassVar[bool] = True

    encoder: Any = None
    tokenizer: Any = None
    pooling: str = "mean"
    prompt_len: int = 20
    prompt_lr: float = 3e-3
    head_lr: float = 1e-2
    weight_decay: float = 0.01
    n_epochs: int = 15
    batch_size: int = 32
    patience: int = 2
    n_folds: int = 5
    max_tokens: int = 256
    random_state: int = 0

    def __post_init__(self) -> None:
        least = {
            "prompt_len": 0,
            "n_epochs": 1,
            "batch_size": 1,
            "patience": 1,
            "n_folds": 2,
            "max_tokens": 1,
        }
        for name, low in least.items():
            if getattr(self, name) < low:
                raise InvalidInputError(f"{name} is {getattr(self, name)}.", f"Pass {low} or more.")
        for name in ("prompt_lr", "head_lr"):
            if not getattr(self, name) > 0:
                raise InvalidInputError(f"{name} is {getattr(self, name)}.", "Pass more than 0.")
        if not self.weight_decay >= 0:
            raise InvalidInputError(f"weight_decay is {self.weight_decay}.", "Pass 0 or more.")
        if self.pooling not in soft_prompt.POOLINGS:
            raise InvalidInputError.unknown("pooling", self.pooling, soft_prompt.POOLINGS)
        if self.encoder is not None:
            FrozenEncoder(self.encoder, pooling=self.pooling)
            if not callable(self.tokenizer):
                raise InvalidInputError(
                    "An encoder is given without a tokenizer.",
                    "Pass tokenizer=, a callable from a text to the encoder's token ids.",
                )
            # With an encoder, texts take the place of features.
            object.__setattr__(self, "needs", ("given_labels", "texts"))

    def score(self, evidence: Evidence) -> Score:
        """Score every row.

        Parameters
        ----------
        evidence : Evidence
            ``given_labels`` (n, K) of 1, 0 and -1 or NaN; ``features`` (n, d), or with an encoder ``texts``,
            n of them, and ``tag_names`` (K,); ``groups`` and ``duplicates`` (n,) keep folds apart.

        Returns
        -------
        Score
            ``suggested`` is (n, K) int8.

        Raises
        ------
        MissingEvidenceError, InvalidInputError
            Evidence is absent or does not fit.
        MissingExtraError
            An encoder without torch.
        """
        by = type(self).__name__
        source = "features" if self.encoder is None else "texts"
        tags = read_tags(evidence, by, needs=(source,)).tags
        n, n_tags = tags.shape
        if not (tags >= 0).any():
            return _nothing_known(tags)
        rows: Any
        if self.encoder is None:
            rows = check_features(evidence["features"], n)
            keys = matrix_keys(rows, random_state=self.random_state)
        else:
            rows = _texts(evidence["texts"], n)
            keys = content_keys(rows, random_state=self.random_state)
        known = np.asarray((tags >= 0).any(axis=1))
        exact = np.unique(keys, return_inverse=True)[1]
        units = units_of(known, exact, evidence, group_codes(None, evidence, n), self.n_folds)
        folds = deal_tags(tags, keys, self.n_folds, units=units)
        names = _names(evidence, n_tags)
        # Rows by content and tags by name, so that neither order has a say in the training.
        by_key, by_name = np.argsort(keys, kind="stable"), _tag_order(tags, keys, names)
        mixed = [rows[i] for i in by_key] if isinstance(rows, list) else rows[by_key]
        logits, weights, facts = self._fitted(
            mixed, tags[np.ix_(by_key, by_name)], folds[by_key], [names[j] for j in by_name] if names else []
        )
        given, weight = np.empty((n, n_tags)), np.empty(n_tags, dtype=np.float32)
        given[np.ix_(by_key, by_name)], weight[by_name] = logits, weights
        return _scored(tags, given, calibrated(given, tags, folds, weight), weight, facts)

    def _fitted(
        self, rows: Any, tags: IntArray, folds: IntArray, names: list[str]
    ) -> tuple[FloatArray, FloatArray, dict[str, Any]]:
        """Out-of-fold logits, positive weights and facts."""
        facts: dict[str, Any] = {"n_folds": int(folds.max()) + 1}
        if self.encoder is not None:
            encoder = FrozenEncoder(self.encoder, pooling=self.pooling)
            ids = soft_prompt.token_ids(rows, self.tokenizer, self.max_tokens)
            if self.prompt_len:
                return self._tuned(encoder, ids, tags, folds, names, facts)
            rows = soft_prompt.encoded(encoder, ids)
            facts |= {"n_forward_rows": encoder.n_rows, "n_parameters": encoder.n_parameters}
        logits, weights, penalty = head_logits(rows, tags, folds, random_state=self.random_state)
        return logits, weights, {"mode": "head", "penalty": penalty, **facts}

    def _tuned(
        self,
        encoder: FrozenEncoder,
        ids: Sequence[IntArray],
        tags: IntArray,
        folds: IntArray,
        names: list[str],
        facts: dict[str, Any],
    ) -> tuple[FloatArray, FloatArray, dict[str, Any]]:
        tuning = Tuning(
            prompt_len=self.prompt_len,
            prompt_lr=self.prompt_lr,
            head_lr=self.head_lr,
            weight_decay=self.weight_decay,
            n_epochs=self.n_epochs,
            batch_size=self.batch_size,
            patience=self.patience,
        )
        table = np.asarray(encoder.table.float().cpu().numpy())
        label_ids = soft_prompt.token_ids(names, self.tokenizer, self.max_tokens)
        start = soft_prompt.start_prompt(table, label_ids, self.prompt_len, self.random_state)
        logits, n_folds = np.zeros(tags.shape), facts["n_folds"]
        epochs, n_trainable, n_rows = [], 0, 0
        if n_folds < 2:  # nobody could judge a row without its own tags
            return logits, np.ones(tags.shape[1], dtype=np.float32), {"mode": "none", **facts}
        for fold in progress(range(n_folds), "tuning prompts"):
            train, own, free = (
                np.flatnonzero(mask) for mask in ((folds >= 0) & (folds != fold), folds == fold, folds < 0)
            )
            tuned = soft_prompt.tune(
                encoder,
                _taken(ids, train),
                tags[train],
                start,
                tuning,
                random_state=[self.random_state % 2**32, fold],
            )
            before = encoder.n_rows
            if len(own):
                logits[own] = soft_prompt.logits_of(encoder, _taken(ids, own), tuned)
            if len(free):
                logits[free] += soft_prompt.logits_of(encoder, _taken(ids, free), tuned) / n_folds
            n_rows += encoder.n_rows - before
            n_trainable = tuned.n_trainable
            epochs.append(len(tuned.losses))
        facts |= {
            "mode": "prompt",
            "n_trainable": n_trainable,
            "n_parameters": encoder.n_parameters,
            "n_epochs": epochs,
            "n_forward_rows": n_rows,
        }
        return logits, soft_prompt.positive_weights(tags), facts


def _scored(
    tags: IntArray, logits: FloatArray, likely: FloatArray, weight: FloatArray, facts: dict[str, Any]
) -> Score:
    missing = np.where(tags == 0, likely, 0).astype(np.float32)
    spurious = np.where(tags == 1, 1 - likely, 0).astype(np.float32)
    suggested, flagged, entries = judged(tags, missing, spurious, likely)
    return Score(
        suspicion=pooled(np.maximum(missing, spurious), "max"),
        suggested=suggested,
        flagged=flagged,
        details={
            "missing": missing,
            "spurious": spurious,
            "flagged_tags": entries,
            "confidence": likely,
            "predicted": (logits > 0).astype(np.int8),
        },
        meta={
            "scale": "rank",
            "tag_counts": counted(tags, missing, spurious),
            "positive_weights": [float(value) for value in weight],
            **facts,
        },
    )


def _taken(ids: Sequence[IntArray], rows: IntArray) -> list[IntArray]:
    return [ids[row] for row in rows.tolist()]


def _nothing_known(tags: IntArray) -> Score:
    """Nothing can be learned, so nothing is doubted."""
    none = np.zeros(tags.shape, dtype=np.float32)
    return _scored(tags, none - 1, none, np.ones(tags.shape[1], dtype=np.float32), {"mode": "none"})


def _texts(given: Any, n: int) -> list[str]:
    texts = [given] if isinstance(given, str) else list(given)
    if len(texts) != n:
        raise InvalidInputError.wrong_length("texts", len(texts), n)
    for row, text in enumerate(texts):
        if not isinstance(text, str):
            raise InvalidInputError(
                f"The text of row {row:,} is {text!r}.", "Pass one str per row; an empty one is fine."
            )
    return texts


def _names(evidence: Evidence, n_tags: int) -> list[str]:
    if evidence.get("tag_names") is None:
        return []
    names = [str(name) for name in evidence["tag_names"]]
    if len(names) != n_tags:
        raise InvalidInputError(
            f"tag_names has {len(names):,} entries, but there are {n_tags:,} tags.",
            "Pass one name per column.",
        )
    return names


def _tag_order(tags: IntArray, keys: Array, names: list[str]) -> IntArray:
    """Order of the columns by name, or by what they hold where there are no names."""
    if names and len(set(names)) == len(names):
        return np.argsort(np.array(names, dtype=object), kind="stable")
    held = [tags[np.argsort(keys, kind="stable"), j].tobytes() for j in range(tags.shape[1])]
    return np.array(sorted(range(len(held)), key=held.__getitem__), dtype=np.int64)
