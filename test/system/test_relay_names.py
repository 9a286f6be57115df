# SPDX-License-Identifier: MIT
"""`ping TARGET` typed to the pong service while names hang: nobody waits who need not."""
import contextlib
import select
import socket
import statistics
import time

import pytest

import harness
from clients import tools

pytestmark = pytest.mark.usefixtures("build")

ETC = {"resolv.conf": "nameserver 127.0.0.1\noptions timeout:10 attempts:3\n",
       "hosts": "127.0.0.1 localhost\n::1 localhost\n"}


@contextlib.contextmanager
def silent_dns():
    """A namespace whose name server takes every question and never answers."""
    with harness.Namespace("dns", ETC) as names:
        with names.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
            server.bind(("127.0.0.1", 53))
            names.questions = server
            yield names


@pytest.fixture
def names():
    with silent_dns() as names:
        yield names


def client(stack, ns, number=1):
    """A connection from a loopback address of its own."""
    source = f"127.1.{number // 200}.{1 + number % 200}"
    return tools.Lines(stack.enter_context(ns.call(tools.connect, "127.0.0.1", 9000, source)))


def serve(ns, *options):
    return harness.Server("pong://127.0.0.1:9000", *options, ns=ns)


def test_a_look_up_that_hangs_is_given_up_within_two_seconds(names):
    with serve(names), contextlib.ExitStack() as stack:
        lines = client(stack, names)
        begin = time.monotonic()
        answer = lines.ask("ping silent.example")
        assert answer.startswith("error ") and not answer.startswith("error busy"), answer
        assert time.monotonic() - begin < 4.0
        assert select.select([names.questions], [], [], 0)[0], "the name server was never asked"
        assert lines.ask("ping").startswith("pong ")


def test_after_a_look_up_that_hung_others_work_again(names):
    """The helper that hung is replaced; numeric targets and names from files go on."""
    with serve(names, "udp-echo://127.0.0.1:9001", "udp-echo://[::1]:9001", "--relay-allow",
               "127.0.0.1/32", "--relay-allow", "::1/128"), contextlib.ExitStack() as stack:
        lines = client(stack, names)
        assert lines.ask("ping silent.example").startswith("error ")
        assert lines.ask("ping udp-echo://localhost:9001").startswith("reply seq=1 ")


def test_a_name_that_is_not_known_is_an_error_and_the_connection_stays(alone):
    """No name server at all here: the look-up fails at once."""
    with harness.Server("pong://127.0.0.1:9000", ns=alone), contextlib.ExitStack() as stack:
        lines = client(stack, alone)
        begin = time.monotonic()
        assert lines.ask("ping no.such.host.invalid").startswith("error ")
        assert time.monotonic() - begin < 3.0
        assert lines.ask("ping").startswith("pong ")


def test_a_third_request_of_one_client_is_busy(names):
    """Two pending per client (that is: per address), whatever the number of its connections."""
    with serve(names), contextlib.ExitStack() as stack:
        three = [client(stack, names, 7) for _ in range(3)]
        for number, lines in enumerate(three):
            lines.send(f"ping silent{number}.example")
        answers = first_answers(three)
        assert_busy_at_once(answers, 1)
        assert sum(line.startswith("error ") for line, _ in answers) == 3
        other = client(stack, names, 8)
        other.send("ping")
        assert other.next().startswith("pong ")


def assert_busy_at_once(answers, count):
    """So many are busy, and knew it before the first of the others was given up."""
    busy = [when for line, when in answers if line.startswith("error busy")]
    waited = [when for line, when in answers if not line.startswith("error busy")]
    assert len(busy) == count and max(busy) < min(waited), answers


def first_answers(clients, seconds=10.0):
    """(line, when) of each, in the order of the clients; read as they come."""
    end, answers = time.monotonic() + seconds, {}
    while len(answers) < len(clients):
        waiting = {lines.sock: lines for lines in clients if lines.sock not in answers}
        ready = select.select(list(waiting), [], [], max(0, end - time.monotonic()))[0]
        assert ready, f"{len(waiting)} clients without an answer"
        for sock in ready:
            answers[sock] = (waiting[sock].next(), time.monotonic())
    return [answers[lines.sock] for lines in clients]


def test_sixteen_are_pending_in_all_and_the_rest_is_busy(names):
    with serve(names), contextlib.ExitStack() as stack:
        crowd = [client(stack, names, number) for number in range(24)]
        begin = time.monotonic()
        for number, lines in enumerate(crowd):
            lines.send(f"ping silent{number}.example")
        answers = first_answers(crowd)
        assert all(line.startswith("error ") for line, _ in answers)
        assert_busy_at_once(answers, 8)
        assert max(when for _, when in answers) - begin < 4.0, "each look-up is given up after two seconds, not one after the other"


def time_of_ping(lines):
    begin = time.monotonic()
    assert lines.ask("ping").startswith("pong ")
    return time.monotonic() - begin


def hear_all(crowd, counts):
    """Take the lines that have come to a crowd of clients, without waiting."""
    for lines in crowd:
        while b"\n" in lines.pending or not tools.silent(lines.sock, 0):
            counts[lines] = [*counts.get(lines, ()), lines.next()]


@pytest.mark.workers
@pytest.mark.parametrize("workers", [1, 2])
def test_plain_pings_are_answered_while_512_look_ups_hang(names, workers):
    """Every client asks three times: what is not refused hangs. All that time each ping is answered."""
    with serve(names, "--workers", workers) as server, contextlib.ExitStack() as stack:
        crowd = [client(stack, names, number) for number in range(512)]
        asker = client(stack, names, 900)
        calm = [time_of_ping(asker) for _ in range(200)]
        for number, lines in enumerate(crowd):
            lines.send(*(f"ping silent{number}-{again}.example" for again in range(3)), "ping")
        heard, busy = {}, []
        while sum(map(len, heard.values())) < 4 * len(crowd):
            busy += [time_of_ping(asker) for _ in range(20)]
            hear_all(crowd, heard)
        print(f"median of pings while look-ups hang: {statistics.median(busy) / statistics.median(calm):.2f} x the median before")
        for answers in heard.values():
            assert all(answer.startswith("error ") for answer in answers[:3]) and answers[3].startswith("pong "), answers
        refusals = [answer for answers in heard.values() for answer in answers[:3]]
        assert sum(answer.endswith(": timed out") for answer in refusals) >= 16
        assert tools.cpu_share(server.pid, 0.2) < 0.2


def test_a_client_that_vanishes_while_its_name_is_looked_up_harms_nobody(names):
    with serve(names) as server, contextlib.ExitStack() as stack:
        fds = tools.descriptors(server.pid)
        witness = client(stack, names, 900)
        for number in range(40):
            with contextlib.ExitStack() as short:
                lines = client(short, names, number)
                lines.send(f"ping silent{number}.example", "ping")
                if number % 2:
                    tools.reset(lines.sock)
        assert witness.ask("ping").startswith("pong ")
        harness.wait_until(lambda: tools.descriptors(server.pid) <= fds + 1, "descriptors are back")
        lines = client(stack, names, 901)
        answer = lines.ask("ping late.example")
        assert answer.startswith("error ")
        assert lines.ask("ping").startswith("pong ")


def test_the_server_ends_in_time_while_look_ups_hang(names):
    with serve(names) as server, contextlib.ExitStack() as stack:
        for number in range(10):
            client(stack, names, number).send(f"ping silent{number}.example")
        begin = time.monotonic()
        server.stop()
        assert time.monotonic() - begin < 6.0
