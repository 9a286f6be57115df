# SPDX-License-Identifier: MIT
"""A line server of known capacity: it answers one line at a time, whosever it is, and takes its time for
each. More than 1 / service time cannot be had of it."""
import contextlib
import selectors
import socket
import threading
import time

from peers import _socket


class Sleeper:
    """`answer` goes back for each line, `service` seconds after the one before."""

    def __init__(self, family, service, answer=b"+OK\r\n"):
        self._service, self._answer = service, answer
        self._listener = _socket(family, socket.SOCK_STREAM, None, None, 0)
        self._listener.listen(512)
        self._listener.setblocking(False)
        self.port = self._listener.getsockname()[1]
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ, None)
        self._stopping, self._stop = socket.socketpair()
        self._selector.register(self._stopping, selectors.EVENT_READ, None)
        self._stopped = False
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self.served, self.busy = 0, 0.0

    @property
    def capacity(self):
        """Answers a second, by what its service really took."""
        return self.served / self.busy

    def _serve(self):
        while not self._stopped:
            for key, _ in self._selector.select():
                if key.fileobj is self._listener:
                    self._accept()
                elif key.fileobj is self._stopping:
                    self._stopped = True
                else:
                    self._read(key.fileobj, key.data)

    def _accept(self):
        with contextlib.suppress(OSError):
            connection, _ = self._listener.accept()
            self._selector.register(connection, selectors.EVENT_READ, bytearray())

    def _read(self, connection, text):
        try:
            data = connection.recv(65536)
            text += data
            while b"\n" in text and not self._stopped:
                del text[: text.index(b"\n") + 1]
                self._answer_one(connection)
        except OSError:
            data = b""
        if not data:
            self._selector.unregister(connection)
            connection.close()

    def _answer_one(self, connection):
        begin = time.monotonic()
        time.sleep(self._service)
        connection.sendall(self._answer)
        self.busy += time.monotonic() - begin
        self.served += 1

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exception):
        self._stopped = True
        self._stop.send(b"x")
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()
        self._stop.close()
        self._selector.close()
