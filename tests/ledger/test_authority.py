"""The hub's own authority: made once, for one name; what is shown under it is made anew whatever the clock says."""

import ipaddress
import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import example, given
from hypothesis import strategies as st

from appliance.cli import main
from appliance.ledger import authority, restore
from appliance.ledger.book import backup_make
from appliance.ledger.clock import LATEST, Millis
from appliance.ledger.errors import DataDirectoryError
from tests.support.village import Village

NAME = "river.hub.internal"
NOW = Millis(1_790_000_000_000)
DAY = 24 * 60 * 60 * 1000


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "river" / "keys").mkdir(parents=True)
    return tmp_path / "river"


def shown(data: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate((data / "keys" / authority.SHOWN).read_bytes())


def greet(data: Path, trusted: authority.Authority, name: str) -> None:
    """A TLS handshake between what is in ``data`` and a phone that took ``trusted`` and looks for ``name``."""
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    phone = ssl.create_default_context(cadata=trusted.certificate).wrap_bio(back, there, server_hostname=name)
    hub = authority.context(data).wrap_bio(there, back, server_side=True)
    for _ in range(3):
        for side in (phone, hub):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    assert phone.version() == "TLSv1.3"
    phone.write(b"hello")
    assert hub.read() == b"hello"


@pytest.mark.parametrize("name", [NAME, "192.168.4.1", "fd00::1"])
def test_a_phone_that_took_it_finds_this_hub_and_no_other(data: Path, name: str) -> None:
    found = authority.made(data, name, NOW)
    greet(data, found, name)
    for other in ("hill.hub.internal", "192.168.4.2", "fd00::2"):
        with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
            greet(data, found, other)
    assert authority.read(data) == found
    assert isinstance(shown(data).public_key(), ec.EllipticCurvePublicKey)
    for file in (authority.AUTHORITY, authority.SHOWN):
        assert stat.S_IMODE((data / "keys" / file).stat().st_mode) == 0o600
    assert not list((data / "keys").glob("*.new"))


@pytest.mark.parametrize("name", [NAME, "192.168.4.1", "fd00::1"])
@pytest.mark.parametrize("other", ["bank.example", "hub.internal", "192.168.4.2", "8.8.8.8", "fd00::2"])
def test_whoever_steals_its_key_cannot_speak_for_another_name(data: Path, name: str, other: str) -> None:
    mine = authority.made(data, name, NOW)
    # The thief signs what it likes with the stolen key.
    authority.renew(data, authority.Authority(other, mine.certificate, mine.key), NOW)
    with pytest.raises(ssl.SSLCertVerificationError, match="subtree"):
        greet(data, mine, other)


def test_it_is_made_once_and_what_is_shown_when_it_is_due(data: Path) -> None:
    found = authority.made(data, NAME, NOW)
    first = shown(data).serial_number
    for near in (NOW, NOW + 199 * DAY, NOW - 199 * DAY):
        assert authority.made(data, NAME, Millis(near)) == found
        assert shown(data).serial_number == first
    # Forward; and back, as when a hub that believed in 2099 was set right.
    for far in (NOW + 201 * DAY, NOW - DAY, Millis(LATEST), NOW):
        before = shown(data).serial_number
        assert authority.made(data, NAME, Millis(far)) == found
        assert shown(data).serial_number != before
        greet_at_any_time(data, found)


def greet_at_any_time(data: Path, found: authority.Authority) -> None:
    """As ``greet``, by a phone whose clock is within what is shown."""
    above = x509.load_pem_x509_certificate(found.certificate.encode())
    shown(data).verify_directly_issued_by(above)
    assert shown(data).not_valid_before_utc >= above.not_valid_before_utc
    assert shown(data).not_valid_after_utc <= above.not_valid_after_utc


@given(st.integers(0, LATEST))
@example(0)
@example(int(LATEST))
def test_phones_whose_clocks_are_a_year_off_take_what_is_made_at_any_time(now: int) -> None:
    start = authority.begins(Millis(now))
    end = start + authority.GOOD
    assert end - start <= timedelta(days=825)
    assert start >= authority.FIRST
    assert end <= authority.LAST
    at = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=now)
    if datetime(2022, 1, 1, tzinfo=UTC) < at < datetime(2048, 1, 1, tzinfo=UTC):
        # Also on the last day before it is made anew.
        last = at + authority.RENEW
        assert start <= at - timedelta(days=366)
        assert end >= last + timedelta(days=200)


def test_what_is_damaged_of_what_is_shown_is_made_anew(data: Path) -> None:
    found = authority.made(data, NAME, NOW)
    path = data / "keys" / authority.SHOWN
    whole = path.read_text()
    for broken in ("", whole[: len(whole) // 2], whole.replace("made", "at"), whole.replace("MII", "XII", 1)):
        path.write_text(broken)
        assert authority.made(data, NAME, NOW) == found
        greet(data, found, NAME)


def test_a_new_authority_shows_nothing_of_the_old_one(data: Path) -> None:
    old = authority.made(data, NAME, NOW)
    new = authority.new(data, NAME)
    # As after a power cut between the two files.
    assert authority.due(data, new, NOW)
    assert authority.made(data, NAME, NOW) == new
    assert new.fingerprint != old.fingerprint
    greet(data, new, NAME)
    with pytest.raises(ssl.SSLCertVerificationError):
        greet(data, old, NAME)


def test_another_name_is_refused_and_changes_nothing(data: Path) -> None:
    authority.made(data, NAME, NOW)
    before = {one.name: one.read_bytes() for one in (data / "keys").iterdir()}
    for wrong in ("hill.hub.internal", "a b", "", "-", "x" * 300, "*.internal", "exa_mple"):
        with pytest.raises(authority.OtherName):
            authority.made(data, wrong, NOW)
    assert authority.made(data, NAME.upper(), NOW).name == NAME
    assert {one.name: one.read_bytes() for one in (data / "keys").iterdir()} == before


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"name": "river", "certificate": "x", "key": "y"}'])
def test_a_damaged_authority_is_said_and_not_replaced(data: Path, text: str) -> None:
    path = data / "keys" / authority.AUTHORITY
    path.write_text(text)
    with pytest.raises(DataDirectoryError, match=r"authority\.json"):
        authority.made(data, NAME, NOW)
    assert path.read_text() == text
    assert not (data / "keys" / authority.SHOWN).exists()


def test_it_comes_back_with_the_backup(river: Village, tmp_path: Path) -> None:
    found = authority.made(river.hub.data, NAME, river.clock.now().ms)
    public, target = river.papers.hub.backup_public, tmp_path / "backup"
    backup_make.make(river.hub.data, river.hub.book.place, public, target, river.clock.now())
    assert found.key.encode() not in target.read_bytes()  # sealed
    restore.restore(target, river.papers.hub, tmp_path / "new", 2, river.clock, lambda *_: None)
    assert authority.made(tmp_path / "new", NAME, river.clock.now().ms) == found
    greet(tmp_path / "new", found, NAME)
    assert stat.S_IMODE((tmp_path / "new" / "keys" / authority.AUTHORITY).stat().st_mode) == 0o600


def test_its_certificate_says_what_it_is(data: Path) -> None:
    found = authority.made(data, NAME, NOW)
    above = x509.load_pem_x509_certificate(found.certificate.encode())
    assert isinstance(above.public_key(), ec.EllipticCurvePublicKey)
    assert above.not_valid_before_utc == datetime(2020, 1, 1, tzinfo=UTC)
    bound = above.extensions.get_extension_for_class(x509.NameConstraints)
    assert bound.critical
    assert bound.value.permitted_subtrees == [x509.DNSName(NAME)]
    assert x509.IPAddress(ipaddress.ip_network("0.0.0.0/0")) in (bound.value.excluded_subtrees or [])
    assert found.key not in repr(found)
    assert "".join(authority.in_groups(found.fingerprint)).replace(" ", "").lower() == found.fingerprint


def hub(*words: object) -> Result:
    return CliRunner().invoke(main, ["https", *map(str, words)])


def test_it_is_shown_and_made_anew_at_the_terminal(river: Village) -> None:
    data = river.hub.data
    for words in (("show",), ("renew",)):
        asked = hub(*words, "--data", data)
        assert asked.exit_code == 2
        assert "no authority yet" in asked.output
    found = authority.made(data, NAME, river.clock.now().ms)
    first = shown(data).serial_number
    told = hub("show", "--data", data)
    assert told.exit_code == 0
    assert NAME in told.output
    assert all(line in told.output for line in authority.in_groups(found.fingerprint))
    assert hub("renew", "--data", data).exit_code == 0
    assert authority.read(data) == found
    assert shown(data).serial_number != first
    assert hub("renew", "--data", data, "--authority", "no name").exit_code == 2
    assert authority.read(data) == found
    asked = hub("renew", "--data", data, "--authority", "192.168.4.1")
    assert asked.exit_code == 0
    now = authority.read(data)
    assert now is not None
    assert now.name == "192.168.4.1"
    greet(data, now, "192.168.4.1")
