# SPDX-License-Identifier: Apache-2.0
"""Runs a web server: a page to try CFC-SP in a browser, and HTTP addresses for programs, for clips, pictures and cameras.

cfc-sp serve -data served
cfc-sp serve -data served -host 0.0.0.0 -hosts faces.example.org -token token.txt -proxy

The server can be reached only from this machine, unless -host says otherwise. The documentation's page on the server says what it
answers beyond its limits, and what a reverse proxy in front of it must do.
"""

import sys
from pathlib import Path

from ..prediction.clip_arguments import add_model_options
from ..support.command_line import Parser
from ..support.errors import UserError
from ..support.packages import require_package

IMPORTS_PADDLE = False


def add_options(parser: Parser) -> None:
    parser.option("data", default="served", metavar="FOLDER", help="receives uploads, results and the queue (default: served)")
    parser.option("host", default="127.0.0.1", metavar="NAME", help="address to listen at (default: 127.0.0.1, this machine alone)")
    parser.option("port", type=int, default=8000, metavar="N", help="port to listen at; 0: any free one (default: 8000)")
    parser.option("hosts", nargs="+", metavar="NAME", help="host names that clients may use (default on this machine: localhost)")
    parser.option("token", type=Path, metavar="FILE", help="a file whose first line is the token that clients must send (default: none)")
    parser.option("proxy", action="store_true", help="trust a reverse proxy on this machine to say where requests come from")
    parser.option("workers", type=int, default=1, metavar="N", help="clips to analyse at a time, each in its own process (default: 1)")
    parser.option("queue", type=int, default=32, metavar="N", help="clips that may wait (default: 32)")
    parser.option("streams", type=int, default=4, metavar="N", help="cameras at a time (default: 4)")
    parser.option(
        "rate", type=int, default=60, metavar="N", help="uploads, pictures and cameras per minute and address; 0: no limit (default: 60)"
    )
    parser.option("max_mb", type=int, default=500, metavar="MB", help="largest size of a clip (default: 500)")
    parser.option("max_seconds", type=float, default=600.0, metavar="S", help="longest clip (default: 600)")
    parser.option(
        "max_pixels", type=int, default=9_000_000, metavar="COUNT", help="the most pixels a frame may have (default: 9 million, 4K)"
    )
    parser.option("keep_hours", type=float, default=24.0, metavar="H", help="how long results are kept (default: 24)")
    parser.option(
        "keep_gb",
        type=float,
        default=10.0,
        metavar="GB",
        help="how much space results may take; the oldest are removed first (default: 10)",
    )
    parser.option("keep_uploads", action="store_true", help="keep the uploaded clips as long as their results")
    parser.option("sample", type=Path, metavar="FILE", help="a clip that the page offers to try (default: a portrait that ships)")
    add_model_options(parser)


def run(arguments) -> None:
    if sys.platform == "win32":
        # A process there is not given the sockets of another.
        raise UserError("expected Linux or macOS for cfc-sp serve, found Windows: run it in the Windows Subsystem for Linux")
    for package in ("fastapi", "prometheus_client", "uvicorn", "websockets"):
        require_package(package, "cfc-sp serve")
    from ..serving.from_options import settings_of
    from ..serving.run_server import run_server

    run_server(settings_of(arguments), arguments.host, arguments.port, arguments.proxy)
