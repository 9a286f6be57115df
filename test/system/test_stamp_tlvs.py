# SPDX-License-Identifier: MIT
"""`sounder serve stamp`: the extensions of RFC 8972, as a peer made by hand sees them."""
import contextlib
import ipaddress
import random
import struct

import pytest

import harness
from stamp_peer import (ACCESS, AUTHENTICATED, DIRECT, FOLLOW_UP, HMAC, I, LOCATION, M, OPEN, PADDING, SERVICE, TIMESTAMP, U, Peer,
                        clock_claim, hmac_tlv, request, sign, signed_request, tlv, tlvs)

pytestmark = pytest.mark.usefixtures("build")

KEY = b"sixteen octets.."


@pytest.fixture
def keys(tmp_path):
    path = tmp_path / "keys"
    path.write_text(f"17 {KEY.hex()}\n* text:all of the others\n")
    path.chmod(0o600)
    return path


@contextlib.contextmanager
def reflector(family, *options):
    with harness.Server(family.local("stamp", 0), "--workers", "1", *options) as server, \
            Peer(family.loopback, server.port("stamp")) as peer:
        yield peer


def extended(peer, area, **what):
    """The TLVs that come back for these octets."""
    return tlvs(peer.octets(request(more=area, **what))[OPEN:])


def signed(peer, area, seq=4):
    octets = peer.octets(signed_request(KEY, seq=seq, ssid=17, more=area))
    assert octets[96:112] == sign(KEY, octets[:96])
    return octets


def test_extra_padding_comes_back_as_it_is(family):
    noise = random.Random(8).randbytes
    with reflector(family) as peer:
        one, two = noise(300), noise(1)
        assert extended(peer, tlv(PADDING, one) + tlv(PADDING, b"") + tlv(PADDING, two)) == \
            [(0, PADDING, one), (0, PADDING, b""), (0, PADDING, two)]


def test_location_tells_ports_and_addresses(family):
    asked = struct.pack("!HH", 0, 0) + tlv(1, bytes(8)) + tlv(4, bytes(16)) + tlv(7, bytes(16))
    address = ipaddress.ip_address(family.loopback).packed.ljust(16, b"\0")
    v6 = family.version == 6
    with reflector(family) as peer:
        (flags, kind, value), = extended(peer, tlv(LOCATION, asked))
        assert (flags, kind, len(value)) == (0, LOCATION, len(asked))
        assert struct.unpack("!HH", value[:4]) == (peer.sock.getpeername()[1], peer.port)
        assert tlvs(value[4:]) == [(0, 3, bytes(8)), (0, 5 + v6, address), (0, 8 + v6, address)]
        (_, _, value), = extended(peer, tlv(LOCATION, bytes(4)))
        assert struct.unpack("!HH", value) == (peer.sock.getpeername()[1], peer.port)


def test_location_on_a_socket_of_every_address_tells_the_one_that_was_asked(pair, family):
    with harness.Server("stamp://*:862", "--workers", "1", expect=1, ns=pair.b), \
            Peer(pair.b.address(family), 862, ns=pair.a) as peer:
        (_, _, value), = extended(peer, tlv(LOCATION, bytes(4) + tlv(4, bytes(16)) + tlv(7, bytes(16))))
        there, here = (ipaddress.ip_address(side.address(family)).packed.ljust(16, b"\0") for side in (pair.b, pair.a))
        assert [each[2] for each in tlvs(value[4:])] == [there, here]


def test_location_is_hidden_by_policy(family):
    asked = struct.pack("!HH", 0, 0) + tlv(4, bytes(16)) + tlv(7, bytes(16))
    v6 = family.version == 6
    with reflector(family, "--stamp-hide-location") as peer:
        (flags, kind, value), = extended(peer, tlv(LOCATION, asked))
        assert (flags, kind, value[:4]) == (0, LOCATION, bytes(4))
        assert tlvs(value[4:]) == [(0, 5 + v6, bytes(16)), (0, 8 + v6, bytes(16))]


def test_timestamp_information_tells_whose_clock_it_is(family):
    with reflector(family) as peer:
        source = 1 if clock_claim()[0] else 5
        told = bytes([source, 2, source, 2])
        assert extended(peer, tlv(TIMESTAMP, bytes(4))) == [(0, TIMESTAMP, told)]
        sub = tlv(1, b"of a later RFC")
        assert extended(peer, tlv(TIMESTAMP, bytes(4) + sub)) == [(0, TIMESTAMP, told + sub)]


def test_class_of_service_is_granted(family):
    with reflector(family) as peer:
        for wanted, tos in ((0, 0xB9), (46, 0), (10, 0xFE), (63, 0x03)):
            peer.mark(tos=tos)
            answered = struct.pack("!I", wanted << 26 | tos >> 2 << 20 | (tos & 3) << 18)
            assert extended(peer, tlv(SERVICE, struct.pack("!I", wanted << 26))) == [(0, SERVICE, answered)]
            assert peer.tos >> 2 == wanted
            assert peer.tos & 3 == (0 if tos & 3 == 3 else tos & 3)


def test_class_of_service_is_refused_by_policy(family):
    with reflector(family, "--stamp-dscp", "10", "--stamp-dscp", "46") as peer:
        peer.mark(tos=20 << 2)
        for wanted, refused in ((46, 0), (10, 0), (11, 1), (0, 1)):
            answered = struct.pack("!I", wanted << 26 | 20 << 20 | refused << 16)
            assert extended(peer, tlv(SERVICE, struct.pack("!I", wanted << 26))) == [(0, SERVICE, answered)]
            assert peer.tos >> 2 == (20 if refused else wanted)
    assert "'64'" in harness.run("serve", "stamp://127.0.0.1:0", "--stamp-dscp", "64", code=2).err


def test_direct_measurement_counts_both_ways(family):
    with reflector(family) as peer:
        for count in range(1, 6):
            assert extended(peer, tlv(DIRECT, struct.pack("!III", 100 + count, 0, 0))) == \
                [(0, DIRECT, struct.pack("!III", 100 + count, count, count))]


def test_an_access_report_comes_back_by_the_numbers_of_the_rfc(family):
    """1 and 2 are all there are: any other is not understood, and comes back as it came."""
    with reflector(family) as peer:
        for number in range(16):
            asked = bytes([number << 4 | 5, 1, 0xAA, 0xBB])
            answered = (0, ACCESS, bytes([number << 4, 1, 0, 0])) if number in (1, 2) else (U, ACCESS, asked)
            assert extended(peer, tlv(ACCESS, asked)) == [answered]


def test_what_is_not_understood_keeps_its_flag_and_its_octets(family):
    with reflector(family) as peer:
        for kind in (9, 10, 11, 12, 100, 175, 176, 240, 254, 255):
            for flags in (U, 0, 0xFF, 0x10):  # C of a draft, and others, are reserved
                assert extended(peer, tlv(kind, b"\xde\xad\xbe\xef\x01", flags) + tlv(DIRECT, bytes(12)))[0] == (U, kind, b"\xde\xad\xbe\xef\x01")


def test_a_malformed_tlv_ends_the_answers(family):
    good, behind = tlv(TIMESTAMP, bytes(4)), tlv(DIRECT, bytes(12))
    wrong = [tlv(TIMESTAMP, bytes(3)), tlv(SERVICE, bytes(3)), tlv(DIRECT, bytes(16)), tlv(ACCESS, bytes(2)),
             tlv(FOLLOW_UP, bytes(15)), tlv(LOCATION, bytes(3)), tlv(LOCATION, bytes(4) + tlv(4, bytes(4)))]
    with reflector(family) as peer:
        for each in wrong:
            first, second, third = extended(peer, good + each + behind)
            assert (first[0], second[0], third) == (0, M, (U, DIRECT, bytes(12)))
        overrun = struct.pack("!BBH", U, DIRECT, 500) + bytes(12)
        octets = peer.octets(request(more=good + overrun))
        assert octets[OPEN] == 0 and octets[OPEN + 8:] == bytes([M]) + overrun[1:]
        for size in (1, 2, 3):  # too short for a header, and no padding
            octets = peer.octets(request(more=good + b"\x80\x05\x00"[:size]))
            assert octets[OPEN + 8] & M


def test_a_follow_up_of_a_wrong_length_is_zeroed(family):
    """Its number and its time, the first 12 octets (RFC 8972 section 4.7, erratum 8339)."""
    with reflector(family) as peer:
        for length in (0, 1, 11, 12, 13, 15, 17, 40):
            value = bytes(range(1, length + 1))
            zeroed = bytes(min(12, length)) + value[12:]
            assert extended(peer, tlv(FOLLOW_UP, value) + tlv(DIRECT, bytes(12))) == [(M, FOLLOW_UP, zeroed), (U, DIRECT, bytes(12))]


def test_what_is_long_is_answered_to_its_end_and_no_further(family):
    area = tlv(DIRECT, bytes(12)) * 80
    with reflector(family) as peer:
        found = extended(peer, area)
        assert len(found) == 80 and {flags for flags, _, _ in found} == {0}


def test_authenticated_tlvs_are_sealed_anew(family, keys):
    with reflector(family, "--stamp-keys", keys) as peer:
        area = tlv(DIRECT, bytes(12)) + tlv(TIMESTAMP, bytes(4))
        for seq in (4, 5):
            octets = signed(peer, area + hmac_tlv(KEY, seq, area) + tlv(PADDING, b"behind"), seq)
            direct, _, mac, padding = tlvs(octets[AUTHENTICATED:])
            assert direct == (0, DIRECT, struct.pack("!III", 0, seq - 3, seq - 3))
            assert padding == (0, PADDING, b"behind")
            answered = octets[AUTHENTICATED:AUTHENTICATED + len(area)]
            assert mac == (0, HMAC, sign(KEY, octets[:4] + answered))


def test_tlvs_that_are_not_trusted_are_not_answered(family, keys):
    """A wrong HMAC TLV, one in the wrong place, none at all: I on every TLV, all values as they came."""
    direct, info = tlv(DIRECT, bytes(12)), tlv(TIMESTAMP, bytes(4))
    with reflector(family, "--stamp-keys", keys) as peer:
        for area in (direct + info, direct, direct + tlv(HMAC, bytes(16)), hmac_tlv(KEY, 4, b"") + direct,
                     direct + hmac_tlv(KEY, 5, direct), direct + hmac_tlv(b"another", 4, direct)):
            before = tlvs(area)
            assert tlvs(signed(peer, area)[AUTHENTICATED:]) == [(I, kind, value) for _, kind, value in before]


def test_one_extra_padding_needs_no_hmac_tlv(family, keys):
    with reflector(family, "--stamp-keys", keys) as peer:
        assert tlvs(signed(peer, tlv(PADDING, b"noise"))[AUTHENTICATED:]) == [(0, PADDING, b"noise")]
        assert signed(peer, bytes(500))[AUTHENTICATED:] == bytes(500)


def test_an_hmac_tlv_in_open_mode(family, keys):
    """With the key of all others it is judged; a reflector without keys cannot, and uses nothing that it protects."""
    area = tlv(DIRECT, bytes(12))
    key = b"all of the others"
    with reflector(family, "--stamp-keys", keys, "--stamp-open") as peer:
        octets = peer.octets(request(seq=8, more=area + hmac_tlv(key, 8, area)))
        direct, mac = tlvs(octets[OPEN:])
        assert direct[0] == 0 and mac == (0, HMAC, sign(key, octets[:4] + octets[OPEN:OPEN + 16]))
        assert {flags for flags, _, _ in extended(peer, area + hmac_tlv(key, 9, area), seq=8)} == {I}
        assert extended(peer, area)[0][0] == 0
    with reflector(family) as peer:
        before = area + hmac_tlv(key, 8, area)
        assert extended(peer, before, seq=8) == [(I, *tlvs(before)[0][1:]), (U | I, *tlvs(before)[1][1:])]
        asked = tlv(SERVICE, struct.pack("!I", 46 << 26))
        extended(peer, asked + hmac_tlv(key, 8, asked), seq=8)
        assert peer.tos == 0, "nor is the class of service granted"
        extended(peer, asked)
        assert peer.tos == 46 << 2
