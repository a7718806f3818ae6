# SPDX-License-Identifier: Apache-2.0
"""Picture files read as a clip: unrelated ones, or the frames of a recording."""

import io
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from ..core.records import PICTURES, Frame, PictureFile, Source
from ..core.span import WHOLE, Span
from ..support.errors import UserError
from .container import MAX_PIXELS, MOST_PIXELS, checked_pixels
from .display import fitted_size, on_black
from .reader import nothing_within
from .times import checked_fps

# The size of a picture is checked here, against a limit of our own.
Image.MAX_IMAGE_PIXELS = None
# Four channels of four bytes, and what cameras put beside the picture.
_MOST_BYTES_A_PIXEL, _MOST_BYTES_BESIDE = 16, 64 << 20

PICTURE_ENDINGS = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")
# Pictures that cameras and telephones make and nothing here decodes: they are told, and not passed over.
_FOREIGN_ENDINGS = (".heic", ".heif", ".avif", ".jxl", ".jp2", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2")
UNRELATED_FPS = 1.0
"""Pictures a second where no rate makes them a recording: each is shown for a second."""
_TOLD = 3


class _NotRead(Exception):
    """Why a picture file is not read, in a few words."""


class _TooLarge(_NotRead):
    """A picture of more pixels than are allowed."""

    def __init__(self, width: int, height: int, most_pixels: int):
        super().__init__(f"{width} x {height}, more than {most_pixels} pixels")
        self.pixels = width * height


def is_picture(path: str | os.PathLike) -> bool:
    """Whether the name of `path` ends as a picture's does."""
    return Path(path).suffix.lower() in (*PICTURE_ENDINGS, *_FOREIGN_ENDINGS)


def pictures_in(folder: str | os.PathLike) -> list[Path]:
    """The pictures of a folder in natural order, by their endings; those of folders inside it are not among them."""
    return sorted((path for path in Path(folder).iterdir() if is_visible(path, (*PICTURE_ENDINGS, *_FOREIGN_ENDINGS))), key=natural_order)


def is_visible(path: Path, endings: tuple[str, ...]) -> bool:
    """Whether `path` is a file that is not hidden and has one of these endings, in capitals or not."""
    return path.suffix.lower() in endings and not path.name.startswith(".") and path.is_file()


def natural_order(path: Path) -> tuple:
    """The key by which a person sorts file names: 2 before 10."""
    parts = re.split(r"(\d+)", path.name)
    return tuple((int(part), "") if part.isdecimal() else (-1, part.casefold()) for part in parts), path.name


class PictureReader:
    """Iterates once over a picture file, or the pictures of a folder, as records.Frame, with the surface of reader.VideoReader.

    The index is the picture's place in natural order, its time that place divided by `fps`. Without an `fps` the pictures are
    `unrelated`: each has its own size and a second of time. With one they are frames: one of another size than the first is scaled to
    fit into it, on black. Pictures are turned upright by their EXIF note, grey and deep ones become 8-bit RGB, transparency is dropped.
    A picture that cannot be read is counted as damaged and leaves a gap.

    pictures: what became of each file met so far. Raises UserError for a folder that cannot be read or holds no picture, for an `fps`
    outside 0 to 480, and where every picture is refused: it does not decode, or has more than `max_pixels` pixels (None:
    container.MAX_PIXELS).
    """

    def __init__(self, path: str | os.PathLike, span: Span = WHOLE, fps: float | None = None, max_pixels: int | None = None):
        self.pictures: list[PictureFile] = []
        self._span = span
        self._shown = repr(os.fsdecode(path))
        self._most_pixels = checked_pixels(max_pixels)
        self._was_fitted = False
        fps = checked_fps(fps)
        self.unrelated = fps is None
        fps = fps or UNRELATED_FPS
        try:
            self._paths = pictures_in(path) if os.path.isdir(path) else [Path(path)]
            files = [path.stat() for path in self._paths]
        except OSError as fault:
            raise UserError(
                f"expected a readable folder or picture at {self._shown}, found {fault.strerror!r}: check the path and its permissions."
            ) from fault
        if not self._paths:
            raise UserError(
                f"expected videos or pictures, found a folder without either at {self._shown}: name a video file, or a folder with some "
                f"({', '.join(PICTURE_ENDINGS)} for pictures)."
            )
        height, width = self._first().shape[:2]
        self.source = Source(
            path=os.fsdecode(path),
            codec=PICTURES,
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

    @property
    def warnings(self) -> list[str]:
        """Sentences for the user, of what has happened so far."""
        found = []
        if self._was_fitted:
            size = f"{self.source.width} x {self.source.height}"
            found.append(f"Pictures of other sizes than the first one's {size} were scaled to fit into it.")
        refused = [f"{picture.name!r} ({picture.refused})" for picture in self.pictures if picture.refused]
        if refused:
            more = f" and {len(refused) - _TOLD} more" if len(refused) > _TOLD else ""
            found.append(f"Pictures that were not read and have no row: {len(refused)}: {', '.join(refused[:_TOLD])}{more}.")
        return found

    @property
    def damaged(self) -> int:
        """Pictures that were refused so far."""
        return sum(picture.refused is not None for picture in self.pictures)

    def close(self) -> None:
        """Does nothing: no file stays open."""

    def name_of(self, index: int) -> str:
        """The file name of the picture of that index; bytes of it that are no text are escaped."""
        return self._paths[index].name.encode("utf-8", "backslashreplace").decode()

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
                try:
                    image = _decoded(path, self._most_pixels)
                except _NotRead as refused:
                    self.pictures.append(PictureFile(self.name_of(index), index, refused=str(refused)))
                else:
                    self.pictures.append(PictureFile(self.name_of(index), index, *image.shape[1::-1]))
                    yield Frame(index, time_s, image if self.unrelated else self._fitted(image))
        if not inside:
            raise nothing_within(self._span, self._shown, time_s)

    def _first(self) -> np.ndarray:
        reasons = []
        for path in self._paths:
            try:
                return _decoded(path, self._most_pixels)
            except _NotRead as refused:
                reasons.append(f"{str(path)!r} ({refused})")
        raise UserError(f"expected a picture that can be read, found none: {'; '.join(reasons[:_TOLD])}: replace or convert them.")

    def _fitted(self, image: np.ndarray) -> np.ndarray:
        size = self.source.width, self.source.height
        self._was_fitted |= image.shape[1::-1] != size
        return fitted_picture(image, *size)


def fitted_picture(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """The picture, HWC RGB uint8, scaled to fit into that size, on black."""
    own = image.shape[1::-1]
    if own == (width, height):
        return image
    return on_black(cv2.resize(image, fitted_size(own, (width, height)), interpolation=cv2.INTER_AREA), width, height)


def read_picture(path: str | os.PathLike) -> np.ndarray:
    """The picture in a file as HWC RGB uint8, upright; raises UserError where there is none that can be read and decoded."""
    try:
        return _decoded(Path(path), MAX_PIXELS)
    except _NotRead as refused:
        raise UserError(f"expected a picture, found none that can be read at {os.fspath(path)!r} ({refused}): replace it.") from refused


def picture_of(data: bytes, name: str, most_pixels: int = MAX_PIXELS) -> np.ndarray:
    """The picture in a file's bytes as HWC RGB uint8, upright; raises UserError, which calls it `name`, where `read_picture` does, and
    for more than `most_pixels` pixels."""
    try:
        return _pixels(io.BytesIO(data), len(data), most_pixels, lambda: data)
    except _NotRead as refused:
        raise UserError(
            f"expected a picture of at most {most_pixels} pixels, found none that can be read in {name!r} ({refused}): send a JPEG or PNG."
        ) from refused


def _decoded(path: Path, most_pixels: int) -> np.ndarray:
    """The picture in a file as HWC RGB uint8, upright; raises _NotRead where there is none that is read."""
    if path.suffix.lower() in _FOREIGN_ENDINGS:
        raise _NotRead(f"{path.suffix} is not read: convert it to JPEG or PNG")
    try:
        return _pixels(path, path.stat().st_size, most_pixels, path.read_bytes)
    except _TooLarge as refused:
        remedy = f"; -max_pixels {refused.pixels} allows it" if refused.pixels <= MOST_PIXELS else ""
        raise _NotRead(f"{refused}{remedy}") from refused
    except OSError as fault:
        raise _NotRead(f"cannot be read: {fault.strerror}") from fault


def _pixels(file: Path | io.BytesIO, size: int, most_pixels: int, read: Callable[[], bytes]) -> np.ndarray:
    """The picture whose bytes `read` gives, `size` of them; raises _NotRead."""
    image = None
    try:
        # Only the head is read here: the size is known before memory is taken for the file and for the pixels.
        with Image.open(file) as picture:
            width, height = picture.size
        if width * height > most_pixels:
            raise _TooLarge(width, height, most_pixels)
        # A file of more bytes than its pixels can take is no picture, whatever its head says.
        if size > _MOST_BYTES_A_PIXEL * width * height + _MOST_BYTES_BESIDE:
            raise _NotRead("more bytes than its pixels can take")
        image = cv2.imdecode(np.frombuffer(read(), np.uint8), cv2.IMREAD_COLOR_RGB)
    except (UnidentifiedImageError, ValueError, SyntaxError, cv2.error):
        pass
    except OSError as fault:
        # Without a number it is Pillow's word for a head that is cut off.
        if fault.errno is not None:
            raise
    if image is None:
        raise _NotRead("does not decode")
    return image
