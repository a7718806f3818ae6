# SPDX-License-Identifier: Apache-2.0
"""Unrelated pictures, each of a size of its own, as the frames of one video."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from ..core.records import Frame, FrameResult, PictureFile
from ..video.pictures import fitted_picture

_LONGEST_SIDE = 1920


class SlideShow:
    """Fits pictures, and the boxes in them, into one frame that is large enough for all, 1920 px a side at the most.

    size: its width and height.
    """

    def __init__(self, pictures: Iterable[PictureFile]):
        self._sizes = {picture.frame: (picture.width, picture.height) for picture in pictures if picture.refused is None}
        widths, heights = zip(*self._sizes.values(), strict=True)
        share = min(1.0, _LONGEST_SIDE / max(*widths, *heights))
        self.size = tuple(max(16, round(max(sides) * share)) for sides in (widths, heights))

    def framed(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """The frames, each scaled to fit, on black."""
        return (replace(frame, image=fitted_picture(frame.image, *self.size)) for frame in frames)

    def placed(self, results: Iterable[FrameResult]) -> Iterator[FrameResult]:
        """The results, with their boxes where those of the fitted pictures are."""
        for result in results:
            own = np.array(self._sizes[result.frame])
            scale = (np.array(self.size) / own).min()
            corner = np.tile((np.array(self.size) - own * scale) / 2, 2)
            faces = [replace(face, box=tuple((np.array(face.box) * scale + corner).tolist())) for face in result.faces]
            yield replace(result, faces=tuple(faces))
