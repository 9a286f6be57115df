# SPDX-License-Identifier: MIT
"""`--metrics`: the page, who may have it, and that it never costs the data path anything."""
import contextlib
import os
import signal
import socket
import subprocess
import threading
import time

import pytest

import harness
from clients import scrape, tools

ODD_METHODS = ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "get", "GETT"]


def services(family):
    return [family.local(kind, 0) for kind in ("udp-echo", "tcp-echo", "pong")]


@contextlib.contextmanager
def serving(family, *args, **options):
    """A server with metrics on the family's loopback: (server, scrape.Place)."""
    where = asked(family, family.loopback, 0)
    with harness.Server(*services(family), "--metrics", where, *args, **options) as server:
        yield server, scrape.place_of(server)


def asked(family, host, port):
    return family.url("", host, port).removeprefix("://")


# --- the page -----------------------------------------------------------------------------------------


def test_promtool_finds_nothing_to_say_about_the_page(family):
    promtool = harness.need_tool("promtool")
    with serving(family) as (server, place):
        assert tools.udp_echoes(family.loopback, server.port("udp-echo"))
        assert tools.tcp_echoes(family.loopback, server.port("tcp-echo"))
        answer = place.ask()
        done = subprocess.run([promtool, "check", "metrics"], input=answer.body, text=True,
                              capture_output=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"


def test_promtool_would_have_found_a_flaw():
    promtool = harness.need_tool("promtool")
    done = subprocess.run([promtool, "check", "metrics"], input="# TYPE sounder_x counter\nsounder_x 1\n",
                          text=True, capture_output=True, check=False)
    assert done.returncode != 0


def test_every_series_is_in_the_manual(family):
    with open(os.path.join(os.path.dirname(__file__), "../../docs/metrics.md"), encoding="utf-8") as manual:
        text = manual.read()
    with serving(family) as (_, place):
        names = {line.split()[2] for line in place.ask().body.splitlines() if line.startswith("# TYPE")}
        assert names and not [name for name in names if f"`{name}`" not in text]


def quiet(place, key, number):
    """The page once a sample has reached a number: a worker counts a moment after it has answered."""
    def reached():
        samples = place.samples()
        return samples if samples[key] >= number else None

    return harness.wait_until(reached, f"{key} reaches {number}")


def test_the_sums_are_what_the_clients_sent(family):
    with serving(family, "--workers", "2") as (server, place):
        sent = 0
        for number in range(200):
            with tools.datagram_socket(family.loopback, server.port("udp-echo")) as sock:
                sock.send(b"x" * number)
                assert len(sock.recv(65535)) == number
                sent += number
        for number in range(30):
            assert tools.tcp_echoes(family.loopback, server.port("tcp-echo"), b"y" * (1000 + number))
        ended = ("sounder_connections_ended_total", ("service", "tcp-echo"), ("reason", "peer"))
        samples = quiet(place, ended, 30)
        bytes_of_tcp = sum(1000 + number for number in range(30))
        for name, service, number in (
                ("sounder_datagrams_received_total", "udp-echo", 200),
                ("sounder_received_bytes_total", "udp-echo", sent),
                ("sounder_sent_bytes_total", "udp-echo", sent),
                ("sounder_connections_accepted_total", "tcp-echo", 30),
                ("sounder_connections_ended_total", "tcp-echo", 30),
                ("sounder_connections_open", "tcp-echo", 0),
                ("sounder_received_bytes_total", "tcp-echo", bytes_of_tcp),
                ("sounder_sent_bytes_total", "tcp-echo", bytes_of_tcp),
                ("sounder_datagrams_dropped_total", "udp-echo", 0),
                ("sounder_connections_accepted_total", "pong", 0)):
            assert scrape.total(samples, name, service=service) == number, (name, service)


def test_a_drop_is_counted_by_its_reason(family, alone):
    """Source port 7 is an echo's: silence."""
    where = asked(family, family.loopback, 0)
    with harness.Server(family.local("udp-echo", 0), "--metrics", where, ns=alone) as server:
        place = scrape.place_of(server)
        with alone.call(tools.datagram_socket, family.loopback, server.port("udp-echo"),
                        family.loopback, 7) as sock:
            for _ in range(5):
                sock.send(b"loop")
            key = ("sounder_datagrams_dropped_total", ("service", "udp-echo"), ("reason", "source_port"))
            samples = alone.call(quiet, place, key, 5)
        assert samples[key] == 5
        assert scrape.total(samples, "sounder_datagrams_dropped_total") == 5
        assert scrape.total(samples, "sounder_sent_bytes_total", service="udp-echo") == 0


def test_who_finds_no_place_is_counted(family):
    with serving(family, "--max-connections", "2", "--workers", "1") as (server, place), \
            contextlib.ExitStack() as stack:
        for _ in range(2):
            sock = stack.enter_context(tools.connect(family.loopback, server.port("tcp-echo")))
            sock.sendall(b"1")
            assert sock.recv(1) == b"1"
        for _ in range(3):
            assert tools.closed_by_peer(
                stack.enter_context(tools.connect(family.loopback, server.port("tcp-echo"))))
        samples = place.samples()
        assert scrape.value(samples, "sounder_connections_turned_away_total", service="tcp-echo") == 3
        assert scrape.value(samples, "sounder_connections_open", service="tcp-echo") == 2
        assert scrape.value(samples, "sounder_connections_max") == 2


def test_the_processor_time_of_the_workers_is_part_of_the_process(family):
    with serving(family, "--workers", "2") as (server, place):
        before = scrape.total(place.samples(), "sounder_worker_cpu_seconds_total")
        with tools.datagram_socket(family.loopback, server.port("udp-echo")) as sock:
            for _ in range(500):
                sock.send(b"x")
                sock.recv(1)
        samples = place.samples()
        after = scrape.total(samples, "sounder_worker_cpu_seconds_total")
        assert before < after <= tools.cpu_ns(server.pid) / 1e9
        assert {key[1][1] for key in samples if key[0] == "sounder_worker_cpu_seconds_total"} == {"0", "1"}


def test_the_histogram_counts_each_turn_once(family):
    with serving(family, "--workers", "1") as (server, place):
        for _ in range(50):
            assert tools.udp_echoes(family.loopback, server.port("udp-echo"))
        samples = harness.wait_until(
            lambda: enough_turns(place, 50), "50 turns have been counted")
        name = "sounder_worker_turn_seconds"
        buckets = [number for key, number in samples.items() if key[0] == name + "_bucket"]
        assert buckets == sorted(buckets) and buckets[-1] == samples[(name + "_count",)]
        assert 0 < samples[(name + "_sum",)] < time.clock_gettime(time.CLOCK_MONOTONIC)


def enough_turns(place, number):
    samples = place.samples()
    return samples if samples[("sounder_worker_turn_seconds_count",)] >= number else None


# --- scraping under load ------------------------------------------------------------------------------


class Scraper(threading.Thread):
    """Scrapes without a pause until it is stopped; what only grows must never shrink."""

    def __init__(self, place):
        super().__init__()
        self.place, self.scrapes, self.wrong, self.enough = place, 0, [], False

    def run(self):
        last = {}
        while not self.enough:
            samples = scrape.counters(self.place.samples())
            self.wrong += [key for key, number in last.items() if samples[key] < number]
            last = samples
            self.scrapes += 1


def echo_datagrams(host, port, count, lost):
    """In a window of 32, each with its number; appends how many did not come back."""
    back = set()
    with tools.datagram_socket(host, port) as sock:
        for first in range(0, count, 32):
            for number in range(first, first + 32):
                sock.send(number.to_bytes(8, "big") * 8)
            for _ in range(32):
                back.add(sock.recv(100))
    lost.append(count - len(back))


def echo_stream(host, port, count, lost):
    data = os.urandom(8192)
    with tools.connect(host, port) as sock:
        for _ in range(count):
            sock.sendall(data)
            if tools.receive_exactly(sock, len(data)) != data:
                lost.append(1)
    lost.append(0)


def test_scraping_without_a_pause_loses_and_miscounts_nothing(family):
    with serving(family, "--workers", "2") as (server, place):
        scrapers = [Scraper(place) for _ in range(2)]
        lost = []
        load = [threading.Thread(target=echo_datagrams,
                                 args=(family.loopback, server.port("udp-echo"), 3200, lost)) for _ in range(4)]
        load += [threading.Thread(target=echo_stream,
                                  args=(family.loopback, server.port("tcp-echo"), 200, lost)) for _ in range(4)]
        for thread in scrapers + load:
            thread.start()
        for thread in load:
            thread.join()
        for scraper in scrapers:
            scraper.enough = True
            scraper.join()
        assert lost == [0] * 8
        assert all(scraper.scrapes > 3 and not scraper.wrong for scraper in scrapers)
        ended = ("sounder_connections_ended_total", ("service", "tcp-echo"), ("reason", "peer"))
        samples = quiet(place, ended, 4)
        for way in ("sent", "received"):
            name = f"sounder_{way}_bytes_total"
            assert scrape.value(samples, name, service="udp-echo") == 4 * 3200 * 64
            assert scrape.value(samples, name, service="tcp-echo") == 4 * 200 * 8192
        assert scrape.value(samples, "sounder_datagrams_received_total", service="udp-echo") == 4 * 3200
        assert scrape.total(samples, "sounder_datagrams_dropped_total", service="udp-echo") == 0


def test_it_takes_one_thread_and_none_where_nobody_asked(family):
    def threads(server):
        return len(os.listdir(f"/proc/{server.pid}/task"))

    with harness.Server(*services(family), "--workers", "2") as plain, \
            serving(family, "--workers", "2") as (server, place):
        place.samples()
        assert threads(server) == threads(plain) + 1
        assert not [line for line in plain.lines if "metrics" in line]


# --- what is asked for --------------------------------------------------------------------------------


def test_head_is_get_without_its_body(family):
    with serving(family) as (_, place):
        for path in ("/metrics", "/-/healthy", "/nothing"):
            get, head = place.ask(path), place.ask(path, "HEAD")
            assert head.status == get.status and head.body == "" != get.body
            assert head.headers["Content-Type"] == get.headers["Content-Type"]
            assert head.headers["X-Content-Type-Options"] == get.headers["X-Content-Type-Options"] == "nosniff"
            assert int(get.headers["Content-Length"]) == len(get.body)


@pytest.mark.parametrize("method", ODD_METHODS)
def test_any_other_method_is_not_allowed(family, method):
    with serving(family) as (_, place):
        answer = place.ask(method=method, headers="Content-Length: 3\r\n")
        assert answer.status == 405 and answer.headers["Allow"] == "GET, HEAD", answer
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert place.ask().status == 200


def test_a_large_body_is_not_waited_for(family):
    with serving(family) as (_, place), place.connect() as sock:
        sock.sendall(f"POST /metrics HTTP/1.1\r\nHost: {place.name}\r\nContent-Length: 1000000000\r\n\r\n".encode())
        assert sock.recv(12) == b"HTTP/1.1 405"


def test_no_request_makes_a_series(family):
    with serving(family) as (_, place):
        before = place.samples().keys()
        for number in range(20):
            path = f"/metrics/{number}?service=new{number}&x=%22%0a"
            assert place.ask(path, headers=f"X-Service: new{number}\r\n").status == 404
        assert place.ask("/metrics?service=new").status == 200
        assert place.samples().keys() == before


def test_a_path_that_nobody_knows_is_not_found(family):
    with serving(family) as (_, place):
        for path in ("/", "/metrics/", "/Metrics", "//metrics", "/../metrics", "/-/ready", "/etc/passwd",
                     "/metrics%00", "/%0d%0aX:1"):
            answer = place.ask(path)
            assert answer.status == 404 and answer.headers["X-Content-Type-Options"] == "nosniff", path
            assert "X" not in answer.headers


NONSENSE = (
    b"\r\n\r\n", b"\0" * 100, b"GET\r\n\r\n", b"GET /metrics\r\n\r\n", b"\xff\xfe\xfd\r\n\r\n", b"GET /metrics HTTP/9.9\r\n\r\n",
    b"GET /metrics HTTP/1.1\r\n\r\n", b"GET /metrics HTTP/1.0\r\n\r\n", b"GET /metrics HTTP/1.1\r\nHost\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET /metrics HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")


def test_nonsense_gets_no_page_and_harms_nobody(family):
    """All at once: for some of it the server waits until its patience is at an end."""
    with serving(family) as (server, place), contextlib.ExitStack() as stack:
        talkers = [(nonsense, stack.enter_context(place.connect())) for nonsense in NONSENSE]
        for nonsense, sock in talkers:
            sock.sendall(nonsense)
            sock.shutdown(socket.SHUT_WR)
        assert place.ask().status == 200
        for nonsense, sock in talkers:
            with contextlib.suppress(ConnectionResetError):
                assert b"sounder_" not in tools.receive_all(sock), nonsense
        assert place.ask().status == 200
        assert tools.udp_echoes(family.loopback, server.port("udp-echo"))


# --- who asks -----------------------------------------------------------------------------------------


def test_on_loopback_the_host_must_be_this_one(family):
    with serving(family) as (_, place):
        for host in (f"localhost:{place.port}", f"LOCALHOST:{place.port}", f"127.0.0.1:{place.port}",
                     f"127.9.9.9:{place.port}", f"[::1]:{place.port}"):
            assert place.ask(host=host).status == 200, host
        for host in ("evil.example", f"evil.example:{place.port}", "localhost", f"localhost:{place.port + 1}",
                     f"127.0.0.1.evil.example:{place.port}", f"192.0.2.1:{place.port}",
                     f"evil@127.0.0.1:{place.port}"):
            answer = place.ask(host=host)
            assert answer.status == 421 and "sounder_" not in answer.body, host
            assert place.ask("/-/healthy", host=host).status == 421


def test_on_another_address_any_host_will_do(family, alone):
    """There whoever may connect may read, whatever name led there."""
    with harness.Server(family.local("udp-echo", 0), "--metrics", asked(family, family.any, 0), ns=alone) as server:
        match = server.wait_line(scrape.LISTENING)
        assert match[1].strip("[]") == family.any
        place = scrape.Place(family.loopback, int(match[2]))
        for host in ("metrics.example", f"metrics.example:{place.port}", place.name):
            assert alone.call(lambda host=host: place.ask(host=host)).status == 200


def test_a_port_in_use_is_one_sentence(family):
    with serving(family) as (_, place):
        again = harness.run("serve", family.local("udp-echo", 0), "--metrics", place.name, code=2)
        assert again.out == "" and len(again.err.splitlines()) == 1, again
        assert again.err == f"sounder: serve: cannot serve metrics on '{place.name}': address in use\n"
        assert place.ask().status == 200


@pytest.mark.parametrize("wrong", ["", "9464", "localhost:9464", "127.0.0.1", "::1:9464", "127.0.0.1:65536", "*:1", "192.0.2.77:0"])
def test_what_is_no_address_of_ours_is_one_sentence(wrong):
    result = harness.run("serve", "udp-echo://127.0.0.1:0", "--metrics", wrong, code=2)
    assert result.out == "" and len(result.err.splitlines()) == 1 and f"'{wrong}'" in result.err, result


# --- slow, large and many -------------------------------------------------------------------------------


@pytest.mark.parametrize("size, allowed", [(8_000, True), (17_000, False), (1_000_000, False)])
def test_a_head_has_at_most_16_kb(family, size, allowed):
    with serving(family) as (_, place):
        answer = place.ask(headers=f"X-Long: {'x' * size}\r\n")
        assert (answer.status == 200) == allowed, answer
        assert "sounder_" in answer.body or not allowed
        answer = place.send(f"GET /{'x' * size} HTTP/1.1\r\nHost: {place.name}\r\n\r\n".encode())
        assert answer.status == 404 if allowed else answer.status in (0, 414, 431)
        assert place.ask().status == 200


def test_a_head_that_drips_ends_after_10_seconds(family):
    """Each byte is something that moves, so a time-out of silence would never come."""
    with serving(family) as (_, place), place.connect() as sock:
        begin = time.monotonic()
        sock.sendall(f"GET /metrics HTTP/1.1\r\nHost: {place.name}\r\nX: ".encode())
        with contextlib.suppress(ConnectionError):
            while time.monotonic() - begin < 15 and tools.silent(sock, 0.3):
                sock.sendall(b"x")
        assert 9 < time.monotonic() - begin < 14
        assert tools.closed_by_peer(sock, 1)
        assert place.ask().status == 200


def test_a_crowd_that_says_nothing_keeps_nobody_out(family):
    with serving(family) as (server, place), contextlib.ExitStack() as stack:
        before = tools.descriptors(server.pid)
        crowd = []
        for _ in range(100):
            crowd.append(stack.enter_context(place.connect()))
            with contextlib.suppress(ConnectionError):
                crowd[-1].sendall(b"GET /metrics HTTP/1.1\r\n")
        for _ in range(5):
            assert place.ask().status == 200
        assert tools.descriptors(server.pid) <= before + 16, "more than its places"
        assert tools.cpu_share(server.pid, 0.5) < 0.5, "it spins"
        assert tools.udp_echoes(family.loopback, server.port("udp-echo"))


def test_clients_that_reset_leave_nothing_behind(family):
    with serving(family) as (server, place):
        place.samples()
        before = tools.descriptors(server.pid)
        for number in range(100):
            sock = place.connect()
            with contextlib.suppress(ConnectionError):
                sock.sendall((b"GET /metr", f"GET /metrics HTTP/1.1\r\nHost: {place.name}\r\n\r\n".encode(), b"")[number % 3])
            tools.reset(sock)
        assert place.ask().status == 200
        harness.wait_until(lambda: tools.descriptors(server.pid) <= before, "all descriptors are back")


def test_without_a_descriptor_left_it_neither_spins_nor_dies(family):
    """The limit falls under what is open: accept() can say nothing but EMFILE."""
    with serving(family) as (server, place), contextlib.ExitStack() as stack:
        place.samples()
        limit = tools.descriptors(server.pid)
        prlimit = harness.need_tool("prlimit")
        subprocess.run([prlimit, f"--pid={server.pid}", f"--nofile={limit}:"], check=True)
        waiting = [stack.enter_context(place.connect()) for _ in range(3)]
        assert tools.cpu_share(server.pid, 0.5) < 0.5, "it spins"
        subprocess.run([prlimit, f"--pid={server.pid}", f"--nofile={limit + 50}:"], check=True)
        for sock in waiting:
            sock.sendall(f"GET /-/healthy HTTP/1.1\r\nHost: {place.name}\r\n\r\n".encode())
            assert scrape.parse_answer(tools.receive_all(sock)).status == 200


# --- health -------------------------------------------------------------------------------------------


def test_it_is_healthy_while_it_serves_and_not_while_it_drains(family):
    with serving(family) as (server, place):
        answer = place.ask("/-/healthy")
        assert (answer.status, answer.body) == (200, "healthy\n")
        with tools.connect(family.loopback, server.port("tcp-echo"), rcvbuf=4096) as mute:
            mute.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while mute.send(b"m" * 65_536):
                    pass
            server.signal(signal.SIGTERM)
            answer = harness.wait_until(lambda: unhealthy(place), "it says that it drains")
            assert answer.body == "draining\n"
            assert place.ask().status == 200, "its counters can still be read"
        assert server.wait().code == 0


def unhealthy(place):
    answer = place.ask("/-/healthy")
    return answer if answer.status == 503 else None


def test_it_is_not_healthy_while_a_worker_is_stuck_and_is_again_when_it_goes_on(family):
    """strace holds the worker up for 8 s in the middle of a turn."""
    strace = harness.need_tool("strace")
    with serving(family, "--workers", "1") as (server, place):
        with tools.datagram_socket(family.loopback, server.port("udp-echo")) as sock:
            calls = "recvmsg,recvmmsg"  # which the thread of the metrics never makes
            words = [strace, "-qq", "-f", "-o", os.devnull, "-e", f"trace={calls}",
                     "-e", f"inject={calls}:delay_enter=8000000:when=1", "-p", str(server.pid)]
            with subprocess.Popen(words, stderr=subprocess.PIPE) as tracer:
                try:
                    harness.wait_until(lambda: traced(server, tracer), "strace has attached")
                    sock.send(b"slow")
                    assert harness.wait_until(lambda: unhealthy(place), "503").body == "a worker is stuck\n"
                    assert sock.recv(10) == b"slow"
                    harness.wait_until(lambda: place.ask("/-/healthy").status == 200, "200 again")
                finally:
                    tracer.terminate()


def traced(server, tracer):
    """Every thread of the server has strace for its tracer."""
    if tracer.poll() is not None:
        pytest.skip(f"kernel: strace cannot attach ({tracer.stderr.read().decode().strip()})")
    tasks = os.listdir(f"/proc/{server.pid}/task")
    states = [open(f"/proc/{server.pid}/task/{task}/status", encoding="ascii").read() for task in tasks]
    return all(f"TracerPid:\t{tracer.pid}\n" in state for state in states)


def test_an_idle_worker_is_healthy(family):
    """It waits, however long nobody has asked: only a turn that does not end is a fault."""
    with serving(family) as (_, place):
        with pytest.raises(AssertionError):
            harness.wait_until(lambda: unhealthy(place), "never", 6)


# --- the next server -------------------------------------------------------------------------------------


@pytest.mark.workers
def test_a_successor_is_given_the_place_and_every_scrape_has_its_page(family, tmp_path):
    args = [*services(family), "--handover", tmp_path / "door", "--metrics"]
    enough_asked, wrong, pages = threading.Event(), [], []

    def ask():
        while not enough_asked.is_set():
            try:
                pages.append(place.samples())
            except (AssertionError, OSError) as why:  # told at the end
                wrong.append(why)

    with contextlib.ExitStack() as servers:
        server = servers.enter_context(harness.Server(*args, asked(family, family.loopback, 0)))
        place = scrape.place_of(server)
        scraper = threading.Thread(target=ask)
        scraper.start()
        try:
            for _ in range(3):
                enough = len(pages) + 5
                harness.wait_until(lambda: wrong or len(pages) > enough, "some scrapes have been answered")
                heir = servers.enter_context(harness.Server(*args, place.name))
                assert scrape.place_of(heir) == place
                assert server.wait().code == 0
                server = heir
        finally:
            enough_asked.set()
            scraper.join()
        assert not wrong
        assert place.ask("/-/healthy").status == 200


def test_a_successor_without_metrics_closes_the_place_and_one_with_others_opens_its_own(family, tmp_path):
    door = tmp_path / "door"
    with serving(family, "--handover", door) as (first, place):
        with harness.Server(*services(family), "--handover", door) as second:
            assert first.wait().code == 0
            with pytest.raises(ConnectionRefusedError):
                place.connect()
            with serving(family, "--handover", door) as (_, other):
                assert second.wait().code == 0
                assert other.ask().status == 200
