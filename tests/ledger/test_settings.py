"""``hub.toml``: what a keeper may write there, and what one reads who has mistyped."""

from pathlib import Path

import pytest

from appliance.ledger import settings
from appliance.ledger.errors import DataDirectoryError
from appliance.ledger.settings import Settings, SettingsWrong


def read(data: Path, toml: str) -> Settings:
    (data / settings.FILE).write_text(toml, "utf-8")
    return settings.read(data)


def test_no_file_no_radio(tmp_path: Path) -> None:
    assert settings.read(tmp_path) == Settings("none", 0, None)
    assert not settings.read(tmp_path).has_radio


def test_what_init_writes_is_valid_and_says_none(tmp_path: Path) -> None:
    settings.write(tmp_path)
    assert settings.read(tmp_path) == Settings()
    with pytest.raises(DataDirectoryError, match="exists"):
        settings.write(tmp_path)


def test_its_examples_are_valid_too(tmp_path: Path) -> None:
    lines = [line.lstrip("# ") for line in settings.COMMENTED.splitlines()]
    examples = [
        line.partition("     ")[0]
        for line in lines
        if line.startswith(("radio =", "channel =", "hop_limit ="))
    ]
    assert len(examples) == 6
    for example in examples:
        read(tmp_path, example)


@pytest.mark.parametrize(
    "radio",
    [
        "none",
        "tcp://192.168.1.40:4403",
        "tcp://node.local",
        "tcp://[fe80::1]:4403",
        "serial:/dev/serial/by-id/usb-RAKwireless_WisBlock-if00",
        "sim://127.0.0.1:4600",
        "sim://127.0.0.1:4600/Hill",
    ],
)
def test_radios(tmp_path: Path, radio: str) -> None:
    assert read(tmp_path, f'radio = "{radio}"\nchannel = 2\nhop_limit = 0').radio == radio


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ('radio = "usb"', "'usb' names no radio"),
        ('radio = ""', "names no radio"),
        ('radio = "tcp://"', "names no radio"),
        ('radio = "tcp://here:0"', "names no radio"),
        ('radio = "tcp://here:70000"', "names no radio"),
        ('radio = "sim://here"', "names no radio"),
        ('radio = "serial:ttyUSB0"', "names no radio"),
        ("radio = true", "must be a text in quotes"),
        ('raido = "none"', "raido is no setting; there are radio, channel, hop_limit"),
        ("channel = 8", "channel must be a whole number from 0 to 7"),
        ("hop_limit = true", "hop_limit must be a whole number"),
        ('hop_limit = "3"', "hop_limit must be a whole number"),
        ('radio = "none', "hub.toml"),
    ],
)
def test_what_cannot_be_is_named_with_the_file(tmp_path: Path, toml: str, said: str) -> None:
    with pytest.raises(SettingsWrong, match=r"hub\.toml: ") as wrong:
        read(tmp_path, toml)
    assert said in str(wrong.value)


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / settings.FILE).write_bytes(b"radio = \xff")
    with pytest.raises(SettingsWrong, match=r"hub\.toml"):
        settings.read(tmp_path)
    (tmp_path / settings.FILE).unlink()
    (tmp_path / settings.FILE).mkdir()
    with pytest.raises(DataDirectoryError, match=r"hub\.toml"):
        settings.read(tmp_path)


def test_when_keepers_are_told_of_a_full_card(tmp_path: Path) -> None:
    assert settings.low_mb(tmp_path) == 500
    assert read(tmp_path, "low_mb = 2000").low_mb == 2000
    for wrong in ("-1", "true", '"many"', "1.5", "1000001"):
        with pytest.raises(SettingsWrong, match="low_mb"):
            read(tmp_path, f"low_mb = {wrong}")
    assert settings.low_mb(tmp_path) == 500, "a hub with a mistyped file is not a hub without room"
