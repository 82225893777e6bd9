"""Telling pictures, sounds and texts apart by their first bytes and by the suffix of a file name."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath

IMAGE_SUFFIXES = frozenset(
    [
        ".png",
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".gif",
        ".bmp",
        ".dib",
        ".webp",
        ".tif",
        ".tiff",
        ".ppm",
        ".pgm",
        ".pbm",
        ".pnm",
        ".tga",
        ".jp2",
        ".avif",
        ".heic",
        ".heif",
        ".ico",
        ".svg",
    ]
)
AUDIO_SUFFIXES = frozenset(
    [".wav", ".wave", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".m4a"]
)
TEXT_SUFFIXES = frozenset({".txt"})

_IMAGE_HEADS = (
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"GIF87a",
    b"GIF89a",
    b"BM",
    b"II*\x00",
    b"MM\x00*",
    b"\x00\x00\x00\x0cjP  ",
)
_AUDIO_HEADS = (b"fLaC", b"OggS", b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2")


def kind_of_bytes(data: bytes) -> str | None:
    """Name what encoded bytes hold, ``"image"`` or ``"audio"``, or None when they are neither.

    Examples
    --------
    >>> kind_of_bytes(b"GIF89a..."), kind_of_bytes(b"hello")
    ('image', None)
    """
    head = bytes(data[:512])
    if head.startswith(b"RIFF"):
        return {b"WEBP": "image", b"WAVE": "audio"}.get(head[8:12])
    if head.startswith(b"FORM") and head[8:12] in (b"AIFF", b"AIFC"):
        return "audio"
    if head.startswith(_AUDIO_HEADS):
        return "audio"
    if head.startswith(_IMAGE_HEADS):
        return "image"
    if head[:1] == b"P" and head[1:2] in b"123456" and head[2:3].isspace():  # the PNM family
        return "image"
    if head[4:8] == b"ftyp":
        return "image" if head[8:12] in (b"avif", b"avis", b"heic", b"heix", b"mif1", b"msf1") else "audio"
    # A drawing is taken for an image, so that its row can say that it has to be rasterized.
    return "image" if is_svg(head) else None


def is_svg(head: bytes) -> bool:
    """Say whether bytes open an SVG drawing, which has no pixels of its own."""
    text = head[:512].lstrip(b"\xef\xbb\xbf \t\r\n")
    return text.startswith(b"<svg") or (
        text.startswith((b"<?xml", b"<!--", b"<!DOCTYPE")) and b"<svg" in text
    )


def kind_of_path(path: str | PurePath) -> str | None:
    """Name the media kind that a file's suffix stands for, or None."""
    suffix = PurePath(path).suffix.lower()
    if suffix in IMAGE_SUFFIXES:
        return "image"
    if suffix in AUDIO_SUFFIXES:
        return "audio"
    return "text" if suffix in TEXT_SUFFIXES else None


def kind_of_paths(paths: Iterable[str | PurePath]) -> str | None:
    """Name the one media kind that all suffixes stand for, or None."""
    kinds = {kind_of_path(path) for path in paths}
    return kinds.pop() if len(kinds) == 1 else None


__all__ = [
    "AUDIO_SUFFIXES",
    "IMAGE_SUFFIXES",
    "TEXT_SUFFIXES",
    "is_svg",
    "kind_of_bytes",
    "kind_of_path",
    "kind_of_paths",
]
