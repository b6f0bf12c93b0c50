"""The compiled scope: what one caller may write, as the driver wrote it down for the guard."""

from __future__ import annotations

import sys

from . import disk
from .document import Malformed, parse, text_of

VERSION = 1
STRICT, WARN, OFF = "strict", "warn", "off"


class Unusable(Exception):
    """The scope file cannot be trusted; the message says why."""


class Scope:
    """`write` are globs relative to `root`, an absolute directory; `file` is where the scope was read from."""

    __slots__ = ("blocked", "enforcement", "file", "role", "root", "ticket", "write")

    def __init__(self, root: str, write: list[str], *, ticket: str = "", role: str = "", file: str = "") -> None:
        self.root, self.write, self.ticket, self.role, self.file = root, write, ticket, role, file
        self.enforcement = STRICT
        self.blocked: list[str] = []


def load(path: str, digest: str = "") -> Scope:
    """The scope in the file at `path`; `digest` is the hex SHA-256 that its bytes must have. Raises Unusable."""
    try:
        data = disk.read(path)
    except (OSError, ValueError) as error:
        raise Unusable(f"the scope file cannot be read ({type(error).__name__})") from None
    if digest and sha256(data) != digest.strip().lower():
        raise Unusable("the scope file is not the one that was handed out")
    try:
        return read(data, path)
    except Malformed as error:
        raise Unusable(f"the scope file cannot be used: {error}") from None


def read(data: bytes, path: str = "") -> Scope:
    """The scope that `data` holds. Missing globs allow nothing, an unknown enforcement is strict. Raises Malformed."""
    found = parse(data)
    root = text_of(found, "root")
    if found.get("version") != VERSION or not root.startswith("/"):
        raise Malformed("its version or its root is not known")
    scope = Scope(root, _texts(found, "write"), file=path)
    scope.ticket, scope.role = text_of(found, "ticket"), text_of(found, "role")
    scope.blocked = _texts(found, "blocked_commands")
    said = text_of(found, "enforcement")
    scope.enforcement = said if said in (WARN, OFF) else STRICT
    return scope


def _texts(found: dict[str, object], name: str) -> list[str]:
    """A list of strings; none when it is missing. One that is not a string makes the file useless."""
    value = found.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise Malformed(f"{name} is not a list")
    texts = [one for one in value if isinstance(one, str)]
    if len(texts) != len(value):
        raise Malformed(f"{name} holds something that is not text")
    return texts


def sha256(data: bytes) -> str:
    """The hex digest of `data`."""
    # hashlib costs 3 ms, for OpenSSL; the interpreter's own module has another name since 3.12.
    name = "_sha2" if sys.version_info >= (3, 12) else "_sha256"
    try:
        return str(__import__(name).sha256(data).hexdigest())
    except ImportError:
        from hashlib import sha256 as digest

        return digest(data).hexdigest()
