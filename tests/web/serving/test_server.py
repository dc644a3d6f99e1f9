"""The portal as it runs on the box: its own process, stopped as people stop it."""

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager

import pytest

from appliance.web.server import PortNotFree, check_port
from tests.support.village import make_village


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


@pytest.fixture
def data(tmp_path):
    make_village(tmp_path / "river").hub.close()
    return tmp_path / "river"


def command(data, port):
    code = "import pathlib, sys; from appliance.web.server import serve; serve(pathlib.Path(sys.argv[1]), '127.0.0.1', int(sys.argv[2]))"
    return [sys.executable, "-c", code, str(data), str(port)]


@contextmanager
def running(data, port):
    process = subprocess.Popen(
        command(data, port), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def health(port, patience=30.0):
    deadline = time.monotonic() + patience
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
                return json.load(answer)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_told_to_stop(data, how):
    port = free_port()
    with running(data, port) as server:
        assert health(port)["status"] == "ok"
        with pytest.raises(PortNotFree, match="already"):
            check_port("127.0.0.1", port)
        server.send_signal(how)
        said, _ = server.communicate(timeout=30)
        assert server.returncode == 0
        assert said == f"The portal listens on http://127.0.0.1:{port}/\n"  # nothing else: nothing was wrong
    assert not (data / "ledger.db-wal").exists()  # closed in order


@pytest.mark.slow
@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_where_it_listens_is_said_in_a_way_to_type(data, host):
    if host == "::" and not socket.has_dualstack_ipv6():
        pytest.skip("no IPv6 here")
    said = ""
    while not said:  # a port that is free on one address may be somebody's on another
        port = free_port()
        options = ["--data", data, "--host", host, "--port", str(port)]
        words = [sys.executable, "-m", "appliance.cli", "serve", *options]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            said = server.stdout.readline()
            if said:
                assert health(port)["status"] == "ok"
                server.send_signal(signal.SIGTERM)
    assert said == f"The portal listens on http://localhost:{port}/ and every other address of this box\n"


@pytest.mark.slow
def test_a_missing_hub_is_one_line_and_no_server(tmp_path):
    ended = subprocess.run(
        command(tmp_path / "nowhere", free_port()), capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode != 0
    assert "no hub at" in ended.stderr.splitlines()[-1]


def test_an_address_that_is_not_ours_cannot_be_listened_on():
    with pytest.raises(PortNotFree, match=r"192\.0\.2\.1"):
        check_port("192.0.2.1", free_port())
