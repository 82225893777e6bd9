"""Short texts on topics, made from templates, for trials that need words and a known truth."""

from __future__ import annotations

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.types import IntArray

TOPICS: dict[str, tuple[str, ...]] = {
    "garden": (
        "soil", "seed", "rose", "hedge", "spade", "compost", "tulip", "lawn", "greenhouse", "pruning",
        "blossom", "beetroot", "watering", "orchard", "mulch", "fern",
    ),
    "kitchen": (
        "oven", "recipe", "butter", "skillet", "dough", "pepper", "saucepan", "roast", "flour", "whisk",
        "broth", "beetroot", "garlic", "baking", "spoon", "vinegar",
    ),
    "sea": (
        "harbor", "sail", "tide", "anchor", "lighthouse", "captain", "deck", "gull", "reef", "rope",
        "current", "voyage", "watering", "compass", "cargo", "wave",
    ),
    "music": (
        "violin", "chord", "rehearsal", "melody", "drum", "choir", "tempo", "piano", "concert", "rope",
        "recording", "compass", "singer", "rhythm", "stage", "string",
    ),
}  # fmt: skip
_TEMPLATES = (
    "We talked about the {} and the {} for an hour",
    "The {} was better than last year, but the {} was not",
    "She asked me where the {} had gone, and whether a {} would do",
    "There is no {} without a {}, as my uncle used to say",
    "Yesterday the {} arrived; the {} and the {} will follow",
    "He wrote a letter about a {} that he had seen near the {}",
    "Nobody remembers the {}, only the old {} and a photograph",
)


def topic_texts(n: int, *, seed: int = 0, stray: float = 0.3) -> tuple[list[str], IntArray]:
    """Make texts of one or two sentences, each on one of four topics.

    Parameters
    ----------
    n : int
        Number of texts.
    seed : int
    stray : float
        Share of topic words that come from another topic, so that no single word decides.

    Returns
    -------
    texts : list of str
    codes : (n,) int64
        Positions in `TOPICS`.

    Raises
    ------
    InvalidInputError
        A negative number of texts, or a share that is none.

    Examples
    --------
    >>> texts, codes = topic_texts(3, seed=1)
    >>> len(texts), codes.shape
    (3, (3,))
    """
    if n < 0 or not 0 <= stray <= 1:
        raise InvalidInputError(
            f"n is {n} and stray is {stray}.", "Pass a number of texts, and a share from 0 to 1."
        )
    rng = np.random.default_rng(seed)
    words = tuple(TOPICS.values())
    codes = rng.integers(0, len(words), n)
    texts = []
    for code in codes.tolist():
        sentences = []
        for _ in range(int(rng.integers(1, 3))):
            template = _TEMPLATES[int(rng.integers(len(_TEMPLATES)))]
            picked = []
            for _ in range(template.count("{}")):
                topic = int(rng.integers(len(words))) if rng.random() < stray else code
                picked.append(words[topic][int(rng.integers(len(words[topic])))])
            sentences.append(template.format(*picked) + ".")
        texts.append(" ".join(sentences))
    return texts, codes.astype(np.int64)
