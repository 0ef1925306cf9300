"""The data folder: everything that a stack keeps, and the lock that makes one stack its only user."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType

from config.stack.errors import CannotStart


class DataFolder:
    """Holds the folder for as long as the context lasts. Raises CannotStart when another stack holds it.

    The lock is the kernel's: it ends with this process, however that ends. ``left_running`` says that the stack
    before did not stop in order, so its processes may still be on their way out.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.left_running = False
        self._lock: int | None = None

    def __enter__(self) -> DataFolder:
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.run.mkdir(exist_ok=True)
            self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise CannotStart(f"the data folder {self.path} cannot be used: {error.strerror} (UPBEAT_DATA)") from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(self._lock, 20).decode().strip()
            os.close(self._lock)
            raise CannotStart(
                f"another stack (process {holder}) is using the data folder {self.path}; "
                "choose another with UPBEAT_DATA"
            ) from None
        self.left_running = bool(os.read(self._lock, 20))
        self._note(str(os.getpid()))
        for pid_file in self.run.glob("*.pid"):
            pid_file.unlink()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._lock is not None
        self._note("")
        os.close(self._lock)

    @property
    def run(self) -> Path:
        """Pid files, one for each process while it runs: its number is also that of its process group."""
        return self.path / "run"

    def _note(self, text: str) -> None:
        assert self._lock is not None
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, text.encode(), 0)
