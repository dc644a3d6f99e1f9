"""Stories of photos: what phones bring, what is made of it, and who sees it."""

import os
import struct
import zlib
from base64 import urlsafe_b64encode
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from appliance.ledger.market.keeping import HideListing
from appliance.web.market import photos, pictures
from tests.web.conftest import OWN_SCREEN, Form, forms
from tests.web.market.test_market import SMALL, lists


def picture(width: int = 1600, height: int = 1000, kind: str = "JPEG", **also: Any) -> bytes:
    out = BytesIO()
    Image.linear_gradient("L").resize((width, height)).convert("RGB").save(out, kind, **also)
    return out.getvalue()


def with_a_place() -> bytes:
    """As a phone writes it: held upright, with its name and where it was."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Phone of Alice"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (1.0, 2.0, 3.0)
    return picture(exif=exif) + b"hidden behind the end"


def send(browser, record: str, data: bytes, **also: str) -> Any:
    form = next(f for f in forms(browser.get(f"/market/{record}/photo")) if f.action.endswith("/photo"))
    return post(browser, form, data, **also)


def post(browser, form: Form, data: bytes, **also: str) -> Any:
    """As a browser without script sends it. Made by hand: the test client would put long bodies into a file."""
    parts = b""
    for field, text in {**form.fields, **also}.items():
        if field != "file":
            parts += f'--x\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{text}\r\n'.encode()
    parts += b'--x\r\nContent-Disposition: form-data; name="file"; filename="p.jpg"\r\n'
    parts += b"Content-Type: image/jpeg\r\n\r\n" + data + b"\r\n--x--\r\n"
    return browser.post(form.action, parts, content_type="multipart/form-data; boundary=x")


def test_alice_shows_a_photo_and_bob_sees_it_small_in_the_list_and_large_on_its_page(
    village, signed_in
) -> None:
    record = lists(village, "Alice", "offer", "food", "Bread")
    alice, bob = signed_in("Alice"), signed_in("Bob")
    assert send(alice, record, with_a_place()).status_code == 302
    page = bob.get(f"/market/{record}")
    large = page.text.split('class="photo" src="')[1].split('"')[0]
    market = bob.get("/market")
    small = market.text.split('class="thumb" src="')[1].split('"')[0]
    for path, side in ((large, pictures.LARGE), (small, pictures.SMALL)):
        answer = bob.get(path)
        assert (answer.status_code, answer.content_type) == (200, "image/jpeg")
        assert "private" in answer.headers["Cache-Control"]
        assert "max-age=" in answer.headers["Cache-Control"]
        again = bob.get(path, headers={"If-None-Match": answer.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
        shown = Image.open(BytesIO(answer.data))
        assert shown.format == "JPEG"
        assert max(shown.size) == side
        assert shown.size[1] > shown.size[0], "it stands upright"
        assert dict(shown.getexif()) == {}
        for gone in (b"Phone", b"Exif", b"hidden"):
            assert gone not in answer.data
    for seen in (page, market):
        assert len(seen.data) < SMALL
    assert "Photo of “Bread”" in page.text


def test_letters_of_a_phone_with_script_are_the_same(village, signed_in) -> None:
    record = lists(village, "Alice", "offer", "food", "Bread")
    alice = signed_in("Alice")
    letters = urlsafe_b64encode(picture(400, 300)).decode().rstrip("=")
    assert alice.fill(f"/market/{record}/photo", "/photo", picture=letters).status_code == 302
    assert 'class="photo"' in alice.get(f"/market/{record}").text
    assert alice.fill(f"/market/{record}/photo", "/photo", picture="*" * 40).status_code == 422


def bomb() -> bytes:
    """A PNG of some hundred bytes that says it is 30,000 pixels wide and high."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 30_000, 30_000, 1, 0, 0, 0, 0)
    lines = zlib.compress(bytes(3751) * 3000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", lines) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF89a" + bytes(100),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        os.urandom(3000),
        picture()[:2000],
        picture(kind="BMP"),
        picture(kind="GIF"),
        bomb(),
        picture(4000, 3200, "PNG"),
    ],
    ids=["nothing", "gif", "svg", "noise", "cut off", "bmp", "real gif", "bomb", "large png"],
)
def test_what_is_no_picture_gets_a_plain_sentence_and_changes_nothing(
    village, signed_in, data: bytes
) -> None:
    record = lists(village, "Alice", "offer", "food", "Bread")
    alice, before = signed_in("Alice"), village.hub.head()
    answer = send(alice, record, data)
    assert answer.status_code == 422
    assert "no picture that the hub can read" in answer.text
    assert village.hub.head() == before


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_what_is_clear_is_white(kind: str) -> None:
    out = BytesIO()
    Image.new("RGBA", (300, 200), (0, 0, 0, 0)).save(out, kind)
    made = pictures.make(out.getvalue())
    assert Image.open(BytesIO(made.large)).getpixel((10, 10)) == (255, 255, 255)


def test_a_photo_of_twelve_million_pixels_is_small_afterwards() -> None:
    noise = Image.effect_noise((1000, 750), 80).resize((4000, 3000)).convert("RGB")
    out = BytesIO()
    noise.save(out, "JPEG", quality=90)
    made = pictures.make(out.getvalue())
    assert len(made.large) <= pictures.MOST_LARGE
    assert len(made.small) <= pictures.MOST_SMALL


def test_a_photo_goes_by_its_owner_or_a_keeper_with_a_reason(village, signed_in) -> None:
    record = lists(village, "Alice", "offer", "food", "Bread")
    alice, bob = signed_in("Alice"), signed_in("Bob")
    send(alice, record, picture())
    path = alice.get(f"/market/{record}").text.split('class="photo" src="')[1].split('"')[0]
    assert bob.fill(f"/market/{record}/photo/drop", "/drop").status_code == 422
    kira = signed_in("Kira", OWN_SCREEN)
    assert kira.fill(f"/market/{record}/photo/drop", "/drop", reason="a face").status_code == 302
    assert bob.get(path).status_code == 404
    assert "a face" in alice.get("/me/acts").text
    send(alice, record, picture())
    assert alice.fill(f"/market/{record}/photo/drop", "/drop").status_code == 302
    assert 'class="photo"' not in bob.get(f"/market/{record}").text


def test_only_its_owner_is_asked_for_a_photo_and_strangers_see_none(village, signed_in, phone) -> None:
    record = lists(village, "Alice", "offer", "food", "Bread")
    alice = signed_in("Alice")
    send(alice, record, picture())
    path = alice.get(f"/market/{record}").text.split('class="photo" src="')[1].split('"')[0]
    assert signed_in("Bob").get(f"/market/{record}/photo").status_code == 302
    assert phone().get(path).status_code == 302
    village.do("Kira", HideListing(alice_record(record), "a face"))
    assert signed_in("Bob").get(path).status_code == 404
    mine = alice.get(path)
    assert (mine.status_code, mine.headers["Cache-Control"]) == (200, "no-store")


def alice_record(record: str) -> Any:
    return bytes.fromhex(record)


def test_the_same_photo_sent_twice_is_there_once(village, signed_in) -> None:
    record = lists(village, "Alice", "offer", "food", "Bread")
    alice = signed_in("Alice")
    form = next(f for f in forms(alice.get(f"/market/{record}/photo")) if f.action.endswith("/photo"))
    for _ in range(2):
        assert post(alice, form, picture()).status_code == 302
    assert alice.get(f"/market/{record}").text.count('class="photo"') == 1


def test_more_files_than_the_hub_takes_at_a_time_wait(village, signed_in, app) -> None:
    record = lists(village, "Alice", "offer", "food", "Bread")
    alice = signed_in("Alice")
    noise = Image.effect_noise((900, 900), 90).convert("RGB")
    out = BytesIO()
    noise.save(out, "JPEG", quality=95)
    assert len(out.getvalue()) > 64 * 1024
    places = app.extensions["photos"]
    for _ in range(photos.AT_ONCE):
        assert places.acquire(blocking=False)
    busy = send(alice, record, out.getvalue())
    assert busy.status_code == 503
    assert "busy with other photos" in busy.text
    for _ in range(photos.AT_ONCE):
        places.release()
    for _ in range(photos.AT_ONCE + 1):
        assert send(alice, record, out.getvalue()).status_code == 302, "each gives its place back"


def test_a_file_that_is_far_too_long_is_refused_and_others_forms_stay_small(village, signed_in) -> None:
    record = lists(village, "Alice", "offer", "food", "Bread")
    alice = signed_in("Alice")
    assert send(alice, record, picture() + bytes(pictures.MOST_UPLOADED)).status_code == 422
    assert send(alice, record, bytes(4 * pictures.MOST_UPLOADED)).status_code == 413
    form = next(f for f in forms(alice.get(f"/market/{record}/edit/words")) if "edit" in f.action)
    long = alice.post(form.action, {**form.fields, "text": "x" * 70_000})
    assert long.status_code == 413
