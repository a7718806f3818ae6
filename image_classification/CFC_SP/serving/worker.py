# SPDX-License-Identifier: Apache-2.0
"""A worker process: it alone opens what strangers send, and may be killed at any time."""

import importlib
import json
import os
import queue
import socket
import sys
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path

from ..support.errors import NetworksEndedError, UserError
from ..support.interrupts import leave_to_the_caller
from .clip_request import ClipCancelledError, check_clip
from .messages import packed, read_message

_OWN_FAULT = "the server met a fault of its own while it looked at this, which its log tells"


class Channel:
    """The worker's end of the socket. cancelled: the clip that is not wanted any more."""

    def __init__(self, connection: socket.socket):
        self._file = connection.makefile("rwb")
        self._messages: queue.SimpleQueue[tuple[dict, bytes]] = queue.SimpleQueue()
        self.cancelled: str | None = None
        threading.Thread(target=self._read, name="messages", daemon=True).start()

    def say(self, message: dict) -> None:
        """Sends a message to the server."""
        self._file.write(packed(message))
        self._file.flush()

    def messages(self) -> Iterator[tuple[dict, bytes]]:
        """What the server says, until it ends."""
        while True:
            yield self._messages.get()

    def _read(self) -> None:
        while True:
            try:
                message, payload = read_message(self._file)
            except (EOFError, OSError):
                # The server is gone, killed perhaps: whatever is being done is for nobody.
                os._exit(0)
            if "cancel" in message:
                self.cancelled = message["cancel"]
            else:
                self._messages.put((message, payload))


def do_checks(channel: Channel, load: tuple[str, dict]) -> None:
    """Says of each upload what kind of clip it is, or why it is none."""
    channel.say({"ready": True})
    for message, _ in channel.messages():
        channel.say(_answer(check_clip, message))


def do_clips(channel: Channel, load: tuple[str, dict]) -> None:
    """Works on one clip after another."""
    from .clip_work import work_on_clip

    recognizer = _loaded(channel, load)
    for message, _ in channel.messages():
        answer = _answer(work_on_clip, recognizer, message, channel)
        channel.say(answer | {"ended": message["id"]})


def do_live(channel: Channel, load: tuple[str, dict]) -> None:
    """Answers pictures and the frames of streams."""
    from .live_work import LiveWork

    work = LiveWork(_loaded(channel, load))
    for message, payload in channel.messages():
        channel.say(_answer(work.answer, message, payload))


JOBS = {"check": do_checks, "clips": do_clips, "live": do_live}
"""What a worker process can do, by name."""


def main(handle: str, job: str, load: str) -> None:
    """The process: `handle` is the socket's number, `job` one of JOBS, `load` names in JSON what makes the recognizer."""
    # This process ends with the server.
    leave_to_the_caller()
    JOBS[job](Channel(socket.socket(fileno=int(handle))), json.loads(load))


def _loaded(channel: Channel, load: tuple[str, dict]):
    """The recognizer, once its networks are ready; says so, or why it cannot be had."""
    (module, _, name), keywords = load[0].partition(":"), load[1]
    try:
        recognizer = getattr(importlib.import_module(module), name)(**keywords)
        recognizer.model.predictor.status()
    except NetworksEndedError:
        # No refusal, after which the server ends: another try may well do it.
        os._exit(1)
    except UserError as error:
        channel.say({"refused": str(error)})
        sys.exit(2)
    channel.say({"ready": True})
    return recognizer


def _answer(work, *arguments) -> dict:
    """What `work` gives, or the sentence that says why it gives nothing. The server's own paths are in none of it."""
    try:
        return work(*arguments)
    except ClipCancelledError:
        return {"cancelled": True}
    except NetworksEndedError:
        # As if this process had been killed: the server starts another one, and tries once more.
        os._exit(1)
    except UserError as error:
        message = next(argument for argument in arguments if isinstance(argument, dict))
        return {"error": _without_path(str(error), message)}
    except Exception:
        # The next clip is looked at all the same.
        traceback.print_exc()
        return {"error": _OWN_FAULT}


def _without_path(sentence: str, message: dict) -> str:
    if "path" in message:
        sentence = sentence.replace(message["path"], message["name"]).replace(f"{Path(message['path']).parent}{os.sep}", "")
    return sentence
