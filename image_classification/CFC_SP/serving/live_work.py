# SPDX-License-Identifier: Apache-2.0
"""What a worker process answers at once: pictures, and the frames of streams."""

from typing import TYPE_CHECKING

from ..core.labels import EXPR
from ..core.records import Face
from ..video.pictures import picture_of

if TYPE_CHECKING:
    from ..prediction.recognizer import Recognizer


class LiveWork:
    """The open streams of one recognizer."""

    def __init__(self, recognizer: "Recognizer"):
        self._recognizer = recognizer
        self._streams: dict[str, _Stream] = {}

    def answer(self, message: dict, payload: bytes) -> dict:
        """The answer to a picture, to a frame of a stream, or to the end of one; raises UserError for what is no picture."""
        if "close" in message:
            self._streams.pop(message["close"], None)
            return {}
        image = picture_of(payload, message["name"], message["pixels"])
        size = {"width": image.shape[1], "height": image.shape[0]}
        if "stream" not in message:
            return size | {"faces": [described(face) for face in self._recognizer.picture(image)]}
        stream = self._streams.get(message["stream"])
        if stream is None or stream.shape != image.shape:
            # A telephone that is turned sends frames of another size: that is another stream.
            stream = self._streams[message["stream"]] = _Stream(self._recognizer, image.shape)
        faces = stream.session.feed(message["time_s"], image).faces
        return size | {"faces": [described(face) for face in faces]}


class _Stream:
    def __init__(self, recognizer: "Recognizer", shape: tuple[int, ...]):
        self.session, self.shape = recognizer.stream(), shape


def described(face: Face) -> dict:
    """A face as JSON has it: the box in pixels, probabilities by class."""
    return {
        "track": face.track,
        "box": [round(float(value), 2) for value in face.box],
        "face_score": round(float(face.score), 6),
        "label": face.label,
        "confidence": round(float(face.confidence), 6),
        "coarse": face.coarse,
        "raw_label": face.raw_label,
        "probabilities": {name: round(float(value), 6) for name, value in zip(EXPR, face.probabilities, strict=True)},
    }
