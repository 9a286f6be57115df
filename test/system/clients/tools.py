# SPDX-License-Identifier: MIT
"""Plain tools for talking to a server and for looking at its process from outside.

Every wait here has an end: a server that hangs makes a test fail, never hang.
"""
import argparse
import contextlib
import ctypes
import os
import select
import socket
import struct
import threading
import time

PATIENCE = 20.0
CLONE_NEWNET = 0x40000000
LINGER_RESET = struct.pack("ii", 1, 0)
PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_DETACH = 0x4206, 0x4207, 17
WALL = 0x40000000


def family_of(host):
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def sockaddr(host, port, kind):
    """The address getaddrinfo makes of a literal: it knows zones."""
    found = socket.getaddrinfo(host, port, type=kind, flags=socket.AI_NUMERICHOST)
    return found[0][4]


def connect(host, port, source=None, mss=None, rcvbuf=None, timeout=PATIENCE):
    """A TCP connection with what the test wants set before the handshake."""
    sock = socket.socket(family_of(host), socket.SOCK_STREAM)
    try:
        sock.settimeout(timeout)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if mss:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, mss)
        if rcvbuf:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        if source:
            sock.bind((source, 0))
        sock.connect(sockaddr(host, port, socket.SOCK_STREAM))
    except BaseException:
        sock.close()
        raise
    return sock


def datagram_socket(host, port=None, source=None, sport=0, timeout=PATIENCE, rcvbuf=4 << 20):
    """A UDP socket; connected when a port is given, so that only the address asked is heard."""
    sock = socket.socket(family_of(host), socket.SOCK_DGRAM)
    try:
        sock.settimeout(timeout)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        if source or sport:
            any_address = "::" if family_of(host) == socket.AF_INET6 else "0.0.0.0"
            sock.bind((source or any_address, sport))
        if port is not None:
            sock.connect(sockaddr(host, port, socket.SOCK_DGRAM))
    except BaseException:
        sock.close()
        raise
    return sock


def reset(sock):
    """Close with an RST."""
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_RESET)
    sock.close()


def receive_exactly(sock, count):
    """`count` bytes, or what came before the end of the stream."""
    got = bytearray()
    while len(got) < count:
        chunk = sock.recv(min(1 << 18, count - len(got)))
        if not chunk:
            break
        got += chunk
    return bytes(got)


def receive_all(sock):
    """Everything until the end of the stream; an RST is an exception."""
    got = bytearray()
    while True:
        chunk = sock.recv(1 << 18)
        if not chunk:
            return bytes(got)
        got += chunk


def closed_by_peer(sock, seconds=5.0):
    """True when the peer ends the connection (FIN or RST) within the time."""
    end = time.monotonic() + seconds
    while True:
        left = end - time.monotonic()
        if left <= 0 or not select.select([sock], [], [], left)[0]:
            return False
        try:
            if not sock.recv(1 << 16):
                return True
        except ConnectionError:
            return True


def silent(sock, seconds):
    """True when nothing at all becomes readable within the time."""
    return not select.select([sock], [], [], seconds)[0]


class Lines:
    """Line by line over a TCP socket."""

    def __init__(self, sock):
        self.sock = sock
        self.pending = bytearray()

    def send(self, *lines):
        self.sock.sendall("".join(line + "\n" for line in lines).encode())

    def next(self, seconds=PATIENCE):
        """The next line without its newline; None at the end of the stream."""
        end = time.monotonic() + seconds
        while b"\n" not in self.pending:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.sock], [], [], left)[0]:
                raise TimeoutError(f"no line within {seconds} s, pending {bytes(self.pending)!r}")
            chunk = self.sock.recv(1 << 16)
            if not chunk:
                assert not self.pending, f"stream ended within a line: {bytes(self.pending)!r}"
                return None
            self.pending += chunk
        line, _, rest = self.pending.partition(b"\n")
        self.pending = rest
        return line.decode()

    def ask(self, line, seconds=PATIENCE):
        self.send(line)
        return self.next(seconds)


def tcp_echoes(host, port, payload=b"still there?", source=None):
    """True when a new connection gets its bytes back."""
    with connect(host, port, source=source) as sock:
        sock.sendall(payload)
        return receive_exactly(sock, len(payload)) == payload


def udp_echoes(host, port, payload=b"still there?"):
    """True when a datagram comes back from the very address it went to."""
    with datagram_socket(host, port) as sock:
        sock.send(payload)
        return sock.recv(65535) == payload


def resident_kb(pid):
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
        for line in status:
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    raise ProcessLookupError(pid)


def cpu_ns(pid):
    """CPU time of all threads in nanoseconds (finer than the ticks of /proc/PID/stat)."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with contextlib.suppress(FileNotFoundError):
            with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as stat:
                total += int(stat.read().split()[0])
    return total


def cpu_share(pid, seconds=1.0):
    """The part of one CPU that a process takes over the next `seconds`."""
    before, start = cpu_ns(pid), time.monotonic()
    time.sleep(seconds)
    return (cpu_ns(pid) - before) / 1e9 / (time.monotonic() - start)


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def forge_udp4(source, sport, target, dport, payload, ttl=64):
    """One IPv4 datagram with any source address and port (raw socket: root only)."""
    src, dst = socket.inet_aton(source), socket.inet_aton(target)
    udp = udp_segment(src + dst, sport, dport, payload)
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, ttl,
                       socket.IPPROTO_UDP, 0, src, dst)
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as sock:
        sock.sendto(head + udp, (target, 0))


def forge_udp6(source, sport, target, dport, payload, ttl=64):
    """The same over IPv6."""
    src, dst = (socket.inet_pton(socket.AF_INET6, host) for host in (source, target))
    udp = udp_segment(src + dst, sport, dport, payload)
    head = struct.pack("!IHBB", 6 << 28, len(udp), socket.IPPROTO_UDP, ttl)
    with socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW) as sock:
        sock.sendto(head + src + dst + udp, (target, 0))


def forge_udp(source, *rest):
    (forge_udp6 if ":" in source else forge_udp4)(source, *rest)


def udp_segment(addresses, sport, dport, payload):
    udp = struct.pack("!4H", sport, dport, 8 + len(payload), 0) + payload
    pseudo = addresses + struct.pack("!II", len(udp), socket.IPPROTO_UDP)
    return udp[:6] + struct.pack("!H", checksum(pseudo + udp) or 0xFFFF) + udp[8:]


@contextlib.contextmanager
def standing_in(namespace):
    """This thread, and all that it starts, stands in the named network namespace. For modules that
    write addresses to a server which it must not ask: there is no way out of a bare namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/thread-self/ns/net", "rb") as home, \
            open(f"/run/netns/{namespace}", "rb") as there:
        if libc.setns(there.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")
        try:
            yield
        finally:
            assert libc.setns(home.fileno(), CLONE_NEWNET) == 0, "there is no way back"


@contextlib.contextmanager
def frozen_thread(task):
    """One thread of another process stands still, the others go on: a tracer has stopped it."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    libc.ptrace.restype = ctypes.c_long
    for request in (PTRACE_SEIZE, PTRACE_INTERRUPT):
        if libc.ptrace(request, task, None, None) < 0:
            raise OSError(ctypes.get_errno(), "ptrace")
    os.waitpid(task, WALL)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            libc.ptrace(PTRACE_DETACH, task, None, None)


def together(count, work):
    """Calls work(0 .. count - 1), each in a thread of its own, until all have ended."""
    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def command(doc, port, run):
    """The command line of random clients, run(host, port, requests, seed): its exit code."""
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=port)
    parser.add_argument("--requests", type=int, default=30_000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    wrong = run(args.host, args.port, args.requests, args.seed)
    print(wrong or f"{args.requests} requests, nothing wrong")
    return 1 if wrong else 0
