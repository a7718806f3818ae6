import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from image_classification.CFC_SP.core.span import Span
from image_classification.CFC_SP.support.errors import UserError
from image_classification.CFC_SP.video.pictures import PictureReader, pictures_in
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
    assert (reader.source.codec, reader.source.duration_s, reader.damaged) == ("pictures", 3.0, 0)


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
    assert reader.damaged == 1 and reader.warnings == ["Pictures that cannot be decoded and have no row: 1."]


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
    reader = PictureReader(tmp_path)
    image = list(reader)[1].image
    assert image.shape == (40, 40, 3) and (image[10:30] == 100).all() and not image[:10].any() and not image[30:].any()
    assert len(reader.warnings) == 1 and "40 x 40" in reader.warnings[0]


def test_folders_that_are_no_clip_are_told(tmp_path, monkeypatch):
    with pytest.raises(UserError, match="found a folder without either"):
        PictureReader(tmp_path)
    with pytest.raises(UserError, match="expected a readable folder"):
        PictureReader(tmp_path / "none")
    (tmp_path / "a.png").write_bytes(b"no picture")
    with pytest.raises(UserError, match="expected a picture that decodes, found only damaged ones"):
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
    with pytest.raises(UserError, match="found 30000 x 30000"):
        PictureReader(tmp_path)
    for start in (b"", head(64, 48)):
        # Sparse: it takes no room on the disk, and would take as much memory as it is long.
        with open(tmp_path / "a.png", "wb") as file:
            file.write(start)
            file.truncate(6 << 30)
        with pytest.raises(UserError, match="only damaged ones"):
            PictureReader(tmp_path)
