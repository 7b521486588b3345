"""Signals of the daemon: each only leaves a word, and wakes whoever waits."""

from __future__ import annotations

import signal
import socket
from types import FrameType, TracebackType
from typing import Any, Self

_HANDLED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)


class Signals:
    """While entered, ``stop`` is the signal that asked to end, ``hurry`` says that a second one did.

    ``fileno`` is readable whenever a signal has come, the end of a child among them.
    """

    def __init__(self) -> None:
        self.stop: signal.Signals | None = None
        self.hurry = False
        self._reload = False
        self._previous: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        self._wake, self._woken = socket.socketpair()
        self._wake.setblocking(False)
        self._woken.setblocking(False)
        self._previous_fd = signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        for number in _HANDLED:
            self._previous[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._previous_fd)
        self._wake.close()
        self._woken.close()

    def fileno(self) -> int:
        """Return what becomes readable when a signal comes."""
        return self._woken.fileno()

    def take_reload(self) -> bool:
        """Tell whether the config is to be read again, once each time that it was asked for."""
        asked, self._reload = self._reload, False
        return asked

    def drain(self) -> None:
        """Forget that somebody was woken."""
        try:
            while self._woken.recv(4096):
                pass
        except BlockingIOError:
            return

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGHUP:
            self._reload = True
        elif number != signal.SIGCHLD:
            self.hurry = self.stop is not None
            self.stop = self.stop or signal.Signals(number)
