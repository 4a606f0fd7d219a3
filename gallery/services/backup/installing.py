"""Put the rows of a backup in the place of a gallery's, in one transaction of its database.

With SQLite the pages are written into the file that is there, by its own
backup interface, and not a file renamed over it: a server that has it open
would go on writing to one that nobody finds any more.
"""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Engine, inspect, text

from gallery.errors import BackupBusy, BackupDamaged
from gallery.services.backup import postgresql
from gallery.services.backup.verifying import check_sqlite

_ADVICE = "stop the servers first"
_STAGED = ".restoring.db"
_SCRIPT = ".restoring-{}.sql"
_KEPT_VERSIONS = """
INSERT INTO {into}key_versions (base_key, version) SELECT base_key, version FROM {kept} WHERE true
ON CONFLICT (base_key) DO UPDATE SET version = excluded.version
WHERE excluded.version > key_versions.version;
"""
_OTHERS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND backend_type = 'client backend' AND pid != pg_backend_pid()"
)


def refuse_company(engine: Engine) -> None:
    """See to it that nobody else has the database open.

    Raises:
        BackupBusy: somebody has.
    """
    if engine.dialect.name == "sqlite":
        with _opened_alone(_file_of(engine)):
            return
    with engine.connect() as connection:
        others = connection.scalar(text(_OTHERS))
        connection.detach()
    if others:
        raise BackupBusy(f"{others} other connections use the gallery's database: {_ADVICE}")


def install_rows(rows: Path, changes: Path, *, engine: Engine, workspace: Path) -> None:
    """Replace all tables by those in *rows*, as the SQL of *changes* amends them; or none.

    Versions of keys that were used since the backup stay used, since caches
    out there may hold what had them.

    Raises:
        BackupBusy: somebody uses the database.
        BackupDamaged, BackupUnusable: the rows can't be taken.
    """
    install = _install_sqlite if engine.dialect.name == "sqlite" else _install_postgresql
    install(rows, changes, engine, workspace)


def _install_sqlite(rows: Path, changes: Path, engine: Engine, workspace: Path) -> None:
    staged, target = workspace / _STAGED, _file_of(engine)
    _remove(staged)
    try:
        shutil.copyfile(rows, staged)
        _amend(staged, changes, target)
        check_sqlite(staged)
        with _opened_alone(target) as live, closing(sqlite3.connect(staged)) as source:
            live.execute("PRAGMA synchronous=FULL")
            source.backup(live)
    finally:
        _remove(staged)


def _amend(staged: Path, changes: Path, target: Path) -> None:
    with closing(sqlite3.connect(staged, isolation_level=None)) as connection:
        # The copy is nobody's yet: what is lost of it with the power is made again.
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("PRAGMA foreign_keys=ON")
        script = changes.read_text(encoding="utf-8")
        if target.exists():
            connection.execute("ATTACH ? AS live", [str(target)])
            query = "SELECT 1 FROM live.sqlite_master WHERE name = 'key_versions'"
            if connection.execute(query).fetchone():
                script += _KEPT_VERSIONS.format(into="main.", kept="live.key_versions")
        try:
            connection.executescript(f"BEGIN;\n{script}\nCOMMIT;")
        except sqlite3.Error as error:
            raise BackupDamaged(f"Its rows don't take what has to change ({error})") from error


@contextmanager
def _opened_alone(file: Path) -> Iterator[sqlite3.Connection]:
    """Open a database that nobody else has open, and let nobody else open it meanwhile."""
    with closing(sqlite3.connect(file, isolation_level=None, timeout=1)) as connection:
        connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("COMMIT")
        except sqlite3.OperationalError as error:
            raise BackupBusy(f"Somebody uses the gallery's database ({error}): {_ADVICE}") from None
        yield connection


def _install_postgresql(rows: Path, changes: Path, engine: Engine, workspace: Path) -> None:
    names = ("tables", "rows", "versions")
    scripts = {name: workspace / _SCRIPT.format(name) for name in names}
    try:
        with engine.connect() as connection:
            tables = inspect(connection).get_table_names()
        engine.dispose()
        scripts["tables"].write_text(_drop(tables), encoding="utf-8")
        postgresql.write_script(rows, to=scripts["rows"])
        keeps = "key_versions" in tables
        kept = _KEPT_VERSIONS.format(into="", kept="kept_versions") if keeps else ""
        # The tools leave no schema to look in but their own.
        scripts["versions"].write_text(f"SET search_path = public;\n{kept}", encoding="utf-8")
        order = [scripts["tables"], scripts["rows"], scripts["versions"], changes]
        postgresql.run_scripts(engine, order)
    finally:
        for script in scripts.values():
            script.unlink(missing_ok=True)


def _drop(tables: list[str]) -> str:
    """Return what removes all tables, also those of later migrations than the backup's."""
    kept = "CREATE TEMP TABLE kept_versions AS SELECT base_key, version FROM key_versions;\n"
    # Whoever came meanwhile is not waited for; what follows sets this back.
    dropped = "SET lock_timeout = '10s';\n"
    dropped += "".join(f'DROP TABLE "{name}" CASCADE;\n' for name in tables)
    return (kept if "key_versions" in tables else "") + dropped


def _file_of(engine: Engine) -> Path:
    return Path(engine.url.database or "")


def _remove(file: Path) -> None:
    for name in (file.name, f"{file.name}-journal", f"{file.name}-wal", f"{file.name}-shm"):
        file.with_name(name).unlink(missing_ok=True)
