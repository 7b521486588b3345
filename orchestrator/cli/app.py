"""The frame of every command: routes, and turns whatever is raised into one line and an exit code.

A command is the function ``command`` of ``orchestrator/cli/<name>.py``, or of the same in a room of
``orchestrator/cli``; it prints, and returns an exit code (None is 0). Its module is imported only when it
is asked for, so that ``--help`` stays fast.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from importlib import import_module
from keyword import iskeyword
from typing import TYPE_CHECKING, Annotated

import typer
from typer.main import get_command

from orchestrator.cli.show.output import say
from orchestrator.errors import ExitCode, StallwatchError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

COMMANDS = {
    "demo": "See it work: three demo nodes on loopback, one with a planted stall.",
    "init": "Write a commented stallwatch.yaml.",
    "check": "Test everything that a campaign needs.",
    "run-smoke": "Run the smoke profile against the nodes now.",
    "run-load": "Run the load profile: ramp up, hold, ramp down.",
    "run": "Run a profile: smoke, load, soak, download, or one of the config.",
    "import": "Keep files that k6 wrote elsewhere as runs.",
    "analyze": "Find stalls in a run, or in files of one.",
    "compare": "Tell whether what failed before is fixed after.",
    "history": "Show each node's figures over campaigns, and what changed.",
    "report": "Render the report of a run or a campaign.",
    "sync": "Send to InfluxDB what it does not have yet.",
    "prune": "Take away what is older than the config keeps it.",
    "notify": "Try the channels that are told what happens.",
    "list": "Show what ran and what is going to: runs, campaigns, schedules.",
    "serve": "Run the schedules of the config, until it is stopped.",
}
HIDDEN = {"job": "Do what `serve` asks for on standard input.", "page": "Answer for `serve`."}
ROOMS = {
    "running": ("run", "run-load", "run-smoke", "demo"),
    "past": ("compare", "history"),
    "daemon": ("serve", "job", "page"),
    "upkeep": ("prune", "notify"),
}
# Usage errors of click, under whichever name typer carries it: click itself, or typer's own copy.
_UsageError: type[Exception] = typer.BadParameter.__bases__[0]


def main() -> None:
    """Run ``stallwatch`` with the arguments of the process."""
    _exit(run(sys.argv[1:]))


def run_smoke_main() -> None:
    """Run ``run-smoke``, the same as ``stallwatch run-smoke``."""
    _exit(run(["run-smoke", *sys.argv[1:]]))


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; nothing is raised, nothing shows a traceback."""
    try:
        code = _invoke(list(arguments))
        sys.stdout.flush()
    except KeyboardInterrupt:
        say("interrupted")
        code = ExitCode.INTERRUPTED
    except StallwatchError as error:
        code = _explain(error)
    except Exception as error:  # noqa: BLE001 # the one place that turns bugs into one line
        code = _lost_reader(error) or _bug(error)
    return int(code)


def _exit(code: int) -> None:
    with contextlib.suppress(OSError):  # /dev/full or a closed pipe: said already, or nobody reads it
        sys.stdout.flush()
    sys.exit(code)


def _invoke(arguments: list[str]) -> int:
    command = get_command(_build(arguments))
    if not arguments:  # help goes where errors go: an empty command line is one
        with contextlib.redirect_stdout(sys.stderr):
            print(command.get_help(command.make_context("stallwatch", ["--help"], resilient_parsing=True)))
        return ExitCode.USAGE
    try:
        with command.make_context("stallwatch", arguments) as context:
            return command.invoke(context) or ExitCode.PASS
    except typer.Exit as finished:
        return finished.exit_code
    except typer.Abort:
        raise KeyboardInterrupt from None
    except _UsageError as error:
        raise _usage(error, arguments) from error


def _build(arguments: Sequence[str]) -> typer.Typer:
    """Return the app with the one command that is asked for, and the others by name and help only."""
    app = typer.Typer(
        help="Run k6 against network paths and find periodic latency stalls.",
        epilog="Exit codes: 0 pass, 1 fail, 2 usage, 3 inconclusive, 4 infrastructure, 130 interrupted.",
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    app.callback()(_options)
    asked = next((word for word in arguments if not word.startswith("-")), None)
    for name, summary in (COMMANDS | HIDDEN).items():
        function = _load(name) if name == asked else _not_asked
        text = None if name == asked and function.__doc__ else summary
        app.command(name, short_help=summary, help=text, hidden=name in HIDDEN)(function)
    return app


def _load(name: str) -> Callable[..., int | None]:
    module = name.replace("-", "_") + ("_" if iskeyword(name) else "")
    room = next((f".{room}" for room, names in ROOMS.items() if name in names), "")
    function: Callable[..., int | None] = import_module(f"orchestrator.cli{room}.{module}").command
    return function


def _not_asked() -> None:
    """Stand in for a command that is only listed."""


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            print(f"stallwatch {version('stallwatch')}")
        except PackageNotFoundError:
            print("stallwatch, not installed (run from its source)")
        raise typer.Exit


def _options(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Take the options that stand before a command."""


def _usage(error: Exception, arguments: Sequence[str]) -> StallwatchError:
    from difflib import get_close_matches

    from orchestrator.errors import UsageError

    asked = next((word for word in arguments if not word.startswith("-")), None)
    if asked is not None and asked not in COMMANDS | HIDDEN:
        match = get_close_matches(asked, COMMANDS, n=1)
        hint = f"did you mean {match[0]!r}?" if match else f"the commands are {', '.join(COMMANDS)}"
        return UsageError(f"no command {asked!r}", hint=hint)
    text: str = error.format_message() if hasattr(error, "format_message") else str(error)
    text = " ".join(text.split()).rstrip(".").replace("Value error, ", "")  # that is pydantic's, not ours
    return UsageError(text, hint=f"see `stallwatch {asked or ''}".rstrip() + " --help`")


def _explain(error: StallwatchError) -> int:
    """Print an error, one line a problem, the hint on the last."""
    *lines, last = error.message.split("\n")
    for line in lines:
        say(f"error: {line}")
    say(f"error: {last}" + (f"; {error.hint}" if error.hint else ""))
    return error.exit_code


def _lost_reader(error: Exception) -> int:
    """Return an exit code when it was standard output that could not be written, else 0."""
    if not isinstance(error, OSError) or error.errno not in {errno.EPIPE, errno.ENOSPC, errno.EIO}:
        return 0
    try:
        print(flush=True)  # the error does not say whose it is: standard output's own comes again
    except OSError as again:
        if not isinstance(
            again, BrokenPipeError
        ):  # the reader of a pipe left on purpose, a full disk did not
            say(f"error: standard output cannot be written: {again.strerror}")
        # Python flushes once more at exit and would complain there.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.INFRASTRUCTURE
    return 0


def _bug(error: Exception) -> int:
    from orchestrator.cli.show.crash import write_crash

    text = " ".join(str(error).split())[:300]
    where = write_crash(error, os.environ)
    say(f"error: {type(error).__name__}: {text}; this is a bug in stallwatch; {where}")
    return ExitCode.INFRASTRUCTURE


if __name__ == "__main__":
    main()
