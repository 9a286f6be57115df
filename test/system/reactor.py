# SPDX-License-Identifier: MIT
"""What servers of the tests have in common that hear of many sockets in one thread."""
import selectors
import socket
import threading


class Reactor:
    """A thread that calls `take(sock)` for each socket that is ready, and `_release()` afterwards, for the
    length of its block; then all that it watches is closed."""

    def __init__(self):
        self._selector = selectors.DefaultSelector()
        self._stopped = False
        self._stopping, self._stop = socket.socketpair()
        self._watch(self._stopping, self._end)
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _watch(self, sock, take):
        self._selector.register(sock, selectors.EVENT_READ, take)

    def _drop(self, sock):
        self._selector.unregister(sock)
        sock.close()

    def _end(self, _sock):
        self._stopped = True

    def _patience(self):
        """Seconds until _release() is wanted, whatever is heard; None: never."""

    def _release(self):
        """What has waited for its time."""

    def _run(self):
        while not self._stopped:
            for key, _ in self._selector.select(self._patience()):
                key.data(key.fileobj)
            self._release()

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
