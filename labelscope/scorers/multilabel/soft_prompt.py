"""A soft prompt in front of a frozen encoder, and a head behind it: the trainable parts of PTEC, by torch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from labelscope.errors import InvalidInputError, InvalidTypeError, MissingExtraError
from labelscope.types import FloatArray, IntArray

POOLINGS = ("mean", "last", "first")
_VALIDATION = 0.15
_LAST_RATE = 0.01
_ROWS_AT_ONCE = 64


def torch_of() -> Any:
    """Import torch; raises MissingExtraError where it is not installed."""
    try:
        import torch
    except ImportError as error:
        raise MissingExtraError.of("torch", "torch", "PromptTuned with an encoder") from error
    return torch


class FrozenEncoder:
    """Any transformers-style model, of which only the outputs are used and no weight is ever changed.

    Parameters
    ----------
    model : torch.nn.Module, or any callable of this shape
        ``model.get_input_embeddings()`` is the embedding of token ids, ``model(inputs_embeds=,
        attention_mask=)`` gives ``last_hidden_state`` (b, t, h), as an attribute, a key or the first entry.
    pooling : {"mean", "last", "first"}
        Of the hidden states that the mask lets through, the prompt's included.

    Attributes
    ----------
    n_calls, n_rows : int
        How often the model was asked, and for how many sequences in all.
    """

    def __init__(self, model: Any, *, pooling: str = "mean") -> None:
        if not callable(getattr(model, "get_input_embeddings", None)) or not callable(model):
            raise InvalidTypeError(
                f"encoder={type(model).__name__} has no get_input_embeddings() or cannot be called.",
                "Pass a transformers model, or anything with get_input_embeddings() that takes "
                "inputs_embeds= and attention_mask= and gives last_hidden_state.",
            )
        if pooling not in POOLINGS:
            raise InvalidInputError.unknown("pooling", pooling, POOLINGS)
        self.model, self.pooling = model, pooling
        self.n_calls = self.n_rows = 0

    @property
    def table(self) -> Any:
        """(V, e) tensor: the embedding of every token."""
        return self.model.get_input_embeddings().weight.detach()

    @property
    def n_parameters(self) -> int:
        """Number of weights of the model; 0 where it does not tell."""
        own = getattr(self.model, "parameters", None)
        return sum(one.numel() for one in own()) if callable(own) else 0

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Switch off dropout and the gradients of weights, and leave the model as it was."""
        own = list(self.model.parameters()) if callable(getattr(self.model, "parameters", None)) else []
        asked, training = [one.requires_grad for one in own], bool(getattr(self.model, "training", False))
        for one in own:
            one.requires_grad_(False)
        if training:
            self.model.eval()
        try:
            yield
        finally:
            for one, was in zip(own, asked, strict=True):
                one.requires_grad_(was)
            if training:
                self.model.train()

    def hidden(self, ids: Sequence[IntArray], prompt: Any = None) -> tuple[Any, Any]:
        """Hidden states (b, p + t, h) and mask (b, p + t) of token ids behind a prompt (p, e)."""
        torch, table = torch_of(), self.table
        longest = max((len(one) for one in ids), default=0)
        padded = np.zeros((len(ids), longest), dtype=np.int64)
        mask = np.zeros((len(ids), longest), dtype=np.int64)
        for row, one in enumerate(ids):
            padded[row, : len(one)], mask[row, : len(one)] = one, 1
        embedded = self.model.get_input_embeddings()(torch.from_numpy(padded).to(table.device)).detach()
        seen = torch.from_numpy(mask).to(table.device)
        if prompt is not None and len(prompt):
            ahead = prompt.to(embedded.dtype)[None].expand(len(ids), -1, -1)
            embedded = torch.cat([ahead, embedded], dim=1)
            seen = torch.cat([seen.new_ones(len(ids), len(prompt)), seen], dim=1)
        self.n_calls += 1
        self.n_rows += len(ids)
        return _states(self.model(inputs_embeds=embedded, attention_mask=seen)), seen

    def pooled(self, ids: Sequence[IntArray], prompt: Any = None) -> Any:
        """One vector (b, h) for each sequence, float32."""
        states, mask = self.hidden(ids, prompt)
        states = states.float()
        if self.pooling == "first":
            return states[:, 0]
        if self.pooling == "last":
            return states[torch_of().arange(len(states)), (mask.sum(dim=1) - 1).clamp(min=0)]
        share = mask[:, :, None].float()
        return (states * share).sum(dim=1) / share.sum(dim=1).clamp(min=1)


def _states(given: Any) -> Any:
    found = given.get("last_hidden_state") if isinstance(given, dict) else None
    if found is None:
        found = getattr(given, "last_hidden_state", None)
    if found is None:
        found = given[0] if isinstance(given, (tuple, list)) and given else given
    if not hasattr(found, "dim") or found.dim() != 3:
        raise InvalidTypeError(
            f"The encoder gives a {type(given).__name__} without last_hidden_state of the shape (b, t, h).",
            "Pass the model without its head, for instance AutoModel.from_pretrained(...).",
        )
    return found


def token_ids(texts: Sequence[str], tokenizer: Any, most: int) -> list[IntArray]:
    """Turn texts into token ids, at most so many each.

    Parameters
    ----------
    texts : sequence of str
    tokenizer : callable
        From a text to ids, or to a mapping with ``input_ids``, as those of transformers.
    most : int
    """
    if not callable(tokenizer):
        raise InvalidTypeError(
            f"tokenizer is a {type(tokenizer).__name__}, which cannot be called.",
            "Pass the encoder's tokenizer: a callable from a text to token ids.",
        )
    out: list[IntArray] = []
    for text in texts:
        given = tokenizer(text)
        given = given["input_ids"] if hasattr(given, "keys") else given
        out.append(np.asarray(given, dtype=np.int64).ravel()[:most])
    return out


def start_prompt(table: FloatArray, label_ids: Sequence[IntArray], length: int, seed: int) -> FloatArray:
    """Begin with the embeddings of the label names' tokens.

    Parameters
    ----------
    table : (V, e) float
        Embedding of every token.
    label_ids : sequence of (t,) int
        Tokens of the label names.
    length : int
        Of the prompt. Names of fewer tokens are padded by arbitrary ones; of more, an even sample is taken.
    seed : int

    Returns
    -------
    (length, e) float32

    Examples
    --------
    >>> table = np.arange(5.0)[:, None]
    >>> start_prompt(table, [np.array([1, 2]), np.array([3, 4])], 2, seed=0).ravel().tolist()
    [1.0, 4.0]
    """
    ids = np.concatenate([np.empty(0, dtype=np.int64), *label_ids])
    if len(ids) > length:
        ids = ids[np.round(np.linspace(0, len(ids) - 1, length)).astype(np.int64)]
    more = np.random.default_rng(seed).integers(0, len(table), length - len(ids))
    return np.asarray(table[np.concatenate([ids, more])], dtype=np.float32)


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """How to train; see `labelscope.scorers.multilabel.prompt_tuned.PromptTuned`."""

    prompt_len: int
    prompt_lr: float
    head_lr: float
    weight_decay: float
    n_epochs: int
    batch_size: int
    patience: int


@dataclass(frozen=True)
class Tuned:
    """What was learned.

    Attributes
    ----------
    prompt : (p, e) float32
    weight : (h, K) float32
    bias : (K,) float32
    center, scale : (h,) float32
        The pooled output is standardized by these, which are those of the first prompt.
    losses : tuple of (float, float)
        Of the training rows and of those held out, by epoch.
    """

    prompt: FloatArray
    weight: FloatArray
    bias: FloatArray
    center: FloatArray
    scale: FloatArray
    losses: tuple[tuple[float, float], ...] = field(default=())

    @property
    def n_trainable(self) -> int:
        """Number of numbers that were trained."""
        return self.prompt.size + self.weight.size + self.bias.size


def positive_weights(tags: IntArray) -> FloatArray:
    """Weight of a present tag against an absent one: the largest count over the tag's own, (K,) float32.

    Examples
    --------
    >>> positive_weights(np.array([[1, 0], [1, 1]])).tolist()
    [1.0, 2.0]
    """
    counts = (tags == 1).sum(axis=0)
    return np.asarray(max(int(counts.max(initial=0)), 1) / np.maximum(counts, 1), dtype=np.float32)


def weighted_loss(logits: Any, tags: Any, weights: Any) -> Any:
    """Binary cross-entropy (tensor) of the known entries, present ones times their weight."""
    functional = torch_of().nn.functional
    known = (tags >= 0).to(logits.dtype)
    each = functional.binary_cross_entropy_with_logits(
        logits, (tags == 1).to(logits.dtype), pos_weight=weights, reduction="none"
    )
    return (each * known).sum() / known.sum().clamp(min=1)


def tune(
    encoder: FrozenEncoder,
    ids: Sequence[IntArray],
    tags: IntArray,
    prompt: FloatArray,
    tuning: Tuning,
    *,
    random_state: int | list[int] = 0,
) -> Tuned:
    """Train the prompt and the head, and nothing else.

    Parameters
    ----------
    encoder : FrozenEncoder
    ids : sequence of (t,) int
        Token ids of the rows.
    tags : (n, K) int8
        1 present, 0 absent, -1 unknown.
    prompt : (p, e) float32
        Where it starts.
    tuning : Tuning
    random_state : int or list of int
        Seed of batches and of the rows that are held out for stopping.

    Returns
    -------
    Tuned
        The state after the epoch with the lowest loss on rows held out.
    """
    torch = torch_of()
    rng = np.random.default_rng(random_state)
    order = rng.permutation(len(ids))
    n_held = int(_VALIDATION * len(ids)) if len(ids) >= 20 else 0
    held, rows = order[:n_held], order[n_held:]
    device = encoder.table.device
    weights = torch.from_numpy(positive_weights(tags[rows])).to(device)
    target = torch.from_numpy(tags.astype(np.int64)).to(device)
    with encoder.frozen():
        soft = torch.nn.Parameter(torch.from_numpy(prompt.copy()).to(device))
        first = _features(encoder, [ids[i] for i in rows], soft)
        center, scale = first.mean(dim=0), first.std(dim=0, correction=0).clamp(min=1e-4)
        weight = torch.nn.Parameter(torch.zeros(first.shape[1], tags.shape[1], device=device))
        bias = torch.nn.Parameter(torch.zeros(tags.shape[1], device=device))
        groups = [
            {"params": [soft], "lr": tuning.prompt_lr},
            {"params": [weight, bias], "lr": tuning.head_lr},
        ]
        optimizer = torch.optim.AdamW(groups, weight_decay=tuning.weight_decay)
        n_steps = tuning.n_epochs * -(-len(rows) // tuning.batch_size)
        decay = torch.optim.lr_scheduler.ExponentialLR(optimizer, _LAST_RATE ** (1 / max(n_steps, 1)))

        def loss_of(batch: IntArray) -> Any:
            pooled = encoder.pooled([ids[i] for i in batch], soft)
            logits = (pooled - center) / scale @ weight + bias
            return weighted_loss(logits, target[torch.from_numpy(batch).to(device)], weights)

        def step(batch: IntArray) -> float:
            optimizer.zero_grad()
            loss = loss_of(batch)
            loss.backward()
            optimizer.step()
            decay.step()
            return float(loss.detach())

        parts = (soft, weight, bias)
        losses = _epochs(rows, held, step, loss_of, parts, tuning, rng)
        arrays = [part.detach().cpu().numpy().astype(np.float32) for part in (*parts, center, scale)]
    soft_prompt, weights_of, bias_of, center_of, scale_of = arrays
    return Tuned(soft_prompt, weights_of, bias_of, center_of, scale_of, losses)


def _epochs(
    rows: IntArray,
    held: IntArray,
    step: Callable[[IntArray], float],
    loss_of: Callable[[IntArray], Any],
    parts: Sequence[Any],
    tuning: Tuning,
    rng: np.random.Generator,
) -> tuple[tuple[float, float], ...]:
    """Run epochs until the loss on rows held out no longer falls, and go back to where it was lowest."""
    torch = torch_of()
    losses: list[tuple[float, float]] = []
    best, since = np.inf, 0
    kept = [part.detach().clone() for part in parts]
    for _ in range(tuning.n_epochs):
        mixed = rng.permutation(rows)
        batches = [mixed[at : at + tuning.batch_size] for at in range(0, len(mixed), tuning.batch_size)]
        trained = float(np.mean([step(batch) for batch in batches])) if batches else 0.0
        with torch.no_grad():
            checks = [held[at : at + _ROWS_AT_ONCE] for at in range(0, len(held), _ROWS_AT_ONCE)]
            sums = [float(loss_of(batch)) * len(batch) for batch in checks]
        checked = sum(sums) / len(held) if len(held) else trained
        losses.append((trained, checked))
        if checked < best:
            best, since = checked, 0
            kept = [part.detach().clone() for part in parts]
        else:
            since += 1
            if since >= tuning.patience:
                break
    with torch.no_grad():
        for part, value in zip(parts, kept, strict=True):
            part.copy_(value)
    return tuple(losses)


def _features(encoder: FrozenEncoder, ids: Sequence[IntArray], prompt: Any) -> Any:
    torch = torch_of()
    with torch.no_grad():
        starts = range(0, len(ids), _ROWS_AT_ONCE)
        return torch.cat([encoder.pooled(ids[at : at + _ROWS_AT_ONCE], prompt) for at in starts])


def encoded(encoder: FrozenEncoder, ids: Sequence[IntArray], prompt: FloatArray | None = None) -> FloatArray:
    """Pooled outputs (n, h) float32 of rows behind a prompt, or behind none."""
    torch = torch_of()
    if not len(ids):
        raise InvalidInputError("There are no texts.", "Pass one text per row.")
    with encoder.frozen():
        soft = None if prompt is None else torch.from_numpy(np.array(prompt)).to(encoder.table.device)
        return np.asarray(_features(encoder, ids, soft).cpu().numpy(), dtype=np.float32)


def logits_of(encoder: FrozenEncoder, ids: Sequence[IntArray], tuned: Tuned) -> FloatArray:
    """Logits (n, K) float32 of rows."""
    pooled = (encoded(encoder, ids, tuned.prompt) - tuned.center) / tuned.scale
    return np.asarray(pooled @ tuned.weight + tuned.bias)
