"""Writing a file so that a full disk, a crash or a kill leaves the file that was there."""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path


def write_atomic(path: Path, text: str | bytes) -> None:
    """Write bytes, or `text` as UTF-8, to `path`: whole or not at all. Links are followed, permissions kept; what is no
    regular file (`/dev/null`, a pipe) is written to as it is.

    Raises:
        OSError: it cannot be written; the file is as it was.
    """
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    target = Path(os.path.realpath(path))
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        mode = None
    if mode is not None and not stat.S_ISREG(mode):
        target.write_bytes(data)
        return
    if mode is not None and not os.access(target, os.W_OK):
        raise PermissionError(13, "Permission denied", str(path))
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(name, 0o666 & ~_umask() if mode is None else stat.S_IMODE(mode))
        os.replace(name, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise


def _umask() -> int:
    """The mask of the process; there is no way to read it but to set it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
