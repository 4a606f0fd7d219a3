"""A real nginx in front of app servers, with ``deploy/nginx.conf`` itself for its configuration."""

import getpass
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from cluster.processes import answers, free_port, running

CONFIGURATION = Path(__file__).parents[1] / "deploy" / "nginx.conf"
# Packages put it where only administrators look.
_SYSTEM_PATHS = "/usr/sbin:/usr/local/sbin"
# Where packages would have it write is the administrator's.
_WRITES = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def find_nginx() -> str | None:
    """Return the path of nginx, where it is installed."""
    return shutil.which("nginx", path=os.pathsep.join((os.environ.get("PATH", ""), _SYSTEM_PATHS)))


@contextmanager
def running_nginx(
    folder: Path,
    *,
    upstreams: Sequence[str],
    storage: Path | None,
    static: Path,
    secret: str,
    port: int | None = None,
    also: str = "",
) -> Iterator[str]:
    """Run nginx until the block ends, and return its address.

    *upstreams* are app servers such as ``127.0.0.1:8000``. It sends what lies
    below *storage*, which is None where nothing is stored locally. All it
    writes goes to *folder*. *also* is put before the locations that there are.

    Raises:
        FileNotFoundError: nginx is not installed.
        ServerFailed: it did not start.
    """
    program = find_nginx()
    if program is None:
        raise FileNotFoundError("nginx is not installed")
    port = port or free_port()
    folder.mkdir(parents=True, exist_ok=True)
    servers = "\n        ".join(f"server {upstream};" for upstream in upstreams)
    text = rendered(
        {
            "user gallery;": f"user {getpass.getuser()};",
            "error_log /var/log/nginx/error.log crit;": "error_log stderr crit;",
            "server 127.0.0.1:8000;": servers,
            "listen 80 reuseport;": f"listen 127.0.0.1:{port} reuseport;",
            "set $storage /srv/gallery/storage;": f'set $storage "{storage or folder / "empty"}";',
            "set $static /srv/gallery/static;": f'set $static "{static}";',
            'set $secret "change me on both sides";': f'set $secret "{secret}";',
            "        location / {\n": f"{also}        location / {{\n",
            "http {\n": "http {\n" + "".join(_writes_to(folder, each) for each in _WRITES),
        }
    )
    configuration = folder / "nginx.conf"
    configuration.write_text(text)
    command = [
        program, "-p", str(folder), "-c", str(configuration), "-e", "stderr",
        "-g", f"daemon off; pid {folder}/nginx.pid;",
    ]  # fmt: skip
    with running(command, log=folder / "nginx.log", is_ready=lambda: answers(port)):
        yield f"http://127.0.0.1:{port}"


def rendered(values: Mapping[str, str]) -> str:
    """Return the configuration with other values in the place of those that it comes with.

    Raises:
        ValueError: it has no such value, or has it more than once.
    """
    text = CONFIGURATION.read_text()
    for default, value in values.items():
        if text.count(default) != 1:
            raise ValueError(f"{CONFIGURATION.name} has {default!r} {text.count(default)} times")
        text = text.replace(default, value)
    return text


def _writes_to(folder: Path, name: str) -> str:
    return f"    {name}_temp_path {folder}/{name};\n"
