# SPDX-License-Identifier: MIT
"""A line server of known capacity: it answers one line at a time, whosever it is, and takes its time for
each. More than 1 / service time cannot be had of it."""
import contextlib
import socket
import time

from peers import _socket
from reactor import Reactor


class Sleeper(Reactor):
    """`answer` goes back for each line, `service` seconds after the one before."""

    def __init__(self, family, service, answer=b"+OK\r\n"):
        super().__init__()
        self._service, self._answer = service, answer
        self._lines = {}
        self.served, self.busy = 0, 0.0
        listener = _socket(family, socket.SOCK_STREAM, None, None, 0)
        listener.listen(512)
        listener.setblocking(False)
        self.port = listener.getsockname()[1]
        self._watch(listener, self._accept)

    @property
    def capacity(self):
        """Answers a second, by what its service really took."""
        return self.served / self.busy

    def _accept(self, listener):
        with contextlib.suppress(OSError):
            connection, _ = listener.accept()
            self._lines[connection] = bytearray()
            self._watch(connection, self._read)

    def _read(self, connection):
        text = self._lines[connection]
        try:
            data = connection.recv(65536)
            text += data
            while b"\n" in text and not self._stopped:
                del text[: text.index(b"\n") + 1]
                self._answer_one(connection)
        except OSError:
            data = b""
        if not data:
            del self._lines[connection]
            self._drop(connection)

    def _answer_one(self, connection):
        begin = time.monotonic()
        time.sleep(self._service)
        connection.sendall(self._answer)
        self.busy += time.monotonic() - begin
        self.served += 1
