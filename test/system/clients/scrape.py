# SPDX-License-Identifier: MIT
"""What a scraper sees: HTTP by hand, so that every byte of a request is the test's own, and the text
format of Prometheus read back into numbers."""
import dataclasses
import re

from clients import tools

LISTENING = r"^listening on metrics http://(\[[^\]]+\]|[^:]+):(\d+)/metrics$"
SAMPLE = re.compile(r'(\w+)(?:\{((?:\w+="(?:[^"\\\n]|\\[\\n"])*",?)*)\})? (\S+)')
LABEL = re.compile(r'(\w+)="((?:[^"\\\n]|\\[\\n"])*)"')


@dataclasses.dataclass(frozen=True)
class Answer:
    status: int  # 0 = the connection was closed without one
    headers: dict
    body: str


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a server's metrics are."""

    host: str
    port: int

    @property
    def name(self):
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def connect(self, **options):
        return tools.connect(self.host, self.port, **options)

    def send(self, request):
        """The answer to a request in bytes."""
        with self.connect() as sock:
            try:
                sock.sendall(request)
                data = tools.receive_all(sock)
            except (BrokenPipeError, ConnectionResetError):
                data = b""
        return parse_answer(data)

    def ask(self, path="/metrics", method="GET", host=None, headers=""):
        return self.send(f"{method} {path} HTTP/1.1\r\nHost: {host or self.name}\r\n{headers}\r\n".encode())

    def samples(self):
        """The page: {(name, (label, value), …): number}."""
        answer = self.ask()
        assert answer.status == 200, answer
        return parse_page(answer.body)


def place_of(server):
    match = server.wait_line(LISTENING)
    return Place(match[1].strip("[]"), int(match[2]))


def parse_answer(data):
    head, _, body = data.decode().partition("\r\n\r\n")
    if not head:
        return Answer(0, {}, "")
    status, *lines = head.split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    return Answer(int(status.split()[1]), headers, body)


def parse_page(text):
    samples = {}
    assert text.endswith("\n")
    for line in text.splitlines():
        if line.startswith("# "):
            continue
        name, labels, value = SAMPLE.fullmatch(line).groups()
        key = (name, *LABEL.findall(labels or ""))
        assert key not in samples, f"{key} comes twice"
        samples[key] = float(value)
    return samples


def value(samples, name, **labels):
    return samples[(name, *labels.items())]


def total(samples, name, **labels):
    """The sum of all samples of that name that have these labels."""
    found = [number for (each, *pairs), number in samples.items()
             if each == name and set(labels.items()) <= set(pairs)]
    assert found, name
    return sum(found)


def counters(samples):
    """Those that may only grow."""
    return {key: number for key, number in samples.items()
            if key[0].endswith(("_total", "_bucket", "_count", "_sum"))}
