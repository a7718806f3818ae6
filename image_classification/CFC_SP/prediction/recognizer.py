# SPDX-License-Identifier: Apache-2.0
"""The loaded model, from which sessions with clips, streams and pictures begin."""

import weakref
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from ..inference.loaded_model import load_model
from ..support.errors import UserError

if TYPE_CHECKING:
    import numpy as np

    from ..core.records import Face
    from .clip_session import ClipSession
    from .options import ClipOptions
    from .stream_session import StreamSession
    from .video_result import VideoResult

DEFAULT_BUNDLE = "lite"
_Session = TypeVar("_Session", "ClipSession", "StreamSession")


class Recognizer:
    """Loads a bundle once, for any number of clips, streams and pictures.

    bundle: a bundle's folder, or the name of a shipped one. device: "auto" (the GPU if the engine can use one), "cpu", "gpu", "tensorrt",
    "coreml" or "directml". engine: what runs the networks: "paddle", "onnxruntime" or "openvino"; "auto" takes the first of these that is
    installed and supports the device. precision: "auto" (depends on CPU and bundle), "float32" or "bfloat16". min_face: the side of the
    smallest face to look for, in pixels; None means the bundle's. The attribute `model` is the loaded model.

    Each clip or stream has its own session. Several sessions may be open at once, in several threads as well, and each gives the results
    that it would give alone. The networks run in their own process. `close`, or the end of a `with` block, ends that process and all open
    sessions. Raises UserError for a bundle that is refused, and for a device, engine or precision that is not available.

    >>> from cfc_sp import Recognizer
    >>> with Recognizer(bundle="lite", device="cpu") as recognizer:
    ...     for frame in recognizer.video("clip.mp4"):
    ...         print(frame.frame, [face.label for face in frame.faces])
    0 ['Happiness']
    1 ['Happiness']
    2 ['Happiness']
    """

    def __init__(
        self,
        bundle: str | Path = DEFAULT_BUNDLE,
        device: str = "auto",
        engine: str = "auto",
        precision: str = "auto",
        min_face: float | None = None,
    ):
        self.model = load_model(bundle, device, engine, precision, min_face)
        self._asked = {"min_face": min_face, "engine": engine, "precision": precision}
        self._sessions: weakref.WeakSet[ClipSession | StreamSession] = weakref.WeakSet()
        self._is_closed = False
        # While the worker process imports Paddle, this one imports what sessions are made of.
        from . import clip_session, stream_session  # noqa: F401

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def video(
        self,
        path: str | Path,
        start: float | str | None = None,
        end: float | str | None = None,
        stride: int = 1,
        window: int | None = None,
        fps: float | None = None,
        search: str = "auto",
        smoothing: str | None = None,
        prior: str | float | None = None,
        max_pixels: int | None = None,
    ) -> "ClipSession":
        """A session with the video file, the picture or the folder of pictures at `path`.

        start, end: the part to analyse, in seconds or as "h:mm:ss", counted from the first frame. stride: 1 takes every frame, n every
        n-th. window: the smoothing window in frames at 30 fps; None means the default of the kind of smoothing, and 0 no smoothing. fps:
        with pictures, treats them as frames of a recording at this rate (None: they are unrelated, and nothing is smoothed); with a raw
        stream, its frame rate (None: the one that it states). search: "auto", or "every" to search every whole frame for faces.
        smoothing: "logits" (the paper's), "probabilities" or "decoder"; None means the bundle's. prior: "data" keeps the training data's
        prior; a number from 0 to 2 is the power of its class shares by which probabilities are divided; None means the bundle's.
        max_pixels: the most pixels a frame may have (None: 25 million). Raises UserError for bad input.

        >>> recognizer.video("clip.mp4", stride=2, window=0).run().summary.frames
        2
        """
        from .options import ClipOptions, span_of

        return self.clip(path, ClipOptions(window, span_of(start, end, stride), fps, search, smoothing, prior, max_pixels))

    def clip(self, path: str | Path, options: "ClipOptions") -> "ClipSession":
        """Does the same as `video`, with all options in one object."""
        from ..video.clip import open_clip
        from .clip_session import ClipSession

        self._check_open()
        reader = open_clip(path, options.span, options.fps, options.max_pixels)
        return self._opened(ClipSession(self.model, reader, options, self.asked(options)))

    def frames(
        self,
        frames: Iterable[tuple[float, "np.ndarray"]],
        fps: float,
        window: int | None = None,
        smoothing: str | None = None,
        prior: str | float | None = None,
    ) -> "ClipSession":
        """A session with a recording that you decode yourself: (time_s, image) for each frame, at `fps` frames per second.

        Times are in seconds and increase. Images are HWC RGB uint8 [0, 255], all of one size, and are copied. Smoothing covers past and
        future, as for a file, so results come some frames late. Raises UserError at the first frame that breaks these rules.

        >>> import numpy as np
        >>> frames = ((i / 25, np.zeros((64, 64, 3), np.uint8)) for i in range(4))
        >>> [len(frame.faces) for frame in recognizer.frames(frames, fps=25)]
        [0, 0, 0, 0]
        """
        from .clip_session import ClipSession
        from .frame_input import CallersFrames
        from .options import ClipOptions

        self._check_open()
        options = ClipOptions(window, smoothing=smoothing, prior=prior)
        return self._opened(ClipSession(self.model, CallersFrames(frames, fps), options, self.asked(options)))

    def stream(
        self,
        window_s: float | None = None,
        smoothing: str | None = None,
        prior: str | float | None = None,
        lag_s: float = 0.0,
    ) -> "StreamSession":
        """A session that answers each frame at once, with smoothing over the past, or after a lag, with smoothing over later frames, too.

        window_s: how far smoothing reaches into the past, in seconds; 0 means no smoothing, and None the default of the kind of smoothing
        minus the lag, but half of that default at least. A longer window makes labels steadier and later. smoothing, prior: as for
        `video`. lag_s: seconds that a frame waits for later ones, 0 to 1; with a lag, call `follow` instead of `feed`. Raises UserError
        for a window or a lag out of range. Also raises UserError for "logits" with a bundle whose normalizer is "window", since a stream
        has only a part of such a window.

        >>> import numpy as np
        >>> from PIL import Image
        >>> with recognizer.stream() as stream:
        ...     stream.feed(0.0, np.asarray(Image.open("face.jpg"))).faces[0].label
        'Happiness'
        """
        from .stream_session import StreamSession

        self._check_open()
        return self._opened(StreamSession(self.model, window_s, smoothing, prior, lag_s))

    def picture(self, picture: "str | Path | np.ndarray") -> "tuple[Face, ...]":
        """The faces in a picture, from left to right, without smoothing. picture: a file, or an HWC RGB array, uint8 [0, 255].

        Raises UserError for a file that is not a picture, and for an array of another kind.

        >>> [face.label for face in recognizer.picture("face.jpg")]
        ['Happiness']
        """
        from ..inference.recognition import recognise_picture
        from ..video.pictures import read_picture
        from .frame_input import FrameCheck

        self._check_open()
        frame = FrameCheck().frame(0.0, read_picture(picture) if isinstance(picture, str | Path) else picture)
        self.model.predictor.revive()
        return tuple(sorted(recognise_picture(self.model, frame).faces, key=lambda face: face.box))

    def asked(self, options: "ClipOptions") -> dict[str, Any]:
        """The given options by name, as a result lists them; None means the default."""
        return self._asked | options.as_dict()

    def close(self) -> None:
        """Ends all open sessions and the process that runs the networks. A second call does nothing."""
        self._is_closed = True
        for session in list(self._sessions):
            session.close()
        self.model.predictor.close()

    def _opened(self, session: _Session) -> _Session:
        self._sessions.add(session)
        return session

    def _check_open(self) -> None:
        if self._is_closed:
            raise UserError("expected an open recognizer, found one that was closed: make a new one")


def predict_video(
    path: str | Path,
    *,
    bundle: str | Path = DEFAULT_BUNDLE,
    device: str = "auto",
    engine: str = "auto",
    precision: str = "auto",
    min_face: float | None = None,
    **options: Any,
) -> "VideoResult":
    """Analyses the video file, the picture or the folder of pictures at `path`, and returns the result. It writes nothing.

    Keywords and errors are those of `Recognizer` and `Recognizer.video`. Every call loads the model: for several clips, use one
    `Recognizer`.

    >>> from cfc_sp import predict_video
    >>> result = predict_video("clip.mp4", device="cpu")
    >>> result.summary.label_counts["Happiness"], round(sum(result.rows[0].faces[0].probabilities), 3)
    (3, 1.0)
    """
    with Recognizer(bundle, device, engine, precision, min_face) as recognizer:
        return recognizer.video(path, **options).run()
