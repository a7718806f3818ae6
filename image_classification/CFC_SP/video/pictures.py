"""A folder of pictures read as a clip."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from ..core.records import Frame, Source
from ..core.span import WHOLE, Span
from ..support.errors import UserError
from .container import FALLBACK_FPS, MAX_FPS, MAX_PIXELS, check_size
from .reader import nothing_within

PICTURE_ENDINGS = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")


def pictures_in(folder: str | os.PathLike) -> list[Path]:
    """The pictures of a folder in natural order, by their endings; those of folders inside it are not among them."""
    return sorted((path for path in Path(folder).iterdir() if is_visible(path, PICTURE_ENDINGS)), key=natural_order)


def is_visible(path: Path, endings: tuple[str, ...]) -> bool:
    """Whether `path` is a file that is not hidden and has one of these endings, in capitals or not."""
    return path.suffix.lower() in endings and not path.name.startswith(".") and path.is_file()


def natural_order(path: Path) -> tuple:
    """The key by which a person sorts file names: 2 before 10."""
    parts = re.split(r"(\d+)", path.name)
    return tuple((int(part), "") if part.isdecimal() else (-1, part.casefold()) for part in parts), path.name


class PictureReader:
    """Iterates once over the pictures of a folder as records.Frame, with the surface of reader.VideoReader.

    The index is the picture's place in natural order, its time that place divided by `fps` (30 where it is not given). Pictures are
    turned upright by their EXIF note, grey and deep ones become 8-bit RGB, transparency is dropped; one of another size than the
    first is scaled to fit into it, on black. A picture that cannot be decoded is counted as damaged and leaves a gap.

    Raises UserError for a folder that cannot be read or holds no picture, for an `fps` outside 0 to 480, where no picture
    decodes, and for one of more than container.MAX_PIXELS pixels.
    """

    def __init__(self, folder: str | os.PathLike, span: Span = WHOLE, fps: float | None = None):
        self.damaged = 0
        self.warnings: list[str] = []
        self._span = span
        self._shown = repr(os.fsdecode(folder))
        fps = FALLBACK_FPS if fps is None else fps
        if not 0 < fps <= MAX_FPS:
            raise UserError(f"-fps: expected pictures a second, above 0 and up to {MAX_FPS:g}, found {fps:g}")
        try:
            self._paths = pictures_in(folder)
            files = [path.stat() for path in self._paths]
        except OSError as fault:
            raise UserError(f"expected a readable folder at {self._shown}, found {fault.strerror!r}: check its permissions.") from fault
        if not self._paths:
            raise UserError(
                f"expected videos or pictures, found a folder without either at {self._shown}: name a video file, or a folder with some "
                f"({', '.join(PICTURE_ENDINGS)} for pictures)."
            )
        first = next((image for path in self._paths if (image := _decoded(path)) is not None), None)
        if first is None:
            raise UserError(f"expected a picture that decodes, found damaged ones alone, such as {str(self._paths[0])!r}: replace them.")
        height, width = first.shape[:2]
        self.source = Source(
            path=os.fsdecode(folder),
            codec="pictures",
            width=width,
            height=height,
            fps=fps,
            duration_s=len(self._paths) / fps,
            size_bytes=sum(file.st_size for file in files),
            modified_s=max(file.st_mtime for file in files),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception) -> None:
        self.close()

    def close(self) -> None:
        """Does nothing: no file stays open."""

    def __iter__(self) -> Iterator[Frame]:
        inside, time_s = 0, 0.0
        for index, path in enumerate(self._paths):
            time_s = index / self.source.fps
            if self._span.ends_before(time_s):
                break
            if self._span.begins_after(time_s):
                continue
            inside += 1
            if (inside - 1) % self._span.stride == 0:
                image = _decoded(path)
                if image is None:
                    self.damaged += 1
                else:
                    yield Frame(index, time_s, self._fitted(image))
        if self.damaged:
            self.warnings.append(f"Pictures that cannot be decoded and have no row: {self.damaged}.")
        if not inside:
            raise nothing_within(self._span, self._shown, time_s)

    def _fitted(self, image: np.ndarray) -> np.ndarray:
        width, height = self.source.width, self.source.height
        own_height, own_width = image.shape[:2]
        if (own_width, own_height) == (width, height):
            return image
        sentence = f"Pictures of other sizes than the first one's {width} x {height} were scaled to fit into it."
        if sentence not in self.warnings:
            self.warnings.append(sentence)
        share = min(width / own_width, height / own_height)
        size = max(1, round(own_width * share)), max(1, round(own_height * share))
        left, top = (width - size[0]) // 2, (height - size[1]) // 2
        fitted = np.zeros((height, width, 3), np.uint8)
        fitted[top : top + size[1], left : left + size[0]] = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        return fitted


def read_picture(path: str | os.PathLike) -> np.ndarray:
    """The picture in a file as HWC RGB uint8, upright; raises UserError where there is none that can be read and decoded."""
    image = _decoded(Path(path))
    if image is None:
        raise UserError(f"expected a picture, found a file that does not decode at {os.fspath(path)!r}: replace it.")
    return image


def _decoded(path: Path) -> np.ndarray | None:
    """The picture in a file as HWC RGB uint8, upright; None where it does not decode."""
    try:
        data = path.read_bytes()
        # Only the head is read here: the size is known before memory is taken for the pixels.
        with Image.open(path) as picture:
            check_size(*picture.size, repr(str(path)))
    except UnidentifiedImageError:
        return None
    except Image.DecompressionBombError as fault:
        raise UserError(f"expected pictures of at most {MAX_PIXELS} pixels, found {str(path)!r}: scale it down first.") from fault
    except OSError as fault:
        raise UserError(f"expected to read {str(path)!r}, found {fault.strerror or str(fault)!r}: check the file.") from fault
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
