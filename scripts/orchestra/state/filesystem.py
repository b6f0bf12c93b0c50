"""Whether a path lies on a file system that SQLite's write-ahead log can be trusted on."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from orchestra.errors import bad_input

OVERRIDE = "ORCHESTRA_ALLOW_NETWORK_STATE"

# The log's index is shared memory: two machines, or two sides of a share, do not see the same one
# (https://www.sqlite.org/wal.html, "all processes using a database must be on the same host computer").
# Clustered ones too, and macOS's user-space ones, which do not tell what is behind them.
NETWORK = frozenset(
    (
        *("nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "9p", "afs", "afpfs", "ncpfs", "webdav", "davfs"),
        *("ceph", "glusterfs", "lustre", "gpfs", "beegfs", "pvfs2", "orangefs", "coda", "macfuse", "osxfuse"),
    )
)
_FUSE = frozenset(
    ("sshfs", "s3fs", "rclone", "gcsfuse", "davfs", "davfs2", "glusterfs", "ceph", "smbnetfs", "curlftpfs", "juicefs")
)


def is_network(kind: str) -> bool:
    """Whether a file system type, as the mount table names it, is a share."""
    family, _, program = kind.partition(".")
    return kind in NETWORK or (family == "fuse" and program in _FUSE)


def refuse_network(path: Path) -> None:
    """Raise UserError 65 when `path` (links followed) lies on a network file system."""
    if os.environ.get(OVERRIDE) == "1":
        return
    kind = kind_of(path.resolve(), _mounts())
    if is_network(kind):
        raise bad_input(
            f"{path} lies on a network file system ({kind}), where its write-ahead log can be lost or corrupted.",
            "Move the project to a local disk, or make .orchestra/state.db a symbolic link to a file on one. "
            f"If only one machine ever opens it, {OVERRIDE}=1 allows it at your own risk.",
        )


def kind_of(path: Path, mounts: str) -> str:
    """The type of the file system that `path` lies on, by the text of /proc/mounts or of macOS's `mount`."""
    best, kind = -1, ""
    for line in mounts.splitlines():
        point, found = _parse(line)
        # The last mount on a point hides those before it.
        if point and len(point) >= best and path.is_relative_to(point):
            best, kind = len(point), found
    return kind


def _parse(line: str) -> tuple[str, str]:
    mac = re.fullmatch(r".+? on (/.*) \(([^,)]+).*\)", line)
    if mac:
        return mac[1], mac[2].strip()
    words = line.split(" ")
    return (_unescape(words[1]), words[2]) if len(words) > 3 else ("", "")


def _unescape(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), text)


def _mounts() -> str:
    if sys.platform == "darwin":
        return _mount_command()
    try:
        return Path("/proc/self/mounts").read_text(errors="surrogateescape")
    except OSError:
        return ""


def _mount_command() -> str:
    import subprocess

    try:
        return subprocess.run(["/sbin/mount"], capture_output=True, text=True, timeout=5, check=False).stdout
    except (OSError, subprocess.SubprocessError):
        return ""
