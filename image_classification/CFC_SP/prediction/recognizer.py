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
    """A bundle, loaded once, for any number of clips, streams and pictures.

    bundle: a bundle's folder, or the name of a shipped one. device: "auto" (the GPU where the engine has one), "cpu", "gpu", "tensorrt",
    "coreml" or "directml". engine: what runs the networks, "paddle", "onnxruntime" or "openvino"; "auto": the first of them that is
    installed. precision: "auto" (as CPU and bundle allow), "float32" or "bfloat16". min_face: the side in px of the smallest face to look
    for; None: the bundle's. model: the loaded model.

    A session holds all there is of a clip or stream; the recognizer holds none of it. Several sessions may be open at once, also in
    several threads, and each gives the results that it would give alone. The networks run in a process of their own. `close`, or the end
    of a `with` block, ends that process and all open sessions. Raises UserError for a bundle that is refused and for a device, an engine
    or a precision that is not available.

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

        start, end: the part to look at, in seconds or as "h:mm:ss" from the first frame on. stride: 1 looks at every frame, n at every
        n-th. window: the smoothing window in frames at 30 fps; None: the default of its kind, 0: no smoothing. fps: pictures a second,
        which makes them frames of a recording (None: they are unrelated, and nothing is smoothed), or frames a second of a raw stream
        (None: its own). search: "auto", or "every" to search every whole frame for faces. smoothing: "logits" (the paper's),
        "probabilities" or "decoder"; None: the bundle's. prior: "data", or the power of the training data's class shares by which
        probabilities are divided; None: the bundle's. max_pixels: the most pixels of a frame (None: 25 million). Raises UserError for
        bad input.

        >>> recognizer.video("clip.mp4", stride=2, window=0).run().summary.frames
        2
        """
        from .options import ClipOptions, span_of

        return self.clip(path, ClipOptions(window, span_of(start, end, stride), fps, search, smoothing, prior, max_pixels))

    def clip(self, path: str | Path, options: "ClipOptions") -> "ClipSession":
        """As `video`, with all options in one object."""
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
        """A session with a recording that the caller has decoded: (time_s, image) for each frame, at `fps` frames a second.

        Times are in seconds and increase. Images are HWC RGB uint8 [0, 255], all of one size, and are copied. As for a file, smoothing
        looks at past and future, so results come some frames late. Raises UserError at the first frame that breaks these rules.

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
        """A session that answers each frame at once, from the past alone, or after a lag, from what comes after it, too.

        window_s: how far smoothing reaches into the past, in seconds; None: the default of its kind, less the lag, 0: no smoothing.
        smoothing, prior: as for `video`. lag_s: seconds that a frame waits for later ones, 0 to 1; with a lag, call `follow` in place of
        `feed`. Raises UserError for a window or a lag out of range, and for "logits" with a bundle whose normalizer is "window": only a
        part of such a window exists here.

        >>> import numpy as np
        >>> from PIL import Image
        >>> with recognizer.stream(window_s=2.0) as stream:
        ...     stream.feed(0.0, np.asarray(Image.open("face.jpg"))).faces[0].label
        'Happiness'
        """
        from .stream_session import StreamSession

        self._check_open()
        return self._opened(StreamSession(self.model, window_s, smoothing, prior, lag_s))

    def picture(self, picture: "str | Path | np.ndarray") -> "tuple[Face, ...]":
        """The faces of a picture from left to right, without smoothing. picture: a file, or an array HWC RGB uint8 [0, 255].

        Raises UserError for a file that is not a picture and for another array.

        >>> [face.label for face in recognizer.picture("face.jpg")]
        ['Happiness']
        """
        from ..video.pictures import read_picture
        from .stream_session import StreamSession

        self._check_open()
        image = read_picture(picture) if isinstance(picture, str | Path) else picture
        with StreamSession(self.model, 0.0) as session:
            return tuple(sorted(session.feed(0.0, image).faces, key=lambda face: face.box))

    def asked(self, options: "ClipOptions") -> dict[str, Any]:
        """The options asked for, by name, as a result lists them; None stands for a default."""
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
    """The expressions in the video file, picture or folder of pictures at `path`, in memory; nothing is written.

    The keywords are those of `Recognizer` and `Recognizer.video`, and so are the errors. The model is loaded at every call: for several
    clips, load a `Recognizer` once.

    >>> from cfc_sp import predict_video
    >>> result = predict_video("clip.mp4", device="cpu")
    >>> result.summary.label_counts["Happiness"], round(sum(result.rows[0].faces[0].probabilities), 3)
    (3, 1.0)
    """
    with Recognizer(bundle, device, engine, precision, min_face) as recognizer:
        return recognizer.video(path, **options).run()
