"""A fork server: it builds a gallery once, and lets children of its own do what is ordered.

``python -m tests.faults.forkserver INSTANCE [VAULT]`` reads pickled orders and
writes pickled outcomes. A child that is to be traced stops before it does
anything, and goes on when strace counts its calls. What it tells goes out by
``sendmsg`` on a socket of its own, so that no injection meets it.
"""

import io
import logging
import os
import pickle
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, NoReturn

from flask import Flask
from flask.cli import ScriptInfo

from gallery import create_app
from gallery.cli import cli
from gallery.extensions import db
from tests.databases import SECRET
from tests.faults.orders import BROKEN_OFF, Command, Order, Outcome, Request, Told
from tests.faults.tracing import TRACED
from tests.services.vaults import Vault, furnish

LONGEST_MESSAGE = 1_000_000
FAILED = 70
log = logging.getLogger(__name__)


class Clock:
    """The real time, or some days later."""

    def __init__(self) -> None:
        self.days_later = 0

    def __call__(self) -> datetime:
        return datetime.now(UTC) + timedelta(days=self.days_later)


def carry_out(order: Order, app: Flask, clock: Clock) -> Outcome:
    """Let a child do what is ordered, and return how that ended."""
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    child = os.fork()
    if not child:
        _be_child(order, app, clock, there)
    there.close()
    with here, _traced(child, order):
        end = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        told = iter(lambda: here.recv(LONGEST_MESSAGE), b"")
        return Outcome(end=end, told=tuple(pickle.loads(each) for each in told))


@contextmanager
def _traced(child: int, order: Order) -> Iterator[None]:
    """Let strace follow the stopped *child*, and the child go on; wait for strace's last line."""
    if order.trace is None:
        yield
        return
    os.waitpid(child, os.WUNTRACED)
    injections = [f"--inject={each}" for each in order.injections]
    command = ["strace", "-f", "-y", "-s", "0", "-e", f"trace={','.join(TRACED)}"]
    with subprocess.Popen(
        [*command, "-e", "signal=none", *injections, "-o", order.trace, "-p", str(child)],
        stderr=subprocess.PIPE,
        text=True,
    ) as strace:
        first = strace.stderr.readline() if strace.stderr else ""
        os.kill(child, signal.SIGCONT)
        if "attached" not in first:
            raise RuntimeError(f"strace did not attach: {first}")
        yield


def _be_child(order: Order, app: Flask, clock: Clock, line: socket.socket) -> NoReturn:
    clock.days_later = order.days_later
    if order.makes_thumbnails_ahead:
        house = app.extensions["gallery"]
        intake = replace(house.intake, makes_thumbnails_ahead=True)
        app.extensions["gallery"] = replace(house, intake=intake)
    if order.trace is not None:
        os.kill(os.getpid(), signal.SIGSTOP)
    try:
        for _ in range(order.times):
            line.sendmsg([pickle.dumps(_do(order.what, app))])
        # A server that is asked to stop, and a command that ends, close what they have open.
        with app.app_context():
            db.engine.dispose()
    except Exception:
        log.exception("a child failed")
        os._exit(FAILED)
    os._exit(0)


def _do(asked: Request | Command, app: Flask) -> Told:
    if isinstance(asked, Command):
        return _command(asked, app)
    # A file in a form can be read once.
    options = deepcopy(asked.options)
    try:
        answer = app.test_client().open(asked.path, method=asked.method, **options)
        return Told(status=answer.status_code, body=answer.data)
    except OSError:
        # The application answers its own; this one is of a file that was being sent.
        return Told(status=BROKEN_OFF, body=b"")


def _command(asked: Command, app: Flask) -> Told:
    script = ScriptInfo(create_app=lambda: app, set_debug_flag=False)
    printed = io.StringIO()
    status = 0
    try:
        # What is told to people is no file on the disk that is full.
        with redirect_stdout(printed), redirect_stderr(io.StringIO()):
            cli.main(list(asked.arguments), prog_name="gallery", obj=script)
    except SystemExit as done:
        status = int(done.code or 0)
    return Told(status=status, body=printed.getvalue().encode())


def build(instance: Path, vault: Path | None) -> tuple[Flask, Clock]:
    """Build the gallery at *instance*, which may have a *vault* as its second provider."""
    clock = Clock()
    app = create_app({"SECRET_KEY": SECRET}, instance_path=str(instance), clock=clock)
    if vault is not None:
        furnish(app, Vault(vault))
    # What the first command looks for on the disk need not be looked for by each child.
    _command(Command(arguments=("--help",)), app)
    return app, clock


def main(orders: BinaryIO, outcomes: BinaryIO, instance: str, vault: str = "") -> None:
    app, clock = build(Path(instance), Path(vault) if vault else None)
    while True:
        try:
            order: Order = pickle.load(orders)
        except EOFError:
            return
        pickle.dump(carry_out(order, app, clock), outcomes)
        outcomes.flush()


if __name__ == "__main__":
    # What the children print by themselves is nobody's answer.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    main(sys.stdin.buffer, answers, *sys.argv[1:])
