# SPDX-License-Identifier: Apache-2.0
import numpy as np

from image_classification.CFC_SP.core.records import Frame, FrameResult, PictureFile
from image_classification.CFC_SP.prediction.slide_show import SlideShow
from tests.faces import face_of


def test_a_box_stays_on_what_it_marks():
    """A white square in pictures of three sizes, and where its box is once they are fitted."""
    sizes = {0: (400, 100), 2: (50, 60), 3: (4000, 3000)}
    pictures = [PictureFile(str(frame), frame, *size) for frame, size in sizes.items()] + [PictureFile("1", 1, refused="none")]
    frames, results = [], []
    for frame, (width, height) in sizes.items():
        image = np.zeros((height, width, 3), np.uint8)
        box = (width // 5, height // 4, width // 2, height // 2)
        image[box[1] : box[3], box[0] : box[2]] = 255
        frames.append(Frame(frame, float(frame), image))
        results.append(FrameResult(frame, float(frame), (face_of(box=box),)))
    slides = SlideShow(pictures)
    assert slides.size == (1920, 1440)
    for shown, placed in zip(slides.framed(frames), slides.placed(results), strict=True):
        assert shown.image.shape == (1440, 1920, 3) and placed.frame == shown.index
        rows, columns = (np.flatnonzero((shown.image[..., 0] > 127).any(axis=axis)) for axis in (1, 0))
        found = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
        np.testing.assert_allclose(placed.faces[0].box, found, atol=3)
