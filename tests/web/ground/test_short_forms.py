"""A short form is read as werkzeug reads it, whatever bytes a phone sends."""

from io import BytesIO

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
from werkzeug.wrappers import Request

from appliance.web.desk.files import HubRequest

PLAIN = "application/x-www-form-urlencoded"
BODIES = st.one_of(
    st.binary(max_size=60),
    st.text(alphabet="ab=&%+;2C0é", max_size=40).map(str.encode),
    st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), max_size=4).map(
        lambda pairs: "&".join(f"{name}={value}" for name, value in pairs).encode("utf-8", "surrogatepass")
    ),
)


def asked(kind: type[Request], body: bytes, length: int | None = None, said: str = PLAIN) -> Request:
    environ = {
        "REQUEST_METHOD": "POST",
        "CONTENT_TYPE": said,
        "CONTENT_LENGTH": str(len(body) if length is None else length),
        "wsgi.input": BytesIO(body),
    }
    return kind(environ)


@given(BODIES)
def test_it_is_what_werkzeug_reads(body: bytes) -> None:
    ours, theirs = asked(HubRequest, body), asked(Request, body)
    assert list(ours.form.items(multi=True)) == list(theirs.form.items(multi=True))
    assert type(ours.form) is type(theirs.form)
    assert not ours.files


@pytest.mark.parametrize(
    "said", [f"{PLAIN}; charset=utf-8", PLAIN.upper(), "text/plain", "multipart/form-data"]
)
def test_other_words_for_it_go_the_long_way(said: str) -> None:
    ours, theirs = asked(HubRequest, b"to=101-2", said=said), asked(Request, b"to=101-2", said=said)
    assert list(ours.form.items()) == list(theirs.form.items())


def test_one_that_was_read_whole_before_is_there_as_well() -> None:
    ours = asked(HubRequest, b"to=101-2")
    assert ours.get_data() == b"to=101-2"
    assert ours.form["to"] == "101-2"


def test_half_a_form_is_none() -> None:
    with pytest.raises(ClientDisconnected):
        _ = asked(HubRequest, b"to=101", length=20).form


def test_one_that_is_too_long_is_refused_before_it_is_read() -> None:
    app = Flask("x")
    app.config["MAX_CONTENT_LENGTH"] = 10
    with app.app_context(), pytest.raises(RequestEntityTooLarge):
        _ = asked(HubRequest, b"note=12345678").form
