# SPDX-License-Identifier: MIT
"""Far ends written in Python that do as a test tells them, lies included. Each runs in a thread of the
test and is gone at the end of its `with` block. Give `ns=` to place one in a namespace.

    with UdpPeer(family, lambda data, n: [data]) as peer: peer.port, peer.heard, peer.senders
    with TcpPeer(family, serve) as peer:                  serve(connection, n) for each connection
    with IcmpPeer(family, ns, answer) as peer:            answers echo requests in the kernel's place
    closed_port(family, socket.SOCK_STREAM)               a port that refuses until the test is over
"""
import contextlib
import select
import socket
import struct
import threading


def _socket(family, type_, ns, address, port=0):
    make = ns.socket if ns else socket.socket
    sock = make(family.af, type_)
    if type_ == socket.SOCK_STREAM:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((address or (ns.address(family) if ns and ns.v4 else family.loopback), port))
    return sock


_held = []


def closed_port(family, type_=socket.SOCK_STREAM, ns=None):
    """A port that refuses. It is held until the end of the test, or a test beside it might be given it:
    what is bound but does not listen refuses, and so does a UDP socket to all but its own peer."""
    sock = _socket(family, type_, ns, None)
    _held.append(sock)
    if type_ == socket.SOCK_DGRAM:
        sock.connect(sock.getsockname())
    return sock.getsockname()[1]


def release_ports():
    """Called by conftest.py after each test."""
    while _held:
        _held.pop().close()


class _Peer:
    """A thread that runs `_serve` until `_stopping` becomes readable."""

    def __init__(self):
        self._stopping, self._stop = socket.socketpair()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def _readable(self, sock, timeout=None):
        """Wait for `sock`; False when the peer must stop (or after `timeout`)."""
        ready = select.select([sock, self._stopping], [], [], timeout)[0]
        return sock in ready and self._stopping not in ready

    def pause(self, seconds):
        """What a slow peer does instead of time.sleep: ends at once when the test is over."""
        select.select([self._stopping], [], [], seconds)

    def __enter__(self):
        self._thread.start()
        return self

    def _finish(self):
        """What is still under way when the thread has ended, and may still ask for a pause."""

    def __exit__(self, *exception):
        self._stop.send(b"x")
        self._thread.join()
        self._finish()
        self._stop.close()
        self._stopping.close()


class UdpPeer(_Peer):
    """`answer(data, n)` returns what goes back for the n-th datagram (from 0): a list of bytes, or of
    (delay in seconds, bytes). `other` in place of a delay: sent from another port."""

    def __init__(self, family, answer, ns=None, address=None, port=0):
        self._sock = _socket(family, socket.SOCK_DGRAM, ns, address, port)
        self._other = _socket(family, socket.SOCK_DGRAM, ns, address)
        self._answer = answer
        self._timers = []
        self.port = self._sock.getsockname()[1]
        self.heard, self.senders = [], []
        super().__init__()

    def _serve(self):
        while self._readable(self._sock):
            data, sender = self._sock.recvfrom(65536)
            self.heard.append(data)
            self.senders.append(sender)
            for reply in self._answer(data, len(self.heard) - 1):
                self._reply(reply, sender)

    def _reply(self, reply, sender):
        delay, data = reply if isinstance(reply, tuple) else (0, reply)
        sock = self._other if delay == "other" else self._sock
        if delay in (0, "other"):
            sock.sendto(data, sender)
            return
        timer = threading.Timer(delay, self._later, (data, sender))
        timer.start()
        self._timers.append(timer)

    def send(self, data, receiver):
        """Uninvited."""
        self._sock.sendto(data, receiver)

    def _later(self, data, sender):
        with contextlib.suppress(OSError):
            self._sock.sendto(data, sender)

    def __exit__(self, *exception):
        super().__exit__()
        for timer in self._timers:
            timer.cancel()
            timer.join()
        self._sock.close()
        self._other.close()


class TcpPeer(_Peer):
    """`serve(connection, n)` is called in its own thread for the n-th connection (from 0); the connection
    is closed when it returns. Its OSErrors are the client's business and are ignored."""

    def __init__(self, family, serve, ns=None, address=None, port=0):
        self._sock = _socket(family, socket.SOCK_STREAM, ns, address, port)
        self._sock.listen(64)
        self._answer = serve
        self._threads, self._connections = [], []
        self.port = self._sock.getsockname()[1]
        self.senders = []
        super().__init__()

    @property
    def count(self):
        """Connections accepted so far."""
        return len(self.senders)

    def _serve(self):
        while self._readable(self._sock):
            connection, sender = self._sock.accept()
            self.senders.append(sender)
            thread = threading.Thread(target=self._converse, args=(connection, self.count - 1), daemon=True)
            self._connections.append(connection)
            self._threads.append(thread)
            thread.start()

    def _converse(self, connection, number):
        with connection, contextlib.suppress(OSError):
            self._answer(connection, number)

    def _finish(self):
        self._sock.close()
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()


def echo(connection, number=0):
    """An honest TcpPeer: every byte comes back."""
    while data := connection.recv(65536):
        connection.sendall(data)


def reset(connection):
    """Close with an RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


class IcmpPeer(_Peer):
    """Answers ICMP echo requests to a namespace instead of its kernel. `answer(body, n)` gets the n-th
    request's body (identifier, sequence, payload: all after the checksum) and returns bodies of replies,
    or (delay, body) pairs."""

    def __init__(self, family, ns, answer):
        self._family = family
        ns.sysctl("net.ipv4.icmp_echo_ignore_all=1" if family.version == 4 else "net.ipv6.icmp.echo_ignore_all=1")
        self._sock = ns.socket(family.af, socket.SOCK_RAW, family.icmp)
        self._answer = answer
        self.heard = []
        super().__init__()

    def _serve(self):
        request = 8 if self._family.version == 4 else 128
        while self._readable(self._sock):
            packet, sender = self._sock.recvfrom(66000)
            if self._family.version == 4:
                packet = packet[(packet[0] & 15) * 4 :]
            if packet[0] != request:
                continue
            self.heard.append(packet[4:])
            for reply in self._answer(packet[4:], len(self.heard) - 1):
                delay, body = reply if isinstance(reply, tuple) else (0, reply)
                if delay:
                    self.pause(delay)
                self._sock.sendto(self._message(body), sender)

    def _message(self, body):
        kind = 0 if self._family.version == 4 else 129
        if self._family.version == 6:
            return bytes([kind, 0, 0, 0]) + body  # the kernel fills in the checksum
        return bytes([kind, 0]) + struct.pack("!H", checksum(bytes([kind, 0, 0, 0]) + body)) + body

    def __exit__(self, *exception):
        super().__exit__()
        self._sock.close()


def checksum(data):
    """RFC 1071."""
    total = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
