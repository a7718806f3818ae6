# SPDX-License-Identifier: Apache-2.0
"""A page to try it in a browser, and a server to build on: clips, pictures and cameras over HTTP.

cfc-sp serve -data served
cfc-sp serve -data served -host 0.0.0.0 -hosts faces.example.org -token token.txt -proxy

It listens on this machine alone unless -host says otherwise. What it does with more than its limits, and what a reverse proxy in front
of it must do, is in the documentation's page on the server.
"""

from pathlib import Path

from ..support.command_line import Parser
from ..support.packages import require_package

IMPORTS_PADDLE = False


def add_options(parser: Parser) -> None:
    parser.option("data", default="served", metavar="FOLDER", help="receives uploads, results and the queue (default: served)")
    parser.option("host", default="127.0.0.1", metavar="NAME", help="address to listen at (default: 127.0.0.1, this machine alone)")
    parser.option("port", type=int, default=8000, metavar="N", help="port to listen at, 0: any (default: 8000)")
    parser.option("hosts", nargs="+", metavar="NAME", help="names by which it may be called (default on this machine: localhost)")
    parser.option("token", type=Path, metavar="FILE", help="its first line is what clients must send (default: nothing)")
    parser.option("proxy", action="store_true", help="a reverse proxy on this machine says whom a request is from")
    parser.option("workers", type=int, default=1, metavar="N", help="clips worked on at a time, each in a process (default: 1)")
    parser.option("queue", type=int, default=32, metavar="N", help="clips that may wait (default: 32)")
    parser.option("streams", type=int, default=4, metavar="N", help="cameras at a time (default: 4)")
    parser.option(
        "rate", type=int, default=60, metavar="N", help="uploads, pictures and cameras a minute and address, 0: any (default: 60)"
    )
    parser.option("max_mb", type=int, default=500, metavar="MB", help="size of a clip (default: 500)")
    parser.option("max_seconds", type=float, default=600.0, metavar="S", help="length of a clip (default: 600)")
    parser.option("max_pixels", type=int, default=9_000_000, metavar="COUNT", help="the most pixels of a frame (default: 9 million, 4K)")
    parser.option("keep_hours", type=float, default=24.0, metavar="H", help="how long results stay (default: 24)")
    parser.option("keep_gb", type=float, default=10.0, metavar="GB", help="how much room they take; the oldest go first (default: 10)")
    parser.option("keep_uploads", action="store_true", help="keep the clips themselves as long as their results")
    parser.option("sample", type=Path, metavar="FILE", help="a clip that the page offers to try")
    parser.option("bundle", default="lite", metavar="FOLDER", help="a bundle's folder, or the name of a shipped one (default: lite)")
    parser.option("device", default="auto", metavar="NAME", help="auto, cpu or gpu (default: auto, the GPU where there is one)")
    parser.option("engine", default="auto", metavar="NAME", help="what runs the networks: auto, paddle or openvino (default: auto)")
    parser.option("precision", default="auto", metavar="NAME", help="auto, float32 or bfloat16 (default: auto, as CPU and bundle allow)")
    parser.option("min_face", type=float, metavar="PX", help="side of the smallest face to look for (default: the bundle's)")


def run(arguments) -> None:
    for package in ("fastapi", "prometheus_client", "uvicorn", "websockets"):
        require_package(package, "cfc-sp serve")
    from ..serving.from_options import settings_of
    from ..serving.run_server import run_server

    run_server(settings_of(arguments), arguments.host, arguments.port, arguments.proxy)
