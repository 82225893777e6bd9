"""What a user should know about tags, targets and concepts before trusting anything made from them."""

from __future__ import annotations

from typing import Any

import numpy as np

from labelscope.data.label_codes import Labels
from labelscope.data.tags import Tags
from labelscope.errors import notify

# This many standard deviations from the median is a slip of the pen rather than a rare case.
FAR_OUT = 20.0


def notices_of_tags(labels: Labels) -> None:
    """Say which tags nobody uses, which are unknown everywhere, and which rows have none."""
    tags = labels.tags
    assert tags is not None
    labelled = ~labels.missing
    matrix = tags.matrix[labelled]
    unknown = (matrix < 0).all(axis=0) if len(matrix) else np.zeros(tags.n_tags, dtype=bool)
    counts = (matrix == 1).sum(axis=0)
    if unknown.any():
        notify(
            "tag_unknown",
            f"{_count(unknown.sum(), 'tag is', 'tags are')} unknown in every row:"
            f" {_some(tags.names[j] for j in np.flatnonzero(unknown))}.",
            "Nothing can be said about them; they are kept.",
        )
    never = (counts == 0) & ~unknown
    if never.any():
        notify(
            "tag_never_used",
            f"{_count(never.sum(), 'tag is', 'tags are')} in no row:"
            f" {_some(tags.names[j] for j in np.flatnonzero(never))}.",
            "Where they are missing cannot be learned from these rows; they are kept.",
        )
    everywhere = (counts == len(matrix)) & (len(matrix) > 1)
    if everywhere.any():
        notify(
            "tag_in_every_row",
            f"{_count(everywhere.sum(), 'tag is', 'tags are')} in every labelled row:"
            f" {_some(tags.names[j] for j in np.flatnonzero(everywhere))}.",
            "Where they are wrong cannot be learned from these rows.",
        )
    one_sided = (counts > 0) & ~(matrix == 0).any(axis=0) & ~everywhere
    if one_sided.any():
        notify(
            "tag_never_absent",
            f"{_count(one_sided.sum(), 'tag is', 'tags are')} present or unknown, but absent in no row:"
            f" {_some(tags.names[j] for j in np.flatnonzero(one_sided))}.",
            "Nothing can be learned from 1 and NaN alone. Where NaN means that nobody tagged it, pass 0"
            " instead (np.nan_to_num(labels)): then missing tags are looked for.",
        )
    bare = np.flatnonzero(labelled & ~(tags.matrix == 1).any(axis=1))
    if len(bare):
        notify(
            "rows_without_tags",
            f"{_count(len(bare), 'row has', 'rows have')} no tag (first: row {bare[0]}).",
            "They count as labelled; use None for rows that nobody tagged.",
            bare,
        )


def notices_of_targets(labels: Labels) -> None:
    """Say when all targets are one number, or when one is far from all others."""
    targets = labels.targets
    present = targets[~np.isnan(targets)]
    if len(present) and labels.n_classes == 1:
        notify(
            "constant_targets",
            f"The only target is {labels.names[0]}, in {len(present):,} of {labels.n:,} rows.",
            "Wrong targets can only be found where targets differ.",
        )
        return
    middle = np.median(present)
    spread = 1.4826 * np.median(np.abs(present - middle))
    far = np.flatnonzero(np.abs(targets - middle) > FAR_OUT * spread)
    if spread > 0 and 0 < len(far) <= 0.01 * len(present):
        notify(
            "targets_far_out",
            f"{_count(len(far), 'target lies', 'targets lie')} very far from all others (first: row {far[0]},"
            f" {targets[far[0]]:g}; half of the targets lie within {spread / 1.4826:.3g} of {middle:.6g}).",
            "A number such as -999 for 'none' should be None or NaN.",
            far,
        )


def notices_of_concepts(concepts: Tags, labels: Labels) -> None:
    """Say which attributes have one value, and which say the same as the class."""
    known = concepts.matrix >= 0
    nothing = np.flatnonzero(~known.any(axis=0))
    if len(nothing):
        notify(
            "attribute_unknown",
            f"{_count(len(nothing), 'attribute is', 'attributes are')} unknown in every row:"
            f" {_some(concepts.names[j] for j in nothing)}.",
            "Nothing can be said about them; they are kept.",
        )
    ones = (concepts.matrix == 1).sum(axis=0)
    single = np.flatnonzero(known.any(axis=0) & ((ones == 0) | (ones == known.sum(axis=0))))
    if len(single):
        notify(
            "attribute_with_one_value",
            f"{_count(len(single), 'attribute has', 'attributes have')} the same value in every row:"
            f" {_some(concepts.names[j] for j in single)}.",
            "Wrong values can only be found where both occur.",
        )
    if labels.n_classes != 2:
        return
    labelled = labels.codes >= 0
    both = known & labelled[:, None]
    agree = ((concepts.matrix == labels.codes[:, None]) & both).sum(axis=0)
    same = np.flatnonzero((both.sum(axis=0) > 1) & ((agree == both.sum(axis=0)) | (agree == 0)))
    same = same[~np.isin(same, single)]
    if len(same):
        notify(
            "attribute_repeats_the_class",
            f"{_some(concepts.names[j] for j in same)} says the same as the class in every row.",
            "It would prove every label right; leave it out of concepts if it was made from the class.",
        )


def _count(number: int, one: str, many: str) -> str:
    return f"1 {one}" if number == 1 else f"{number:,} {many}"


def _some(names: Any) -> str:
    shown = list(names)
    return ", ".join(shown[:5]) + (f", … ({len(shown):,} in all)" if len(shown) > 5 else "")


__all__ = ["notices_of_concepts", "notices_of_tags", "notices_of_targets"]
