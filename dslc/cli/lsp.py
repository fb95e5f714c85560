"""`dslc lsp`: the language server."""

from __future__ import annotations

import logging
import sys

import click

from dslc.cli.console import fail


@click.command("lsp")
@click.option("--stdio", is_flag=True, help="Talk through stdin and stdout; this is the default.")
@click.option("--tcp", metavar="HOST:PORT", help="Wait for one client at an address.")
@click.option("--log", metavar="FILE", type=click.Path(), help="Where to write what goes wrong.")
def lsp_command(stdio: bool, tcp: str | None, log: str | None) -> int:
    """Serve an editor: diagnostics, hints, completion and more for specs that are open in it.

    Needs the extra `lsp`: pip install "dslc[lsp]". docs/editors.md says how editors start it.
    """
    if stdio and tcp is not None:
        fail("`--stdio` and `--tcp` exclude each other")
    host, port = _address(tcp) if tcp is not None else (None, 0)
    try:
        from dslc.lsp.server import serve
    except ModuleNotFoundError as problem:
        if (problem.name or "").partition(".")[0] not in ("pygls", "lsprotocol", "cattrs", "attrs"):
            raise
        fail(f"`dslc lsp` needs `{problem.name}`", f'{sys.executable} -m pip install "dslc[lsp]"')
    style = "%(asctime)s %(levelname)s %(name)s: %(message)s"
    try:
        logging.basicConfig(level=logging.WARNING, format=style, filename=log)
    except OSError as problem:
        fail(f"`{log}` cannot be written: {problem.strerror or problem}")
    try:
        return serve(host, port)
    except OSError as problem:
        fail(f"cannot listen at `{tcp}`: {problem.strerror or problem}")


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535:
        fail(f"`{text}` is no address", "write --tcp 127.0.0.1:2087")
    return host.strip("[]") or "127.0.0.1", int(port)
