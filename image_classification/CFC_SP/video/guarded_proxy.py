# SPDX-License-Identifier: Apache-2.0
"""Where what an HTTP address answers may lead: a proxy on this machine, through which FFmpeg fetches a playlist and all that it names.

A playlist, or a redirection, from outside could otherwise make this machine ask its own services and its neighbours'.
"""

import ipaddress
import os
import socket
import threading
from contextlib import suppress
from typing import Self
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

_HEAD_BYTES, _CHUNK, _TIMEOUT_S = 1 << 16, 1 << 16, 30.0
_REFUSED = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class GuardedProxy:
    """A context manager; `address` is what FFmpeg's option http_proxy takes.

    given: the address that the person gave. Its host may be anywhere; any other must be a public address: neither this machine's own nor
    a private network's. A name counts by what it resolves to, and the connection goes to just that. Proxies of the environment are used,
    and left to resolve names that this machine cannot.
    """

    def __init__(self, given: str):
        self._given = _resolved(urlsplit(given).hostname or "")
        # FFmpeg goes past any proxy for these names; they are looked at here.
        self._no_proxy = os.environ.pop("no_proxy", None)
        self._proxies = getproxies()
        if self._no_proxy is not None:
            self._proxies["no"] = self._no_proxy
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, name="proxy", daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception) -> None:
        self._listener.close()
        if self._no_proxy is not None:
            os.environ["no_proxy"] = self._no_proxy

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                asker, _ = self._listener.accept()
                threading.Thread(target=self._answer, args=(asker,), name="proxy", daemon=True).start()

    def _answer(self, asker: socket.socket) -> None:
        with asker, suppress(OSError, ValueError):
            asker.settimeout(_TIMEOUT_S)
            head, rest = _head(asker)
            method, target, version = head.split("\r\n", 1)[0].split(" ")
            tunnel = method == "CONNECT"
            parts = urlsplit(f"//{target}" if tunnel else target)
            host, port = parts.hostname or "", parts.port or 80
            upstream = self._upstream("https" if tunnel else "http", host)
            places = _resolved(host)
            if not self._may(places, known_elsewhere=upstream is not None):
                asker.sendall(_REFUSED)
                return
            with _connected([upstream] if upstream else [(str(place), port) for place in places]) as server:
                if tunnel and not upstream:
                    asker.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                else:
                    path = target if upstream else f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
                    server.sendall(_closing(f"{method} {path} {version}", head, keep=tunnel) + rest)
                _relay(asker, server)

    def _may(self, places: list, known_elsewhere: bool) -> bool:
        return all(place in self._given or place.is_global for place in places) and (bool(places) or known_elsewhere)

    def _upstream(self, scheme: str, host: str) -> tuple[str, int] | None:
        proxy = urlsplit(self._proxies.get(scheme, ""))
        return None if not proxy.hostname or proxy_bypass(host, self._proxies) else (proxy.hostname, proxy.port or 80)


def _resolved(host: str) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """Every address of a host's name, an IPv4 one that is wrapped in IPv6 as itself; none where it has none."""
    try:
        found = {ipaddress.ip_address(entry[4][0].partition("%")[0]) for entry in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError, ValueError):
        return []
    return sorted({getattr(place, "ipv4_mapped", None) or place for place in found}, key=lambda place: (place.version, int(place)))


def _connected(places: list[tuple[str, int]]) -> socket.socket:
    for place in places[:-1]:
        with suppress(OSError):
            return socket.create_connection(place, _TIMEOUT_S)
    return socket.create_connection(places[-1], _TIMEOUT_S)


def _head(asker: socket.socket) -> tuple[str, bytes]:
    """A request's head as text, and the bytes behind it."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = asker.recv(_CHUNK)
        if not piece or len(data) > _HEAD_BYTES:
            raise ValueError("no request")
        data += piece
    head, _, rest = data.partition(b"\r\n\r\n")
    return head.decode("latin1"), rest


def _closing(line: str, head: str, keep: bool) -> bytes:
    """The head with `line` in front; unless it is to `keep`, with a wish to close, so that each request comes by here."""
    fields = [
        field for field in head.split("\r\n")[1:] if keep or field.partition(":")[0].lower() not in ("connection", "proxy-connection")
    ]
    return "\r\n".join([line, *fields, *([] if keep else ["Connection: close"]), "", ""]).encode("latin1")


def _relay(asker: socket.socket, server: socket.socket) -> None:
    """Passes bytes both ways until the server ends."""

    def back() -> None:
        with suppress(OSError):
            while piece := asker.recv(_CHUNK):
                server.sendall(piece)

    asker.settimeout(None)
    threading.Thread(target=back, name="proxy", daemon=True).start()
    with suppress(OSError):
        while piece := server.recv(_CHUNK):
            asker.sendall(piece)
    with suppress(OSError):
        asker.shutdown(socket.SHUT_RDWR)
