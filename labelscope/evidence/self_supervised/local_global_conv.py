"""A global branch beside a convolution, so that a pretrained image network sees the whole picture at once."""

from __future__ import annotations

import functools
from typing import Any

from labelscope.errors import InvalidInputError, InvalidTypeError, MissingExtraError


def _torch() -> Any:
    try:
        import torch
    except ImportError:
        raise MissingExtraError.of("torch", "image", "LocalGlobalConv") from None
    return torch


def LocalGlobalConv(convolution: Any, *, n_heads: int = 8, reduction: int = 4) -> Any:  # noqa: N802, a class to its callers
    """Wrap a 2-d convolution into a torch module that adds a global branch to it.

    Each head gathers one vector from the whole picture (attention that sums to one over all places) and
    hands it out to each place through a gate; the sum with the input is brought to the output's shape and
    added to the convolution. At the start the branch adds nothing at all, so that the network computes
    exactly what it did; its last factor learns first.

    Parameters
    ----------
    convolution : torch.nn.Conv2d
        Kept as it is, with its weights, as ``.local``.
    n_heads : int
        Heads; the largest number up to this one that divides the input channels is used.
    reduction : int
        The attention looks at so many times fewer channels.

    Returns
    -------
    torch.nn.Module
        From (b, c, h, w) to what the convolution gives.

    Raises
    ------
    MissingExtraError
        torch is not installed.
    InvalidTypeError
        Not a 2-d convolution.
    InvalidInputError
        ``n_heads`` or ``reduction`` is below 1.

    Notes
    -----
    Yuan et al.: Positive label is all you need for multi-label classification, ICME 2024. For networks that
    you train yourself on images; the scorer works on features and needs none of it.

    Examples
    --------
    >>> import torch
    >>> plain = torch.nn.Conv2d(4, 6, 3, stride=2, padding=1)
    >>> wrapped, pictures = LocalGlobalConv(plain), torch.rand(2, 4, 8, 8)
    >>> bool(torch.equal(wrapped(pictures), plain(pictures)))
    True
    """
    torch = _torch()
    if not isinstance(convolution, torch.nn.Conv2d):
        raise InvalidTypeError(
            f"LocalGlobalConv got a {type(convolution).__name__}, but wraps a torch.nn.Conv2d.",
            "Use with_global_branches(network) to wrap the convolutions of a whole network.",
        )
    for name, value in (("n_heads", n_heads), ("reduction", reduction)):
        if value < 1:
            raise InvalidInputError(f"{name} is {value}.", "Pass 1 or more.")
    return _module_class(torch)(convolution, n_heads, reduction)


def with_global_branches(
    network: Any, *, only: str | None = None, n_heads: int = 8, reduction: int = 4
) -> int:
    """Wrap the 3-by-3 and larger convolutions of a network, in place.

    Parameters
    ----------
    network : torch.nn.Module
    only : str, optional
        Beginning of the dotted names of the modules to wrap, such as ``"layer4"``, the last stage of a
        residual network; by default all.
    n_heads, reduction : int
        See `LocalGlobalConv`.

    Returns
    -------
    int
        How many were wrapped.

    Raises
    ------
    InvalidTypeError
        Not a torch module.
    InvalidInputError
        No convolution is there to wrap.

    Examples
    --------
    >>> import torch
    >>> network = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 1), torch.nn.Conv2d(4, 4, 3, padding=1))
    >>> with_global_branches(network)
    1
    """
    torch = _torch()
    if not isinstance(network, torch.nn.Module):
        raise InvalidTypeError(
            f"with_global_branches got a {type(network).__name__}.", "Pass a torch.nn.Module."
        )
    wrapped = _module_class(torch)
    inside = {f"{name}.local" for name, module in network.named_modules() if isinstance(module, wrapped)}
    found = [
        name
        for name, module in network.named_modules()
        if isinstance(module, torch.nn.Conv2d)
        and min(module.kernel_size) >= 3
        and name not in inside
        and name
        and (only is None or name == only or name.startswith(f"{only}."))
    ]
    if not found:
        where = f" in {only!r}" if only else ""
        raise InvalidInputError(
            f"The network has no convolution of 3 by 3 or more{where}.",
            "Look at network.named_modules() for the name of a stage that has one.",
        )
    for name in found:
        parent, _, own = name.rpartition(".")
        holder = network.get_submodule(parent)
        setattr(holder, own, wrapped(getattr(holder, own), n_heads, reduction))
    return len(found)


def __getattr__(name: str) -> Any:
    """Find the class for pickles, which look it up here by its name."""
    if name == "LocalGlobal":
        return _module_class(_torch())
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@functools.lru_cache(maxsize=1)
def _module_class(torch: Any) -> Any:
    """Make the class once torch is there; importing labelscope must not import torch."""
    nn: Any = torch.nn
    module: Any = nn.Module

    class LocalGlobal(module):  # type: ignore[misc]
        """A convolution and a global branch."""

        def __init__(self, local: Any, n_heads: int, reduction: int) -> None:
            super().__init__()
            width = local.in_channels
            narrow = max(1, width // reduction)
            self.local = local
            self.n_heads = next(h for h in range(min(n_heads, width), 0, -1) if width % h == 0)
            self.reduce = nn.Conv2d(width, narrow, 1)
            self.attend = nn.Conv2d(2 * narrow, self.n_heads, 1)
            self.gate = nn.Conv2d(2 * narrow, self.n_heads, 1)
            self.value = nn.Conv2d(width, width, 1)
            self.bring = nn.Conv2d(width, local.out_channels, 1)
            self.norm = nn.GroupNorm(1, local.out_channels)
            # Nothing at first; a group norm, unlike a batch norm, does the same in training and after it.
            nn.init.zeros_(self.norm.weight)
            nn.init.zeros_(self.norm.bias)
            weight = local.weight
            for part in (self.reduce, self.attend, self.gate, self.value, self.bring, self.norm):
                part.to(device=weight.device, dtype=weight.dtype)

        def forward(self, pictures: Any) -> Any:
            out = self.local(pictures)
            b, c, h, w = pictures.shape
            near = torch.relu(self.reduce(pictures))
            far = near.mean(dim=(2, 3), keepdim=True).expand_as(near)
            seen = torch.cat([near, far], dim=1)
            attention = self.attend(seen).flatten(2).softmax(dim=2)
            value = self.value(pictures).reshape(b, self.n_heads, c // self.n_heads, h * w)
            gathered = torch.einsum("bhcp,bhp->bhc", value, attention)
            gates = torch.sigmoid(self.gate(seen))
            handed = gathered[..., None, None] * gates[:, :, None]
            mixed = self.bring(pictures + handed.reshape(b, c, h, w))
            if mixed.shape[-2:] != out.shape[-2:]:
                mixed = nn.functional.adaptive_avg_pool2d(mixed, out.shape[-2:])
            return out + self.norm(mixed)

    LocalGlobal.__qualname__ = "LocalGlobal"
    return LocalGlobal


__all__ = ["LocalGlobalConv", "with_global_branches"]
