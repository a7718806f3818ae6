"""A folder of pictures read as a clip."""

import io
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Self

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from ..core.records import Frame, Source
from ..core.span import WHOLE, Span
from ..support.errors import UserError
from .container import MAX_PIXELS, check_size, checked_pixels
from .display import fitted_size, on_black
from .reader import nothing_within
from .times import FALLBACK_FPS, checked_fps

# The size of a picture is checked here, against a limit of our own.
Image.MAX_IMAGE_PIXELS = None
# Four channels of four bytes, and what cameras put beside the picture.
_MOST_BYTES_A_PIXEL, _MOST_BYTES_BESIDE = 16, 64 << 20

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
    decodes, and for one of more than `max_pixels` pixels (None: container.MAX_PIXELS).
    """

    def __init__(self, folder: str | os.PathLike, span: Span = WHOLE, fps: float | None = None, max_pixels: int | None = None):
        self.damaged = 0
        self.warnings: list[str] = []
        self._span = span
        self._shown = repr(os.fsdecode(folder))
        self._most_pixels = checked_pixels(max_pixels)
        fps = checked_fps(fps) or FALLBACK_FPS
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
        first = next((image for path in self._paths if (image := _decoded(path, self._most_pixels)) is not None), None)
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
                image = _decoded(path, self._most_pixels)
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
        own = image.shape[1::-1]
        if own == (width, height):
            return image
        sentence = f"Pictures of other sizes than the first one's {width} x {height} were scaled to fit into it."
        if sentence not in self.warnings:
            self.warnings.append(sentence)
        return on_black(cv2.resize(image, fitted_size(own, (width, height)), interpolation=cv2.INTER_AREA), width, height)


def read_picture(path: str | os.PathLike) -> np.ndarray:
    """The picture in a file as HWC RGB uint8, upright; raises UserError where there is none that can be read and decoded."""
    image = _decoded(Path(path), MAX_PIXELS)
    if image is None:
        raise UserError(f"expected a picture, found a file that does not decode at {os.fspath(path)!r}: replace it.")
    return image


def picture_of(data: bytes, name: str, most_pixels: int = MAX_PIXELS) -> np.ndarray:
    """The picture in a file's bytes as HWC RGB uint8, upright; UserErrors call it `name`, and are raised as by `read_picture`, and for
    more than `most_pixels` pixels."""
    image = None
    with suppress(*_NO_PICTURE, OSError):
        if _may_be_picture(io.BytesIO(data), len(data), repr(name), most_pixels):
            image = _pixels(data)
    if image is None:
        raise UserError(f"expected a picture, found bytes that do not decode in {name!r}: send a JPEG or PNG.")
    return image


# Pillow's words for what is none.
_NO_PICTURE = UnidentifiedImageError, ValueError, SyntaxError


def _decoded(path: Path, most_pixels: int) -> np.ndarray | None:
    """The picture in a file as HWC RGB uint8, upright; None where it does not decode."""
    try:
        data = path.read_bytes() if _may_be_picture(path, path.stat().st_size, repr(str(path)), most_pixels) else b""
    except _NO_PICTURE:
        return None
    except OSError as fault:
        if fault.errno is None:
            # Pillow's word for a head that is cut off.
            return None
        raise UserError(f"expected to read {str(path)!r}, found {fault.strerror or str(fault)!r}: check the file.") from fault
    return _pixels(data)


def _may_be_picture(file, size: int, shown: str, most_pixels: int) -> bool:
    """Whether the file or path has the head of a picture, and no more bytes than its pixels can take; raises UserError for too many
    pixels. Only the head is read: the size is known before memory is taken for the file and for the pixels."""
    with Image.open(file) as picture:
        width, height = picture.size
    check_size(width, height, shown, most_pixels)
    return size <= _MOST_BYTES_A_PIXEL * width * height + _MOST_BYTES_BESIDE


def _pixels(data: bytes) -> np.ndarray | None:
    try:
        return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB) if data else None
    except cv2.error:
        return None
