# SPDX-License-Identifier: Apache-2.0
"""A server in a process of its own, which may be killed and started again."""

import json
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Self

from tests.events import wait_until

PROGRAM = Path(__file__).parent / "serving" / "fake_server.py"


class Served:
    """`python fake_server.py` on a port that stays the same when it is started again. Used in a `with` block."""

    def __init__(self, data: Path, **options):
        self._data, self._options, self._port = data, options, 0
        self.process: subprocess.Popen | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exception) -> None:
        self.process.kill()
        self.process.communicate()

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Starts it and waits until it is ready."""
        words = [sys.executable, str(PROGRAM), str(self._data), str(self._port), json.dumps(self._options)]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        said = self.process.stdout.readline()
        self._port = int(said.partition(",")[0].rpartition(":")[2])
        wait_until(lambda: self.get("/readyz") == 200, self.process)

    def get(self, path: str) -> int:
        """The status code of an answer, 0 where there is none."""
        try:
            with urllib.request.urlopen(self.address + path, timeout=30) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0
