"""``gallery`` for a shell that types it often: Python starts once, and forks for each command.

``python -m tests.backups.zygote SOCKET`` says when it waits for commands; ``CLIENT`` is the
program that a shell finds in place of ``gallery``. A command has the
shell's own environment, folder, input and outputs, and its exit code comes
back. ``gallery serve`` is started as anywhere else, since it is to be stopped.
"""

import json
import os
import socket
import sys
from pathlib import Path

CLIENT = """#!{python} -IS
import json, os, socket, sys
if sys.argv[1:] == ["serve"]:
    os.environ["PYTHONPATH"] = {home!r}
    os.execv({python!r}, [{python!r}, "-c", "from gallery.cli import cli; cli()", "serve"])
told = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
with socket.socket(socket.AF_UNIX) as zygote:
    zygote.connect({address!r})
    socket.send_fds(zygote, [len(told).to_bytes(4)], [0, 1, 2])
    zygote.sendall(told)
    sys.exit(int(zygote.recv(8) or b"70"))
"""


def client(home: Path, address: Path) -> str:
    """Return the text of the program that asks the zygote at *address*."""
    return CLIENT.format(python=sys.executable, home=str(home), address=str(address))


def work(asked: socket.socket) -> int:
    """Run the command that somebody asks for, as theirs."""
    from gallery.cli import cli

    size, descriptors, _, _ = socket.recv_fds(asked, 4, 3)
    with asked.makefile("rb") as told:
        arguments, folder, environ = json.loads(told.read(int.from_bytes(size)))
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environ)
    try:
        cli.main(arguments, prog_name="gallery")
    except SystemExit as done:
        return int(done.code or 0)
    return 0


def main(address: str) -> None:
    import flask_migrate  # noqa: F401 - what commands need, before any of them does

    import gallery.cli  # noqa: F401

    with socket.socket(socket.AF_UNIX) as door:
        door.bind(address)
        door.listen()
        print("ready", flush=True)  # noqa: T201 - who started this waits for it
        while True:
            asked, _ = door.accept()
            if not os.fork():
                code = work(asked)
                sys.stdout.flush()
                asked.sendall(str(code).encode())
                os._exit(0)
            asked.close()


if __name__ == "__main__":
    main(sys.argv[1])
