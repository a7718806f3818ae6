# SPDX-License-Identifier: Apache-2.0
import pytest

from image_classification.CFC_SP.support.addresses import clean_address, clean_text
from image_classification.CFC_SP.support.errors import UserError


@pytest.mark.parametrize(
    ("address", "clean"),
    [
        ("rtsp://cam:554/1", "rtsp://cam:554/1"),
        ("rtsp://u:p@cam:554/1", "rtsp://cam:554/1"),
        ("RTSP://U:P@cam/1", "RTSP://cam/1"),
        ("rtsp://user@cam/1", "rtsp://cam/1"),
        ("tcp://:word@host:1", "tcp://host:1"),
        # Passwords with what parts an address.
        ("rtsp://u:p@ss/w0rd@cam/1", "rtsp://cam/1"),
        ("rtsp://u:/word@cam/1", "rtsp://cam/1"),
        ("rtsp://u:12/34@cam/1", "rtsp://cam/1"),
        ("rtsp://wo/rd@cam/1", "rtsp://cam/1"),
        ("rtsp://u:a?b#c@cam/1", "rtsp://cam/1"),
        ("rtsp://u:12?34@cam/1", "rtsp://***"),
        ("rtsp://u:p'w\"@cam/1", "rtsp://cam/1"),
        # Encoded, once and twice.
        ("rtsp://u:s%40%2Fx%3F@cam/1", "rtsp://cam/1"),
        ("rtsp://u%3Ap%40cam/1", "rtsp://cam/1"),
        ("rtsp%3A%2F%2Fu%3Ap%2540cam/1", "rtsp://cam/1"),
        ("http://cam/x%3Ftoken%3Dword", "http://cam/x"),
        # Secrets behind the path, and in it.
        ("http://cam/x?token=word#key=word", "http://cam/x"),
        ("http://cam/x#access_token=word", "http://cam/x"),
        ("http://cam/x?next=https://u:p@other/y", "http://cam/x"),
        ("srt://h:9000?passphrase=word&mode=caller", "srt://h:9000"),
        ("rtsp://h/user=admin&password=word&channel=1.sdp", "rtsp://h/***"),
        ("http://h/a;session=word/b", "http://h/***"),
        ("rtmp://live/app/live_12345_aB3dE5gH7jK9mN1pQ3", "rtmp://live/app/***"),
        ("rtsps://nvr:7441/AbCdEf0123456789?enableSrtp", "rtsps://nvr:7441/***"),
        ("rtmp://live/live2/a1b2-c3d4-e5f6-g7h8-i9j0", "rtmp://live/live2/***"),
        ("http://h/550e8400-e29b-41d4-a716-446655440000/x.ts", "http://h/***/x.ts"),
        ("rtsp://h/live/password/word", "rtsp://h/live/password/***"),
        ("http://h/api_key/word/x", "http://h/api_key/***/x"),
        # What is no secret stays.
        ("rtsp://h/front-door-1", "rtsp://h/front-door-1"),
        ("rtsp://h/cam/realmonitor?channel=1&subtype=0", "rtsp://h/cam/realmonitor?channel=1&subtype=0"),
        ("https://site/@name/live.m3u8", "https://site/@name/live.m3u8"),
        ("rtsp://u:p@[::1]:8554/x", "rtsp://[::1]:8554/x"),
        # What cannot be told apart is hidden.
        ("rtsp://u:p@cam/x?mail=word@word", "rtsp://***"),
        ("rtsp://u:p@cam/pass=%40word/x", "rtsp://***"),
        ("rtsp://u:p?w@cam/x?token=a@word", "rtsp://***"),
        ("rtsp://u:p@cam/x?token=%40word", "rtsp://cam/x"),
        ("udp://@239.0.0.1:1234", "udp://239.0.0.1:1234"),
        ("http://host/video_1080p.mp4", "http://host/video_1080p.mp4"),
        ("clip 1@2.mp4", "clip 1@2.mp4"),
        ("/dev/video0", "/dev/video0"),
    ],
)
def test_an_address_keeps_its_place_and_loses_its_secrets(address, clean):
    assert clean_address(address) == clean
    assert clean_address(clean) == clean


def test_a_user_and_password_without_a_host_are_hidden():
    assert clean_address("rtsp://u:word") == "rtsp://***"


def test_a_long_address_takes_no_time():
    assert clean_address("rtsp://u:p%" + "25" * 200_000 + "40cam/1") == "rtsp://cam/1"
    assert clean_address(f"rtsp://cam/{'a' * 200_000}-") == f"rtsp://cam/{'a' * 200_000}-"


def test_every_address_in_a_text_is_clean():
    text = "expected 'rtsp://u:p@cam/1', found \"http://x/y?token=word\" (rtsp://u:it's@cam)"
    assert clean_text(text) == "expected 'rtsp://cam/1', found \"http://x/y\" (rtsp://cam)"
    assert clean_text("no file a:b, see c://") == "no file a:b, see c://"


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("no rtsp://u:my word@cam/1 there", "no rtsp://cam/1 there"),
        ("no rtsp://u:12 34 56@cam/1, try", "no rtsp://cam/1, try"),
        ("no rtsp://u:p@ss word@cam/1: try", "no rtsp://cam/1: try"),
        ("no rtsp://u:a/b c@cam/1", "no rtsp://cam/1"),
        ("no 'rtsp://u:my wo\"rd@cam/1'", "no 'rtsp://cam/1'"),
        ('no "rtsp://u:it\'s my@cam/1"', 'no "rtsp://cam/1"'),
        # Other addresses and lines stay as they are.
        ("rtsp://cam/1 or rtsp://u:a b@cam/2", "rtsp://cam/1 or rtsp://cam/2"),
        ("at rtsp://cam/1\nmail: a@b", "at rtsp://cam/1\nmail: a@b"),
        ("'rtsp://cam/1', found 'a@b.mp4'", "'rtsp://cam/1', found 'a@b.mp4'"),
    ],
)
def test_a_password_in_a_text_may_hold_blanks_and_quotes(text, clean):
    assert clean_text(text) == clean


def test_a_long_text_takes_no_time():
    text = "rtsp://cam/1 " + "word " * 20_000
    assert clean_text(text) == text


def test_an_error_shows_no_secret_and_sends_nothing_to_the_terminal():
    assert str(UserError("no ftp://u:word@host/x\x1b[2J\nerror: none")) == "no ftp://host/x\\x1b[2J\\nerror: none"
