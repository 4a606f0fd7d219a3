"""PostgreSQL's own tools: ``pg_dump``, ``pg_restore`` and ``psql``, found on the PATH."""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection, Engine, text

from gallery.errors import BackupUnusable

_TOOLS = ("pg_dump", "pg_restore", "psql")
# Users of one server are not those of another.
_NOBODYS = ("--no-owner", "--no-privileges")
_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")
_FAREWELL = 2_000


def check_tools(connection: Connection) -> None:
    """See to it that the tools are there, and not older than the server.

    Raises:
        BackupUnusable: they aren't.
    """
    server = int(connection.scalar(text("SHOW server_version_num")) or 0) // 10_000
    for tool in _TOOLS:
        found = _VERSION.search(_run([tool, "--version"]))
        if found is None or int(found[1]) < server:
            raise BackupUnusable(
                f"{tool} is of version {found[1] if found else 'unknown'}, older than the server"
                f" ({server}): install PostgreSQL's client programs of version {server}"
            )


def dump(engine: Engine, *, snapshot: str, to: Path) -> None:
    """Write all that the exported *snapshot* sees into a file, compressed."""
    to.touch(mode=0o600)
    _run(
        [
            "pg_dump",
            "--format=custom",
            *_NOBODYS,
            f"--snapshot={snapshot}",
            f"--file={to}",
            f"--dbname={address_of(engine)}",
        ],
        engine,
    )


def list_dump(file: Path) -> None:
    """Read what a dump holds.

    Raises:
        BackupUnusable: it can't be read.
    """
    _run(["pg_restore", "--list", str(file)])


def write_script(file: Path, *, to: Path) -> None:
    """Write the SQL that makes the tables anew and fills them."""
    to.touch(mode=0o600)
    _run(["pg_restore", "--clean", "--if-exists", *_NOBODYS, f"--file={to}", str(file)])


def run_scripts(engine: Engine, scripts: Sequence[Path]) -> None:
    """Run files of SQL one after another in one transaction: all of them, or nothing.

    Raises:
        BackupUnusable: the server refused something; nothing was changed.
    """
    files = [f"--file={script}" for script in scripts]
    _run(
        [
            "psql",
            "--no-psqlrc",
            "--quiet",
            "--single-transaction",
            "--set=ON_ERROR_STOP=1",
            "--output=/dev/null",
            f"--dbname={address_of(engine)}",
            *files,
        ],
        engine,
    )


def address_of(engine: Engine) -> str:
    """Return the address without its password: who lists processes reads what they are told."""
    # SQLAlchemy would hide the password by stars; there must be none to hide.
    plain = engine.url.set(drivername="postgresql", password="")
    return plain.render_as_string(hide_password=False).replace(":@", "@", 1)


def _run(command: list[str], engine: Engine | None = None) -> str:
    program = shutil.which(command[0])
    if program is None:
        raise BackupUnusable(
            f"{command[0]} is not installed: it comes with PostgreSQL's client programs"
        )
    environ = dict(os.environ)
    if engine is not None and engine.url.password:
        environ["PGPASSWORD"] = str(engine.url.password)
    done = subprocess.run(  # noqa: S603 - PostgreSQL's own programs, no shell
        [program, *command[1:]], env=environ, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BackupUnusable(f"{command[0]} failed: {done.stderr.strip()[-_FAREWELL:]}")
    return done.stdout
