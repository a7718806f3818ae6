# SPDX-License-Identifier: Apache-2.0
import os
import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from image_classification.CFC_SP.core.records import PictureFile
from image_classification.CFC_SP.core.span import Span
from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.video.pictures import PictureReader, pictures_in, read_picture
from tests import clips


def write(folder, count, ending=".png"):
    for number, picture in enumerate(clips.pictures(count)):
        cv2.imwrite(str(folder / f"face{number}{ending}"), picture[..., ::-1])
    return clips.pictures(count)


def test_pictures_come_in_natural_order_with_their_times(tmp_path):
    expected = write(tmp_path, 12)
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / ".hidden.png").write_bytes(b"")
    assert [path.name for path in pictures_in(tmp_path)] == [f"face{number}.png" for number in range(12)]
    with PictureReader(tmp_path, fps=4) as reader:
        frames = list(reader)
    assert [(frame.index, frame.time_s) for frame in frames] == [(number, number / 4) for number in range(12)]
    for frame, picture in zip(frames, expected, strict=True):
        np.testing.assert_array_equal(frame.image, picture)
    assert (reader.source.codec, reader.source.duration_s, reader.damaged, reader.unrelated) == ("pictures", 3.0, 0, False)
    assert reader.pictures == [PictureFile(f"face{number}.png", number, 64, 48) for number in range(12)]


def test_unrelated_pictures_have_a_second_and_a_size_of_their_own(tmp_path):
    write(tmp_path, 2)
    cv2.imwrite(str(tmp_path / "face0.png"), np.full((20, 90, 3), 9, np.uint8))
    with PictureReader(tmp_path) as reader:
        assert [(frame.time_s, frame.image.shape[:2]) for frame in reader] == [(0.0, (20, 90)), (1.0, (48, 64))]
    assert reader.unrelated and not reader.warnings
    with PictureReader(tmp_path / "face1.png") as reader:
        assert [frame.image.shape for frame in reader] == [(48, 64, 3)]
    assert [picture.name for picture in reader.pictures] == ["face1.png"]


def test_every_picture_that_is_refused_is_named_with_its_reason(tmp_path):
    write(tmp_path, 2)
    (tmp_path / "a.HEIC").touch()
    (tmp_path / "b.png").write_bytes(b"no picture")
    cv2.imwrite(str(tmp_path / "c.png"), np.zeros((90, 90, 3), np.uint8))
    (tmp_path / "d.png").symlink_to(tmp_path / "face0.png")
    (tmp_path / os.fsdecode(b"\xff.png")).write_bytes(b"")
    reader = PictureReader(tmp_path, max_pixels=64 * 48)
    assert [frame.index for frame in reader] == [3, 4, 5]
    told = {picture.name: picture.refused for picture in reader.pictures}
    assert told["a.HEIC"] == ".HEIC is not read: convert it to JPEG or PNG" and told["b.png"] == "does not decode"
    assert told["c.png"] == "90 x 90, more than 3072 pixels; -max_pixels 8100 allows it"
    assert told["face1.png"] is None and told["\\udcff.png"] == "does not decode" and reader.damaged == 4
    assert "not read and have no row: 4: 'a.HEIC' (" in reader.warnings[0] and reader.warnings[0].endswith(" and 1 more.")


def test_a_part_keeps_numbers_and_times(tmp_path):
    write(tmp_path, 10)
    found = [(frame.index, frame.time_s) for frame in PictureReader(tmp_path, Span(0.2, 0.8, 2), fps=10)]
    assert found == [(2, 0.2), (4, 0.4), (6, 0.6)]
    with pytest.raises(UserError):
        list(PictureReader(tmp_path, Span(5), fps=10))


def test_a_damaged_picture_leaves_a_gap(tmp_path):
    write(tmp_path, 3)
    (tmp_path / "face1.png").write_bytes(b"no picture")
    reader = PictureReader(tmp_path)
    assert [frame.index for frame in reader] == [0, 2]
    assert reader.damaged == 1
    assert reader.warnings == ["Pictures that were not read and have no row: 1: 'face1.png' (does not decode)."]


@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "tif"])
def test_what_exif_says_of_upright_is_obeyed(tmp_path, ending):
    picture = clips.pictures(1)[0]
    turned = Image.fromarray(np.rot90(picture).copy())
    exif = turned.getexif()
    exif[0x0112] = 6
    turned.save(tmp_path / f"a.{ending}", exif=exif, **({"quality": 100} if ending == "jpg" else {"lossless": True}))
    assert np.abs(read_picture(tmp_path / f"a.{ending}").astype(int) - picture).mean() < 5


def test_grey_deep_turned_and_clear_pictures_are_upright_rgb(tmp_path):
    picture = clips.pictures(1)[0]
    cv2.imwrite(str(tmp_path / "1.png"), picture[..., ::-1])
    cv2.imwrite(str(tmp_path / "2.png"), picture[..., ::-1].astype(np.uint16) * 257)
    cv2.imwrite(str(tmp_path / "3.png"), picture[..., 0])
    cv2.imwrite(str(tmp_path / "4.png"), np.dstack([picture[..., ::-1], np.zeros_like(picture[..., :1])]))
    turned = Image.fromarray(np.rot90(picture).copy())
    exif = turned.getexif()
    exif[0x0112] = 6
    turned.save(tmp_path / "5.jpg", exif=exif, quality=100, subsampling=0)
    deep, grey, clear, upright = (frame.image for frame in list(PictureReader(tmp_path))[1:])
    np.testing.assert_array_equal(deep, picture)
    np.testing.assert_array_equal(clear, picture)
    np.testing.assert_array_equal(grey, np.repeat(picture[..., :1], 3, axis=2))
    assert np.abs(upright.astype(int) - picture).mean() < 3


def test_other_sizes_are_fitted_with_one_warning(tmp_path):
    cv2.imwrite(str(tmp_path / "1.png"), np.full((40, 40, 3), 200, np.uint8))
    for name in ("2", "3"):
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.full((40, 80, 3), 100, np.uint8))
    reader = PictureReader(tmp_path, fps=30)
    image = list(reader)[1].image
    assert image.shape == (40, 40, 3) and (image[10:30] == 100).all() and not image[:10].any() and not image[30:].any()
    assert len(reader.warnings) == 1 and "40 x 40" in reader.warnings[0]


def test_folders_that_are_no_clip_are_told(tmp_path, monkeypatch):
    with pytest.raises(UserError, match="found a folder without either"):
        PictureReader(tmp_path)
    with pytest.raises(UserError, match="expected a readable folder or picture"):
        PictureReader(tmp_path / "none")
    (tmp_path / "a.png").write_bytes(b"no picture")
    with pytest.raises(UserError, match="expected a picture that can be read, found none: .*a.png"):
        PictureReader(tmp_path)
    write(tmp_path, 1)
    for fps in (0, -1, 481, float("nan")):
        with pytest.raises(UserError, match="-fps: expected a number of pictures a second"):
            PictureReader(tmp_path, fps=fps)
    with pytest.raises(UserError, match="64 x 48"):
        PictureReader(tmp_path, max_pixels=64 * 48 - 1)


def test_pictures_of_gigabytes_are_refused_by_their_heads(tmp_path):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    def head(width, height):
        return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))

    (tmp_path / "a.png").write_bytes(head(30_000, 30_000) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b""))
    with pytest.raises(UserError, match="30000 x 30000, more than 25000000 pixels"):
        PictureReader(tmp_path)
    for start in (b"", head(64, 48)):
        # Sparse: it takes no room on the disk, and would take as much memory as it is long.
        with open(tmp_path / "a.png", "wb") as file:
            file.write(start)
            file.truncate(6 << 30)
        with pytest.raises(UserError, match="found none: "):
            PictureReader(tmp_path)
