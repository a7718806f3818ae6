# SPDX-License-Identifier: Apache-2.0
"""Opens a file as a video and tells a person what is wrong with one that is none."""

import os
import stat

import av

from ..support.errors import UserError
from ..support.files import AnonymousFile
from ..support.packets import FILE_OPTIONS
from .sample_counts import MOST_SAMPLES, announced_samples

# Cameras' pictures and video of 6K. A run takes some 70 bytes of a pixel, in the decoder, the frames on their way and the encoder:
# two gigabytes.
MAX_PIXELS = 25_000_000
# What can be asked for instead: OpenCV's and FFmpeg's own limits are not far above.
MOST_PIXELS = 1 << 28
# How much of a file is looked at for the reason why it cannot be read.
_HEAD_BYTES = 1 << 20
_ASF_HEADER = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
# The header objects of a protected ASF file, and the boxes of protected MP4 tracks.
_ASF_PROTECTIONS = bytes.fromhex("fbb3112223bdd211b4b700a0c955fc6e"), bytes.fromhex("14e68a292226174cb935dae07ee9289c")
_MP4_PROTECTIONS = b"encv", b"drmi", b"p608", b"sinf"
_MATROSKA_ENCRYPTION = bytes.fromhex("5035")


def open_file(path: str | os.PathLike):
    """The regular, non-empty file at `path`, open for reading; raises UserError where there is none that can be read."""
    # FFmpeg gets a file object of our own and not the path: it would take `concat:x` or `http:x` for protocols.
    shown = repr(os.fsdecode(path))
    try:
        mode = os.stat(path).st_mode
        if stat.S_ISDIR(mode):
            raise UserError(f"expected a video file, found a folder at {shown}: name the file inside it.")
        if not stat.S_ISREG(mode):
            raise UserError(f"expected a video file, found a device or pipe at {shown}: save the video as a file first.")
        if os.stat(path).st_size == 0:
            raise UserError(f"expected a video file, found an empty file at {shown}: copy or record the clip again.")
        return open(path, "rb")
    except FileNotFoundError:
        raise UserError(f"expected a video file, found nothing at {shown}: check the path.") from None
    except OSError as fault:
        raise UserError(
            f"expected a readable video file at {shown}, found {fault.strerror!r}: check the path and its permissions."
        ) from fault


def open_container(file, shown: str, most_pixels: int = MAX_PIXELS):
    """PyAV's container of an open file; raises UserError, naming it as `shown`, where FFmpeg knows no such format."""
    try:
        samples = announced_samples(file)
        if samples > MOST_SAMPLES:
            raise UserError(
                f"expected at most {MOST_SAMPLES} frames and pieces of sound, found that {shown} announces {samples}: "
                "its index is damaged, or the clip must be cut into shorter ones."
            )
        # The size of what is decoded to know the streams is bounded too.
        options = {"container_options": FILE_OPTIONS, "options": decoder_options(most_pixels)}
        return av.open(AnonymousFile(file), "r", metadata_errors="replace", **options)
    except av.FFmpegError as fault:
        raise _unreadable(file, shown, fault) from fault
    except OSError as fault:
        raise reading_failed(shown, fault) from fault


def _unreadable(file, shown: str, fault: av.FFmpegError) -> UserError:
    if isinstance(fault, MemoryError):
        return UserError(
            f"expected a video file that fits this machine's memory, found that the headers of {shown} ask for more: "
            "they are probably damaged, so copy or convert the clip again."
        )
    if sentence := _protected(file, shown):
        return UserError(sentence)
    file.seek(4)
    if file.read(4) == b"ftyp":
        return UserError(
            f"expected a whole MP4 or MOV file, found one without a usable index ('moov' box) at {shown}: "
            "it was probably cut while being recorded or copied, so copy it again or repair it."
        )
    return UserError(
        f"expected a video file that FFmpeg can read, found something else at {shown} ({fault.strerror}): "
        "check that it is a video and not, say, a text file with a video's name."
    )


def no_picture(file, shown: str) -> UserError:
    """What to tell where no frame of the open file decodes."""
    if sentence := _protected(file, shown):
        return UserError(sentence)
    file.seek(0)
    head = file.read(64)
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return UserError(
            f"expected a video whose format this FFmpeg decodes, found an animated WebP at {shown}: convert it to GIF or MP4, "
            "or its pictures to PNG in a folder."
        )
    return UserError(
        f"expected at least one frame that decodes, found none in {shown}: the file is damaged or holds no pictures, so copy or convert "
        "it again."
    )


def _protected(file, shown: str) -> str | None:
    """What to tell of a file that is encrypted; None where it does not say so."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    head = file.read(_HEAD_BYTES)
    # An MP4's index may lie at its end.
    file.seek(max(0, size - _HEAD_BYTES))
    ends = head + file.read(_HEAD_BYTES)
    if head[4:8] in (b"ftyp", b"moov", b"styp"):
        found = any(name in ends for name in _MP4_PROTECTIONS)
    elif head.startswith(_ASF_HEADER):
        found = any(mark in head for mark in _ASF_PROTECTIONS)
    else:
        # Matroska's element of that number, one byte long or up to eight, stands in a track's ContentEncoding.
        found = head[:4] == b"\x1aE\xdf\xa3" and _MATROSKA_ENCRYPTION in head.split(b"\x1f\x43\xb6\x75")[0]
    return encrypted(shown) if found else None


def encrypted(shown: str) -> str:
    """What to tell of an encrypted file."""
    return (
        f"expected a video that can be decoded, found an encrypted one (copy protection, DRM) at {shown}: "
        "it can only be played where it was licensed, so use a clip without protection."
    )


def pick_stream(container, shown: str, most_pixels: int = MAX_PIXELS, warnings: list[str] | None = None, file=None):
    """The stream of pictures that FFmpeg thinks best, never a cover; raises UserError where there is none to decode.

    Adds a sentence to `warnings` where there are several. file: the container's open file, which may say why there is none.
    """
    streams = [s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic]
    if not streams:
        kinds = ", ".join(sorted({s.type for s in container.streams})) or "none"
        raise UserError(f"expected a video stream in {shown}, found only streams of kind: {kinds}; choose a file with pictures.")
    stream = container.streams.best("video")
    stream = stream if stream in streams else streams[0]
    if stream.codec_context is None:
        if file is not None and (sentence := _protected(file, shown)):
            raise UserError(sentence)
        raise UserError(f"expected a codec that this FFmpeg decodes, found an unknown one in {shown}: convert the clip to H.264.")
    width, height = stream.codec_context.width, stream.codec_context.height
    check_size(width, height, shown, most_pixels)
    if len(streams) > 1 and warnings is not None:
        sentence = (
            f"The clip has {len(streams)} video streams: number {stream.index}, of {width} x {height} pixels, was looked at, "
            f"{_numbers(s.index for s in streams if s is not stream)} not."
        )
        if sentence not in warnings:
            warnings.append(sentence)
    return stream


def _numbers(numbers) -> str:
    *others, last = map(str, numbers)
    return f"{', '.join(others)} and {last} were" if others else f"number {last} was"


def decoder_options(most_pixels: int) -> dict[str, str]:
    """FFmpeg's options by which a decoder takes no memory for much larger pictures, whatever it meets; it counts whole blocks."""
    return {"max_pixels": str(most_pixels + most_pixels // 8 + (1 << 14))}


def checked_pixels(most: int | None) -> int:
    """The most pixels of a frame, as they are asked for, or MAX_PIXELS; raises UserError for a number outside 1 to MOST_PIXELS."""
    if most is not None and not 0 < most <= MOST_PIXELS:
        raise UserError(f"-max_pixels: expected a number of pixels from 1 to {MOST_PIXELS}, found {most}")
    return MAX_PIXELS if most is None else most


def check_size(width: int, height: int, shown: str, most_pixels: int = MAX_PIXELS) -> None:
    """Raises UserError for a picture of more than `most_pixels` pixels."""
    if width * height > most_pixels:
        remedy = f", or allow it with -max_pixels {width * height}" if width * height <= MOST_PIXELS else ""
        raise UserError(
            f"expected frames of at most {most_pixels} pixels, found {width} x {height} in {shown}: scale the clip down first{remedy}."
        )


def reading_failed(shown: str, fault: OSError) -> UserError:
    """What to tell where the disk or the network fails half-way."""
    return UserError(f"expected to read {shown} to its end, found {fault.strerror or str(fault)!r}: check the disk or the network.")
