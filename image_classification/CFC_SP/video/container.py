"""Opens a file as a video and tells a person what is wrong with one that is none."""

import os
import stat

import av

from ..support.errors import UserError
from ..support.files import AnonymousFile

MAX_PIXELS = 8192 * 8192
MAX_FPS, FALLBACK_FPS = 480.0, 30.0


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


def open_container(file, shown: str):
    """PyAV's container of an open file; raises UserError, naming it as `shown`, where FFmpeg knows no such format."""
    # Playlists name other files and addresses: none of them is ever opened.
    options = {"protocol_whitelist": "none"}
    try:
        return av.open(AnonymousFile(file), "r", container_options=options, metadata_errors="replace")
    except av.FFmpegError as fault:
        if isinstance(fault, MemoryError):
            raise UserError(
                f"expected a video file that this machine's memory is enough for, found that the headers of {shown} ask for more: "
                "they are probably damaged, so copy or convert the clip again."
            ) from fault
        file.seek(4)
        if file.read(4) == b"ftyp":
            raise UserError(
                f"expected a whole MP4 or MOV file, found one without a usable index ('moov' box) at {shown}: "
                "it was probably cut while being recorded or copied, so copy it again or repair it."
            ) from fault
        raise UserError(
            f"expected a video file that FFmpeg can read, found something else at {shown} ({fault.strerror}): "
            "check that it is a video and not, say, a text file with a video's name."
        ) from fault
    except OSError as fault:
        raise reading_failed(shown, fault) from fault


def pick_stream(container, shown: str):
    """The stream of pictures that FFmpeg thinks best, never a cover; raises UserError where there is none to decode."""
    streams = [s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic]
    if not streams:
        kinds = ", ".join(sorted({s.type for s in container.streams})) or "none"
        raise UserError(f"expected a video stream in {shown}, found only streams of kind: {kinds}; choose a file with pictures.")
    stream = container.streams.best("video")
    stream = stream if stream in streams else streams[0]
    if stream.codec_context is None:
        raise UserError(f"expected a codec that this FFmpeg decodes, found an unknown one in {shown}: convert the clip to H.264.")
    check_size(stream.codec_context.width, stream.codec_context.height, shown)
    return stream


def frame_rate(stream) -> float:
    """The average frames a second that the container states, FALLBACK_FPS where that is none or cannot be."""
    # Containers with a clock in milliseconds may state 1000 for any clip.
    stated = [float(rate) for rate in (stream.average_rate, stream.guessed_rate) if rate]
    return next((rate for rate in stated if 0 < rate <= MAX_FPS), FALLBACK_FPS)


def check_size(width: int, height: int, shown: str) -> None:
    """Raises UserError for a picture of more than MAX_PIXELS pixels."""
    if width * height > MAX_PIXELS:
        raise UserError(f"expected frames of at most {MAX_PIXELS} pixels, found {width} x {height} in {shown}: scale the clip down first.")


def reading_failed(shown: str, fault: OSError) -> UserError:
    """What to tell where the disk or the network fails half-way."""
    return UserError(f"expected to read {shown} to its end, found {fault.strerror or str(fault)!r}: check the disk or the network.")
