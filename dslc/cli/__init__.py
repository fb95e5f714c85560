"""The command line. Each command is a module of its own, imported when it is called: `check` pays for no template.

Exit codes: 0 all is well, 1 the spec has errors, 2 the call was wrong, a file could not be written, or dslc has
a bug; 130 after Ctrl-C, 141 when the reader of the output went away. `run` gives back the code of the script.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import click

from dslc import __version__

FINE, FINDINGS, WRONG, INTERRUPTED, BROKEN_PIPE = 0, 1, 2, 130, 141

# Command: (module of dslc.cli, what `dslc --help` says). The function has the name of the command.
COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("init", "Write a spec to start from, for an example or for your own data."),
    "check": ("check", "Find mistakes; show shapes, parameters and memory."),
    "lint": ("lint", "Give advice about models and training, and mend what is sure."),
    "fmt": ("fmt", "Lay specs out in the one canonical way."),
    "preview": ("preview", "Draw pictures as they are augmented for training."),
    "compile": ("compile", "Write the training script for Keras or PyTorch."),
    "run": ("run", "Compile and train."),
    "diff": ("diff", "Say what differs in meaning between two versions of a spec."),
    "compare": ("compare", "Put the results of several runs side by side."),
    "verify": ("verify", "Run both scripts on equal weights and compare them number by number."),
    "weights": ("weights", "Draw first weights; show, compare and convert files of weights."),
    "lsp": ("lsp", "Serve an editor: diagnostics, hints, completion."),
    "graph": ("graph", "Draw the model as Mermaid, DOT or SVG."),
    "words": ("words", "Look up the words of the language."),
    "explain": ("explain", "Say what a code such as E0302 means and how to mend it."),
}


class Lazy(click.Group):
    """Knows its commands by name, imports one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"dslc.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, f"{cmd_name}_command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        from dslc.diagnostics import did_you_mean

        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            message = f"there is no command `{args[0]}`"
            close = did_you_mean(args[0], COMMANDS)
            if close:
                message += f"; did you mean `{close}`?"
            elif args[0].endswith(".dl"):
                message += f"; did you mean `dslc check {args[0]}`?"
            raise click.UsageError(message, ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(
    "dslc",
    cls=Lazy,
    epilog="Start with `dslc init`, then `dslc check` and `dslc run` what it wrote.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, message="%(prog)s %(version)s")
def dslc() -> None:
    """One spec, readable training scripts for Keras 3 and PyTorch."""


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and leave with its exit code."""
    sys.exit(call(argv))


def call(argv: Sequence[str] | None = None) -> int:
    """Run the command line; no exception comes out but for a bug with DSLC_DEBUG set."""
    from dslc.cli.console import lenient

    lenient(sys.stdout, sys.stderr)
    try:
        code: Any = dslc.main(args=argv, prog_name="dslc", standalone_mode=False)
        if not sys.stdout.closed:  # a server closes the streams that it talked through
            sys.stdout.flush()
        return int(code or FINE)
    except click.ClickException as problem:
        problem.show()
        return getattr(problem, "code", WRONG)  # a wrong call, unless it says otherwise
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except (BrokenPipeError, SystemExit):  # click itself leaves when a pipe is broken
        _drop_output()
        return BROKEN_PIPE
    except OSError as problem:
        _drop_output()
        return _complain(f"error: {problem.strerror or problem}")
    except Exception as problem:
        if os.environ.get("DSLC_DEBUG"):
            raise
        return _bug(problem)


def _drop_output() -> None:
    """Let nothing more be written where nothing can be: the interpreter flushes stdout when it ends."""
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
    except (OSError, ValueError):
        pass


def _complain(*lines: str) -> int:
    try:
        sys.stderr.write("".join(f"{line}\n" for line in lines))
        sys.stderr.flush()
    except OSError:
        pass
    return WRONG


def _bug(problem: Exception) -> int:
    python = ".".join(map(str, sys.version_info[:3]))
    said = (str(problem).splitlines() or [""])[0]
    return _complain(
        f"dslc: internal error: {type(problem).__name__}: {said}".rstrip(": "),
        f"This is a bug in dslc {__version__} (Python {python}, {sys.platform}), not in your spec.",
        "Please report it together with the spec, and with what DSLC_DEBUG=1 shows when you run this again.",
    )
