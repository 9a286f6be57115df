#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A seeded client of the `pong` protocol that knows the answer to every line it invents.

    random_pong.py --host 127.0.0.1 --port 42422 --requests 30000 --seed 1

One request is one line: pings in any case with any blanks, LF or CRLF, empty lines, unknown
commands of any bytes, over-long lines, targets that the address policy refuses, `help`, `quit`,
a last line without its newline; written whole, in pieces or byte by byte.
"""
import random
import re
import socket
import sys
import threading
import time
import unicodedata

if __package__:
    from . import tools
else:
    import tools

THREADS = 6
LINE_LIMIT = 1024
ANSWER_LIMIT = 512
HINT = " (try: ping, ping TARGET, help, quit)"
REFUSED = ("127.0.0.1", "tcp://127.0.0.1:1", "udp-echo://[::1]:9", "10.1.2.3", "224.0.0.1",
           "255.255.255.255", "pong://[::ffff:127.0.0.1]", "icmp://[fe80::1]", "0", "::",
           "http://", "tcp-echo://[::1", "nosuch://x", "'", "\x1b[31m", "a" * 300)
WORDS = "abcdefghijklmnopqrstuvwxyz0123456789-_.,:;!?/()[]{}<>=+*&%$#@"
UNPRINTABLE = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")


class Wrong(Exception):
    """An answer that the protocol does not allow."""


def check_clean(line):
    """An answer line is short, and no byte of it can hurt a terminal."""
    if len(line) + 1 > ANSWER_LIMIT:
        raise Wrong(f"an answer of {len(line) + 1} bytes")
    try:
        text = line.removesuffix(b"\r").decode()
    except UnicodeDecodeError:
        raise Wrong(f"an answer that is not UTF-8: {line!r}") from None
    if any(unicodedata.category(c) in UNPRINTABLE for c in text):
        raise Wrong(f"a raw control or bidi character: {line!r}")
    return text


def expect_pong(lines):
    line = take(lines, "pong")
    match = re.fullmatch(r"pong (\d+)", line)
    if not match or abs(int(match[1]) - time.time()) > 30:
        raise Wrong(f"wanted a pong, got {line!r}")


def expect_error(lines):
    line = take(lines, "error")
    if not line.startswith("error "):
        raise Wrong(f"wanted an error, got {line!r}")


def expect_help_and_pong(lines):
    """Help may take several lines, so a ping right behind it shows where they end."""
    take(lines, "help")
    while lines and not lines[0].startswith(b"pong "):
        take(lines, "help")
    expect_pong(lines)


def expect_unknown(word):
    def expect(lines):
        line = take(lines, word)
        if line != f"error unknown command '{word}'{HINT}":
            raise Wrong(f"wanted the unknown command {word!r}, got {line!r}")
    return expect


def take(lines, wanted):
    if not lines:
        raise Wrong(f"no answer where {wanted!r} was due")
    return check_clean(lines.pop(0))


def blanks(rng):
    return "".join(rng.choices(" \t", k=rng.choice((0, 0, 0, 1, 2, 9)))).encode()


def shuffle_case(rng, word):
    return "".join(c.upper() if rng.random() < 0.5 else c for c in word).encode()


def any_bytes(rng, low, high):
    raw = rng.randbytes(rng.randint(low, high))
    return raw.replace(b"\n", b"\0").replace(b"\r", b"\x85")


def draw_line(rng):
    """One line without its end, and what it must be answered by (None: nothing)."""
    kind = rng.random()
    if kind < 0.5:
        return blanks(rng) + shuffle_case(rng, "ping") + blanks(rng), expect_pong
    if kind < 0.6:
        return blanks(rng), None
    if kind < 0.7:
        word = "x" + "".join(rng.choices(WORDS, k=rng.randint(0, 63)))
        return blanks(rng) + word.encode() + blanks(rng), expect_unknown(word)
    if kind < 0.82:
        return b"\x01" + any_bytes(rng, 0, LINE_LIMIT - 50), expect_error
    if kind < 0.87:
        return b"y" + any_bytes(rng, LINE_LIMIT + 10, 9000), expect_error
    if kind < 0.97:
        return shuffle_case(rng, "ping") + b" " + rng.choice(REFUSED).encode(), expect_error
    return shuffle_case(rng, "help") + b"\nping", expect_help_and_pong


def draw_script(rng, count):
    """The bytes of a whole visit and the answers it must get, in order."""
    script, answers = bytearray(), []
    for i in range(count):
        line, answer = draw_line(rng)
        last_without_end = i == count - 1 and rng.random() < 0.3
        script += line + (b"" if last_without_end else rng.choice((b"\n", b"\r\n")))
        if answer:
            answers.append(answer)
    if rng.random() < 0.1 and script.endswith(b"\n"):
        script += b"quit\n" + any_bytes(rng, 0, 200)
    return bytes(script), answers


def write(sock, rng, script):
    way = rng.random()
    if way < 0.4:
        sock.sendall(script)
        return
    longest = 3 if way < 0.5 and len(script) < 2000 else 700
    at = 0
    while at < len(script):
        step = rng.randint(1, longest)
        sock.sendall(script[at:at + step])
        at += step


def converse(sock, rng, count):
    script, answers = draw_script(rng, count)
    write(sock, rng, script)
    sock.shutdown(socket.SHUT_WR)
    raw = tools.receive_all(sock)
    if raw and not raw.endswith(b"\n"):
        raise Wrong(f"the last answer has no end: {raw[-80:]!r}")
    lines = raw.split(b"\n")[:-1]
    for answer in answers:
        answer(lines)
    for line in lines:
        # `quit` may say good-bye, and may not say anything else.
        if check_clean(line).startswith(("pong", "error")) or b"quit\n" not in script:
            raise Wrong(f"an answer to nothing: {line!r}")


def vanish(sock, rng, count):
    """Write and reset without reading."""
    script, _ = draw_script(rng, count)
    write(sock, rng, script)
    tools.reset(sock)


class Crowd:
    """Threads that share one count of requests and stop at the first wrong answer."""

    def __init__(self, host, port, requests, seed):
        self.host, self.port, self.seed = host, port, seed
        self.left = requests
        self.visitors = 0
        self.failure = None
        self.lock = threading.Lock()

    def next_visit(self):
        with self.lock:
            self.visitors += 1
            rng = random.Random(f"{self.seed}/{self.visitors}")
            share = min(self.left, rng.randint(1, 60))
            self.left -= share
            return self.visitors, rng, 0 if self.failure else share

    def work(self, _number):
        while True:
            who, rng, count = self.next_visit()
            if not count:
                return
            manner = vanish if rng.random() < 0.1 else converse
            try:
                self.visit(manner, rng, count)
            except (OSError, Wrong) as why:
                with self.lock:
                    self.failure = self.failure or f"visitor {who}, {manner.__name__}: {why!r}"

    def visit(self, manner, rng, count):
        with tools.connect(self.host, self.port, mss=rng.choice((None, None, 100))) as sock:
            try:
                manner(sock, rng, count)
            except ConnectionError:
                if manner is converse:
                    raise


def run(host, port, requests, seed):
    """Spend `requests` lines on the server; None, or one sentence on what was wrong."""
    crowd = Crowd(host, port, requests, seed)
    tools.together(THREADS, crowd.work)
    return crowd.failure and f"seed {seed}, {crowd.failure}"


if __name__ == "__main__":
    sys.exit(tools.command(__doc__, 42422, run))
