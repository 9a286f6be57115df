# SPDX-License-Identifier: MIT
"""`ping TARGET` with names whose name server is dead, slow, lying or rebinding: the address that was judged is
the very one that is asked, nobody waits for long, and afterwards all is as before."""
import contextlib
import os
import random
import re
import select
import signal

import pytest

import harness
from clients import tools
from nameserver import (CNAME, NXDOMAIN, REFUSED, SERVFAIL, Nameserver, addresses, alias, circle, failure, huge, in_turn, late,
                        never_whole, of_another_name, raw, record, silence, wrong_number, written)

pytestmark = pytest.mark.usefixtures("build")

GOOD = addresses("9.8.7.2")
GOOD_V6 = addresses("2600:9::2")
ENOUGH = 12.0


class Place:
    """A relay in a namespace that can reach one other host, by globally reachable addresses."""

    def __init__(self, pair, dns, server):
        self.pair, self.dns, self.server = pair, dns, server
        self._sources = 0

    def client(self, stack, source=None):
        """A connection from a loopback address of its own, or from the one named."""
        self._sources += 1
        source = source or f"127.2.{self._sources // 200}.{1 + self._sources % 200}"
        return tools.Lines(stack.enter_context(self.pair.a.call(tools.connect, "127.0.0.1", 9000, source)))

    def ask(self, host):
        """The first answer to one request, from a client of its own."""
        with contextlib.ExitStack() as stack:
            return self.client(stack).ask(f"ping udp-echo://{host}:9001", ENOUGH)

    def ask_all(self, hosts):
        """host -> the first answer; all at once, but no more than may be looked up."""
        answers, hosts = {}, list(hosts)
        for some in (hosts[at:at + 16] for at in range(0, len(hosts), 16)):
            with contextlib.ExitStack() as stack:
                clients = {host: self.client(stack) for host in some}
                for host, lines in clients.items():
                    lines.send(f"ping udp-echo://{host}:9001")
                answers.update((host, lines.next(ENOUGH)) for host, lines in clients.items())
        return answers

    def learn(self, **zone):
        """What the name server says from now on about NAME.example."""
        self.dns.zone.update({f"{name}.example": behaviour for name, behaviour in zone.items()})

    def assert_well(self):
        """Look-ups work."""
        self.learn(well=GOOD)
        assert self.ask("well.example").startswith("reply seq=1 ")


@pytest.fixture(scope="module", params=["127.0.0.1", "::1"], ids=["dns-over-ipv4", "dns-over-ipv6"])
def place(request):
    etc = {"resolv.conf": Nameserver.RESOLV_CONF.format(request.param), "hosts": "127.0.0.1 localhost\n"}
    with harness.Pair(etc) as pair:
        for side, number in ((pair.a, 1), (pair.b, 2)):
            side.ip("address", "add", f"9.8.7.{number}/24", "brd", "+", "dev", "veth")
            side.ip("address", "add", f"2600:9::{number}/64", "dev", "veth", "nodad")
        with Nameserver(pair.a, {}) as dns, harness.Server("udp-echo://*:9001", expect=1, ns=pair.b), \
                harness.Server("pong://127.0.0.1:9000", "pong://[::1]:9000", "pong://[2600:9::1]:9000", "udp-echo://*:9001",
                               "--relay", ns=pair.a, expect=4) as server:
            yield Place(pair, dns, server)


# --- what is true ---------------------------------------------------------------------------------------


def test_a_name_leads_where_its_server_says(place):
    place.learn(four=GOOD, six=GOOD_V6, both=addresses("9.8.7.2", "2600:9::2"), alias=alias("four.example", "9.8.7.2"),
                many=addresses(*["9.8.7.2"] * 300), huge=huge, second=late(1.0, GOOD))
    names = [f"{name}.example" for name in ("four", "six", "both", "alias", "many", "huge", "second")]
    answers = place.ask_all(names)
    assert all(answer.startswith("reply seq=1 ") for answer in answers.values()), answers


def test_a_server_that_knows_nothing_says_so_and_no_more(place):
    place.learn(broken=failure(SERVFAIL), closed=failure(REFUSED), nothing=failure(NXDOMAIN), empty=addresses())
    answers = place.ask_all(f"{name}.example" for name in ("broken", "closed", "nothing", "empty"))
    for name, answer in answers.items():
        assert answer.startswith(f"error cannot resolve '{name}': "), answers
    place.assert_well()


# --- slow and dead --------------------------------------------------------------------------------------


def test_what_takes_over_two_seconds_is_given_up_and_its_late_answer_harms_nobody(place):
    place.learn(three=late(3.0, GOOD), ten=late(10.0, GOOD), dead=silence)
    answers = place.ask_all(["three.example", "ten.example", "dead.example"])
    for name, answer in answers.items():
        assert answer == f"error cannot resolve '{name}': timed out", answers
    place.learn(later=late(1.5, GOOD))  # the answer to "three" comes meanwhile
    assert place.ask("later.example").startswith("reply seq=1 ")


def test_a_name_that_was_dead_works_when_its_server_does(place):
    place.learn(healed=silence)
    assert place.ask("healed.example").startswith("error cannot resolve ")
    place.learn(healed=GOOD)
    assert place.ask("healed.example").startswith("reply seq=1 ")


def state(pid):
    """A letter, as proc(5) says; Z also for one that is gone."""
    with contextlib.suppress(OSError):
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0]
    return "Z"


def lives(pid):
    return state(pid) != "Z"


def below(pid):
    """All living processes below this one, parents first."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            children = [int(word) for word in file.read().split()]
    except OSError:
        return []
    return [each for child in children if lives(child) for each in (child, *below(child))]


def those_at_rest(server):
    """The two who stay when nothing is looked up: who keeps the helper alive, and the helper."""
    found = []

    def enough():
        found[:] = below(server.pid)
        return len(found) == 2

    harness.wait_until(enough, "no look-up is left")
    return found


def test_a_look_up_that_hangs_is_killed(place):
    """No process of it is left as soon as another name, asked for after it was given up, has an answer."""
    at_rest = set(those_at_rest(place.server))
    place.learn(hung=silence, next=late(0.9, GOOD))
    with contextlib.ExitStack() as stack:
        lines = place.client(stack)
        lines.send("ping hung.example")
        hanging = harness.wait_until(lambda: set(below(place.server.pid)) - at_rest, "a process looks the name up")
        assert lines.next(ENOUGH).startswith("error cannot resolve ")
        assert lines.ask("ping udp-echo://next.example:9001", ENOUGH).startswith("reply seq=1 ")
        assert not hanging & set(below(place.server.pid))
    assert set(those_at_rest(place.server)) == at_rest


def test_a_helper_that_dies_is_replaced(place):
    keeper, helper = those_at_rest(place.server)
    os.kill(helper, signal.SIGKILL)
    harness.wait_until(lambda: set(below(place.server.pid)) - {keeper, helper}, "there is a new helper")
    place.assert_well()
    assert keeper in below(place.server.pid)


# --- lying ----------------------------------------------------------------------------------------------

SEED = 4
LIES = {
    "noise": raw(lambda message: random.Random(SEED).randbytes(200)),
    "nothing": raw(lambda message: b""),
    "a byte": raw(lambda message: message[:1]),
    "a head": raw(lambda message: message[:12]),
    "half": raw(lambda message: message[:-7]),
    "flipped": raw(lambda message: bytes(byte ^ 0xFF for byte in message)),
    "a query": raw(lambda message: message[:2] + b"\x01\x00" + message[4:]),
    "too many": raw(lambda message: message[:6] + b"\xff\xff" + message[8:]),
    "no question": raw(lambda message: message[:4] + b"\0\0" + message[6:]),
    "a long name": raw(lambda message: message[:12] + b"\x3f" + b"x" * 300),
    "a pointer to itself": lambda query: [(0.0, query.reply([record(query.type, bytes(4), name=b"\xc0" + bytes([12 + len(query.question)]))]))],
    "a pointer out": lambda query: [(0.0, query.reply([record(query.type, bytes(4), name=b"\xff\xff")]))],
    "a short address": lambda query: [(0.0, query.reply([record(query.type, b"\x09\x08")]))],
    "a long address": lambda query: [(0.0, query.reply([record(query.type, bytes(40))]))],
    "a name with blanks": lambda query: [(0.0, query.reply([record(CNAME, written("a b;\x1b[31m.example"))]))],
    "another number": wrong_number(GOOD),
    "another name": of_another_name("9.8.7.2"),
    "never whole": never_whole,
    "in a circle": circle(2),
    "round about": circle(15),
    "for ever": lambda query: [(0.0, query.reply([record(CNAME, written("x" + query.name))]))],
    "aliased to itself": alias("lie.example"),
}


def test_lies_are_errors_or_the_truth_and_nobody_falls(place):
    """A resolver may find a true answer within a false one, but nothing else."""
    names = {f"lie{number}.example": lie for number, lie in enumerate(LIES.values())}
    place.dns.zone.update(names)
    answers = place.ask_all(names)
    for name, answer in answers.items():
        assert answer.startswith((f"error cannot resolve '{name}': ", "reply seq=1 ", f"error cannot ask 'udp-echo://{name}")), (
            answers, dict(zip(names, LIES)))
        assert answer.isprintable() and len(answer) < 512
    for lie in ("another number", "another name", "never whole", "in a circle", "nothing"):
        assert answers[f"lie{list(LIES).index(lie)}.example"].startswith("error "), lie
    assert place.server.running()
    place.assert_well()


# --- rebinding ------------------------------------------------------------------------------------------

FORMS = {
    "loopback": "127.0.0.1 127.255.255.254 ::1 ::ffff:127.0.0.1 64:ff9b::7f00:1 2002:7f00:1::1",
    "private": "10.77.0.2 172.16.0.1 192.168.1.1 fd77::2 ::ffff:10.77.0.2 64:ff9b::10.77.0.2 2002:a4d:2::1",
    "link-local": "169.254.169.254 fe80::2 ::ffff:169.254.169.254",
    "this host": "9.8.7.1 2600:9::1 ::ffff:9.8.7.1 64:ff9b::9.8.7.1 2002:908:701::1",
    "Teredo": "2001:0:908:702::1 2001:0:7f00:1::1",
    "NAT64": "64:ff9b:1::9.8.7.2 64:ff9b:1::7f00:1",
    "this network": "0.0.0.0 0.1.2.3 ::ffff:0.0.0.0",
    "multicast": "224.0.0.1 ff02::1 ::ffff:224.0.0.1",
    "broadcast": "255.255.255.255 9.8.7.255",
    "not globally": "::127.0.0.1 ::9.8.7.2 fec0::1",
    "unspecified": "::",
}


def test_a_name_is_judged_by_each_form_that_its_address_may_have(place):
    """Refused by what it is, which is all that is told of it; and not one packet leaves, but for what others may
    still be asking the good ones."""
    place.pair.a.filter("output", "ip daddr != 9.8.7.2 udp dport 9001 counter")
    place.pair.a.filter("output", "ip6 daddr != 2600:9::2 udp dport 9001 counter")
    forms = [(text, what) for what, texts in FORMS.items() for text in texts.split()]
    names = {f"form{number}.example": form for number, form in enumerate(forms)}
    place.dns.zone.update({name: addresses(text) for name, (text, _) in names.items()})
    answers = place.ask_all(names)
    sent = place.pair.a.counted()
    place.pair.a.unfilter()
    for name, (text, what) in names.items():
        assert re.fullmatch(rf"error cannot ask 'udp-echo://{name}:9001': it leads to .*{what}.* \(see --relay-allow\)", answers[name]), (
            text, answers[name])
        assert text not in answers[name].replace(f"'udp-echo://{name}:9001'", "")
    assert sent == 0


@pytest.mark.parametrize("first, then", [
    (GOOD, addresses("127.0.0.1")), (GOOD, addresses("10.77.0.2")), (GOOD_V6, addresses("::1")), (GOOD_V6, addresses("::ffff:127.0.0.1")),
], ids=["loopback", "private", "loopback-v6", "mapped"])
def test_the_address_that_was_judged_is_the_very_one_that_is_asked(place, first, then):
    """One question for each family, four probes, all to the first address; the second is refused when its turn has come."""
    place.learn(rebind=in_turn(first, then))
    place.dns.forget("rebind.example")
    place.pair.a.filter("output", 'udp dport 9001 oifname != "veth" counter')
    place.pair.a.filter("output", "ip daddr 10.77.0.2 udp dport 9001 counter")
    with contextlib.ExitStack() as stack:
        lines = place.client(stack)
        lines.send("ping udp-echo://rebind.example:9001")
        answer = [lines.next(ENOUGH) for _ in range(5)]
        assert answer[4].startswith("done udp-echo://rebind.example:9001 sent=4 received=4 loss=0%"), answer
        assert place.dns.asked("rebind.example") == 2, "asked for again while it was probed"
        assert lines.ask("ping udp-echo://rebind.example:9001").startswith("error cannot ask ")
    strayed = place.pair.a.counted()
    place.pair.a.unfilter()
    assert strayed == 0


def test_of_several_addresses_the_first_that_is_allowed_is_asked_and_no_other(place):
    place.pair.a.filter("output", "ip daddr != 9.8.7.2 udp dport 9001 counter")
    place.learn(mixed=addresses("127.0.0.1", "10.77.0.2", "9.8.7.2", "192.168.0.1", "169.254.169.254"))
    with contextlib.ExitStack() as stack:
        lines = place.client(stack)
        lines.send("ping udp-echo://mixed.example:9001")
        assert [lines.next(ENOUGH) for _ in range(5)][4].startswith("done udp-echo://mixed.example:9001 sent=4 received=4")
    strayed = place.pair.a.counted()
    place.pair.a.unfilter()
    assert strayed == 0


# --- what is no name ------------------------------------------------------------------------------------


def test_what_is_no_name_is_never_sent_to_the_name_server(place):
    strange = ["a b.example", "$(id).example", "a;b.example", "user@b.example", "\u00e4.example", "a\\b.example",
               "'.example", "*.example", "a,b.example", "a%b.example", "%n.example", "1:2.example", "fe80::1%nosuch", "::1.example",
               "b" * 254, "a=b.example", "a\x1b[31m.example"]
    before = place.dns.names()
    with contextlib.ExitStack() as stack:
        lines = place.client(stack)
        for name in strange:
            for target in (name, f"udp-echo://{name}:9001", f"udp-echo://[{name}]:9001"):
                answer = lines.ask(f"ping {target}")
                assert answer.startswith("error ") and answer.isprintable(), (target, answer)
        assert lines.ask("ping a/../b.example").startswith("error ")
        lines.ask("ping plain_name-1.example")
    new = place.dns.names() - before
    assert new == {"plain_name-1.example"}, new


# --- who waits ------------------------------------------------------------------------------------------


def test_an_ipv6_client_is_the_network_that_it_is_in(place):
    """Another address of the same /64 is the same client; another /64 is not."""
    place.pair.b.ip("address", "add", "2600:9::22/64", "dev", "veth", "nodad")
    place.pair.b.ip("address", "add", "2600:9:0:1::22/64", "dev", "veth", "nodad")
    place.pair.a.ip("route", "replace", "2600:9:0:1::/64", "dev", "veth")
    place.learn(hang1=silence, hang2=silence, hang3=silence, hang4=silence)
    sources = ["2600:9::2", "2600:9::22", "2600:9::2", "2600:9:0:1::22"]
    with contextlib.ExitStack() as stack:
        crowd = [tools.Lines(stack.enter_context(place.pair.b.call(tools.connect, "2600:9::1", 9000, source))) for source in sources]
        for number, lines in enumerate(crowd, 1):
            lines.send(f"ping hang{number}.example")
            harness.wait_until(lambda: place.dns.asked(f"hang{number}.example") or select.select([lines.sock], [], [], 0)[0],
                               "it is looked up or refused")
        answers = [lines.next(ENOUGH) for lines in crowd]
    assert answers[2] == "error busy (too many names to look up)", answers
    assert [answer.endswith(": timed out") for answer in answers] == [True, True, False, True], answers


def kill_all_below(pid):
    """They succeed each other: so all stand still before the first one goes."""
    doomed = []

    def stand_still():
        before, doomed[:] = list(doomed), below(pid)
        for each in doomed:
            with contextlib.suppress(ProcessLookupError):
                os.kill(each, signal.SIGSTOP)
        return before == doomed and all(state(each) == "T" for each in doomed)

    harness.wait_until(stand_still, "they stand still")
    for each in doomed:
        os.kill(each, signal.SIGKILL)
    harness.wait_until(lambda: not any(map(lives, doomed)), "they have gone")


def test_the_server_lives_on_without_anybody_who_looks_names_up(place):
    """The last one of the module: nobody brings them back."""
    kill_all_below(place.server.pid)
    for _ in range(2):
        assert place.ask("well.example") == "error cannot resolve 'well.example': nobody looks names up any more"
    assert place.ask("9.8.7.2").startswith("reply seq=1 ")
    with contextlib.ExitStack() as stack:
        assert place.client(stack).ask("ping").startswith("pong ")
    assert tools.cpu_share(place.server.pid, 0.3) < 0.1
