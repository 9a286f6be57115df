# SPDX-License-Identifier: MIT
"""`ping TARGET` typed to the pong service is a looking glass: whom it asks, and for whom."""
import pytest

import harness
from clients import tools

pytestmark = pytest.mark.usefixtures("build")

# One or more of each block of the special-purpose registries that is not globally reachable, of
# each way to write one, and of each IPv6 block that carries an IPv4 address inside.
FORBIDDEN = """
127.0.0.1 127.255.255.254 127.1 0x7f000001 2130706433 017700000001 0x7f.1 localhost
0 0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 172.16.0.1 172.31.255.254 192.168.0.1 192.168.255.1
169.254.0.1 169.254.169.254 100.64.0.1 100.127.255.254 192.0.0.1 192.0.0.8 192.0.0.170 192.0.2.1
198.51.100.7 203.0.113.9 192.88.99.1 198.18.0.1 198.19.255.255 240.0.0.1 250.1.2.3
255.255.255.254 255.255.255.255 224.0.0.1 232.1.1.1 239.255.255.250
::1 :: ::127.0.0.1 ::10.0.0.1 ::ffff:127.0.0.1 ::ffff:10.1.2.3 ::ffff:0.0.0.0 ::ffff:169.254.169.254
::ffff:255.255.255.255 ::ffff:224.0.0.1
64:ff9b::7f00:1 64:ff9b::127.0.0.1 64:ff9b::10.0.0.1 64:ff9b:1::7f00:1 64:ff9b:1::1
2002:7f00:1:: 2002:a00:1:: 2002:c0a8:101::1 2002:e000:1::
2001:0:7f00:1::1 2001::1 2001:0:4136:e378:8000:63bf:80ff:fffe 2001:2::1 2001:10::1 2001:db8::1
100::1 3fff::1 5f00::1 fc00::1 fd12:3456:789a::1 fe80::1 fe80::1%lo fe80::dead:beef%lo
ff02::1 ff02::1%lo ff0e::1 ff05::2
""".split()


@pytest.fixture(scope="module", autouse=True)
def nowhere():
    """All of this module happens in a namespace without a way out: nothing asked by mistake leaves."""
    with harness.Namespace("nowhere") as namespace, tools.standing_in(namespace.name):
        yield


def everything(*options, **more):
    return harness.Server("pong://127.0.0.1:0", "pong://[::1]:0", *options, **more)


def refusals(host, port, targets):
    """Ask for all of them in one write; target -> the one line it was answered by."""
    with tools.connect(host, port) as sock:
        lines = tools.Lines(sock)
        lines.send(*(f"ping {target}" for target in targets), "ping")
        answers = {target: lines.next() for target in targets}
        assert lines.next().startswith("pong "), "the connection is kept, and nothing is left over"
        return answers


def assert_refused(answers):
    wrong = {target: line for target, line in answers.items()
             if not line.startswith("error ") or line.startswith("error busy")}
    assert not wrong, wrong
    assert all(len(line) < 512 for line in answers.values())


def bracket(host):
    return f"[{host}]" if ":" in host else host


def test_the_table_has_at_least_forty_addresses():
    assert len(set(FORBIDDEN)) >= 40


def test_addresses_that_are_not_globally_reachable_are_refused(family):
    with everything() as server:
        port = server.port("pong", family.version)
        assert_refused(refusals(family.loopback, port, FORBIDDEN))


@pytest.mark.parametrize("kind", ["icmp", "tcp", "tcp-echo", "udp-echo", "pong"])
def test_no_kind_is_a_way_round(kind):
    port = ":9" if kind != "icmp" else ""
    targets = [f"{kind}://{bracket(host)}{port}" for host in FORBIDDEN]
    with everything() as server:
        assert_refused(refusals("127.0.0.1", server.port("pong", 4), targets))


def test_http_urls_are_no_way_round():
    targets = [f"http://{bracket(host)}/latest/meta-data" for host in FORBIDDEN]
    with everything() as server:
        assert_refused(refusals("127.0.0.1", server.port("pong", 4), targets))


def test_not_one_packet_goes_to_a_refused_target(alone):
    """nft counts whatever leaves for the ports named: nothing does."""
    alone.filter("output", "udp dport 9100 counter")
    alone.filter("output", "tcp dport 9100 counter")
    alone.filter("output", "ip daddr 127.0.0.0/8 icmp type echo-request counter")
    alone.filter("output", "ip6 daddr ::1 icmpv6 type echo-request counter")
    hosts = ["127.0.0.1", "127.1", "0", "::1", "::", "::ffff:127.0.0.1", "2130706433", "localhost"]
    targets = hosts + [f"{kind}://{bracket(host)}:9100" for host in hosts
                       for kind in ("udp-echo", "tcp", "tcp-echo", "pong")]
    with harness.Server("pong://127.0.0.1:9000", ns=alone):
        assert_refused(alone.call(refusals, "127.0.0.1", 9000, targets))
        assert alone.counted() == 0


@pytest.mark.parametrize("allowed, target", [
    ("127.0.0.1/32", "127.0.0.1"), ("127.0.0.0/8", "127.1"), ("127.0.0.0/8", "127.200.1.1"),
    ("::1/128", "[::1]"), ("0.0.0.0/0", "127.0.0.1"), ("::/0", "[::1]"),
])
def test_an_allowed_block_is_asked(allowed, target, alone):
    with harness.Server("pong://127.0.0.1:9000", "udp-echo://*:9001", "--relay-allow", allowed,
                        expect=2, ns=alone):
        with alone.call(tools.connect, "127.0.0.1", 9000) as sock:
            lines = tools.Lines(sock)
            assert lines.ask(f"ping udp-echo://{target}:9001").startswith("reply seq=1 ")


def test_an_allowed_block_opens_nothing_else():
    rest = [host for host in FORBIDDEN if host not in ("::1",) and not stands_for_127_0_0_1(host)]
    with everything("--relay-allow", "127.0.0.1/32", "--relay-allow", "::1/128") as server:
        assert_refused(refusals("127.0.0.1", server.port("pong", 4), rest))


def stands_for_127_0_0_1(host):
    """As getaddrinfo reads it; the IPv6 wrappings stay refused or not, as the address policy likes."""
    return host in ("127.0.0.1", "127.1", "0x7f000001", "2130706433", "017700000001", "0x7f.1",
                    "localhost", "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1",
                    "64:ff9b::127.0.0.1", "64:ff9b:1::7f00:1", "2002:7f00:1::", "2001:0:7f00:1::1")


@pytest.mark.parametrize("cidr", ["127.0.0.1/33", "::1/129", "127.0.0.1/-1", "localhost/8", "1.2.3.4/",
                                  "", "/8", "1.2.3/8", "127.0.0.1/8x"])
def test_a_bad_block_is_one_sentence(cidr):
    result = harness.run("serve", "pong://127.0.0.1:0", "--relay-allow", cidr, code=2)
    assert len(result.err.splitlines()) == 1 and f"'{cidr}'" in result.err and result.out == ""


@pytest.fixture
def world(pair):
    """Two hosts with globally reachable addresses (in namespaces: nothing leaves this machine)."""
    for side, number in ((pair.a, 1), (pair.b, 2)):
        side.ip("address", "add", f"9.8.7.{number}/24", "brd", "+", "dev", "veth")
        side.ip("address", "add", f"2600:9::{number}/64", "dev", "veth", "nodad")
    return pair


def test_globally_reachable_targets_are_asked_without_being_allowed(world):
    harness.need_root()
    with harness.Server("udp-echo://*:9001", expect=1, ns=world.b), \
            harness.Server("pong://127.0.0.1:9000", ns=world.a):
        targets = ["9.8.7.2", "2600:9::2", "udp-echo://9.8.7.2:9001", "udp-echo://[2600:9::2]:9001"]
        for number, target in enumerate(targets, 1):
            sock = world.a.call(tools.connect, "127.0.0.1", 9000, f"127.0.0.{number}")
            with sock:
                assert tools.Lines(sock).ask(f"ping {target}").startswith("reply seq=1 "), target


def test_this_hosts_own_addresses_and_broadcasts_are_refused_though_global(world):
    own = ["9.8.7.1", "2600:9::1", "9.8.7.255", "::ffff:9.8.7.1", "64:ff9b::9.8.7.1",
           "2002:908:701::1", world.a.v4, world.a.v6]
    with harness.Server("pong://127.0.0.1:9000", ns=world.a):
        assert_refused(world.a.call(refusals, "127.0.0.1", 9000, own))


def test_an_address_that_became_our_own_after_the_start_is_refused(world):
    with harness.Server("pong://127.0.0.1:9000", ns=world.a):
        world.a.ip("address", "add", "9.8.7.77/32", "dev", "veth")
        assert_refused(world.a.call(refusals, "127.0.0.1", 9000, ["9.8.7.77"]))


def test_what_only_the_routing_table_knows_to_be_ours_is_refused(world):
    """Whole blocks that are local, and the anycast address that a router answers to: no list of addresses
    has them."""
    world.a.ip("route", "add", "local", "9.77.0.0/16", "dev", "lo", "src", "9.8.7.1")
    world.a.ip("route", "add", "local", "2600:77::/64", "dev", "lo")
    world.a.ip("route", "add", "prohibit", "9.78.0.0/16")
    world.a.sysctl("net.ipv6.conf.all.forwarding=1")
    ours = ["9.77.1.1", "2600:77::5", "2600:9::", "64:ff9b::9.77.1.1", "2002:94d:101::1", "9.78.0.1"]
    with harness.Server("pong://127.0.0.1:9000", ns=world.a):
        answers = world.a.call(refusals, "127.0.0.1", 9000, ours)
    assert_refused(answers)
    assert all("it leads to an address of this host" in answers[target] for target in ours[:-1]), answers


def test_clients_from_elsewhere_may_ask_only_with_relay(world, family):
    """Even for a target that is open to all; `ping` alone is always answered."""
    far = {4: "9.8.7.1", 6: "2600:9::1"}[family.version]
    target = {4: "udp-echo://9.8.7.2:9001", 6: "udp-echo://[2600:9::2]:9001"}[family.version]
    url = family.url("pong", far, 9000)
    with harness.Server("udp-echo://*:9001", expect=1, ns=world.b):
        with harness.Server(url, ns=world.a):
            assert_refused(world.b.call(refusals, far, 9000, [target, "8.8.8.8", "127.0.0.1"]))
        with harness.Server(url, "--relay", ns=world.a):
            with world.b.call(tools.connect, far, 9000) as sock:
                assert tools.Lines(sock).ask(f"ping {target}").startswith("reply seq=1 ")


def test_relay_opens_no_address(world):
    """--relay says who may ask, not whom."""
    with harness.Server("pong://9.8.7.1:9000", "--relay", ns=world.a):
        assert_refused(world.b.call(refusals, "9.8.7.1", 9000, FORBIDDEN + ["9.8.7.1", world.b.v4]))


def test_a_name_is_judged_by_the_address_it_has():
    """/etc/hosts gives harmless names forbidden addresses."""
    etc = {"hosts": "127.0.0.1 innocent.example\n169.254.169.254 meta.example\n"}
    with harness.Namespace("names", etc) as names:
        with harness.Server("pong://127.0.0.1:9000", ns=names):
            answers = names.call(refusals, "127.0.0.1", 9000,
                                 ["innocent.example", "meta.example", "udp-echo://innocent.example:9"])
            assert_refused(answers)


STRANGE = [
    "a b", "-c1 example.com", "$(id)", "`id`", "a;b", "a|b", "a&b", "foo/../bar", "user@example.com",
    "ex\u00e4mple.com", "tcp://", "tcp://:80", "://", "[::1", "[::1]x", "tcp://[::1]:0x50",
    "tcp://9.9.9.9:65536", "tcp://9.9.9.9:-1", "udp-echo://9.9.9.9:0", "nosuch://9.9.9.9",
    "stamp://x y", "9.9.9.9:443", "*", "tcp://*:80", "%n%s%n", "../../etc/passwd", "'", "\"", "\\",
    "\t'", "a" * 254, "tcp://" + "a" * 254, "a." * 127 + "b", "b" * 900, "..", "[]", "%lo",
]


def test_strange_host_parts_are_one_error_each(family):
    with everything() as server:
        port = server.port("pong", family.version)
        answers = refusals(family.loopback, port, STRANGE)
    assert_refused(answers)


def test_control_bytes_in_a_host_part_are_one_error(family):
    with everything() as server:
        with tools.connect(family.loopback, server.port("pong", family.version)) as sock:
            sock.sendall(b"ping a\0b\nping \x1b[31mx\nping \xff\xfe\nping \xe2\x80\xae\nping\n")
            lines = tools.Lines(sock)
            for _ in range(4):
                answer = lines.next()
                assert answer.startswith("error ") and answer.isprintable(), answer
            assert lines.next().startswith("pong ")


def test_no_program_is_started_for_a_relay_request(alone):
    """The children before and during a request are the same."""
    def children(pid):
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return set(file.read().split())

    with harness.Server("pong://127.0.0.1:9000", "udp-echo://127.0.0.1:9001", "--relay-allow",
                        "127.0.0.1/32", ns=alone) as server:
        before = children(server.pid)
        with alone.call(tools.connect, "127.0.0.1", 9000) as sock:
            lines = tools.Lines(sock)
            assert lines.ask("ping udp-echo://127.0.0.1:9001").startswith("reply seq=1 ")
            assert children(server.pid) == before
