"""What has to change in the rows of a backup before they are the gallery's.

It is written down as SQL of the database that the rows go to, so that it
happens in the very transaction that replaces them. It names only columns
that were there from the first migration on.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Delete, Dialect, Update, case, delete, exists, select, update

from gallery.extensions import insert_into
from gallery.models import Image, KeyVersion, Product
from gallery.services.backup.manifest import LeftOut
from gallery.services.backup.placing import Placed

_FILE = ".restoring-changes.sql"
_products: Any = Product.__table__
_images: Any = Image.__table__


def changing(
    dialect: Dialect,
    moved: Mapping[str, str],
    placed: Iterable[Placed],
    left_out: Iterable[LeftOut],
) -> Iterator[Any]:
    """Yield the statements for providers that others stand in for, new keys, and images that went.

    An image that was deleted while its backup was made goes, since it has no object there.
    """
    for provider, stand_in in moved.items():
        old = _images.c.storage_provider == provider
        yield update(_images).where(old).values(storage_provider=stand_in)
    for each in placed:
        yield update(_images).where(_images.c.id == each.id).values(storage_key=each.key)
        yield _use_version(dialect, each)
    for each_left in left_out:
        if each_left.why == "gone":
            if each_left.kind == "product":
                yield from _give_up_primary(each_left)
            yield delete(_images).where(_images.c.id == each_left.id)


@contextmanager
def written_down(statements: Iterable[Any], workspace: Path, dialect: Dialect) -> Iterator[Path]:
    """Write statements into a file of *workspace*, which goes afterwards."""
    file = workspace / _FILE
    try:
        with file.open("w", encoding="utf-8") as script:
            for statement in statements:
                options = {"literal_binds": True}
                literal = statement.compile(dialect=dialect, compile_kwargs=options)
                script.write(f"{literal};\n")
        yield file
    finally:
        file.unlink(missing_ok=True)


def _use_version(dialect: Dialect, placed: Placed) -> Any:
    """Note that a key was used, so that it never comes back."""
    row = insert_into(KeyVersion, dialect.name)
    row = row.values(base_key=placed.base_key, version=placed.version)
    newer = case(
        (KeyVersion.version > row.excluded.version, KeyVersion.version),
        else_=row.excluded.version,
    )
    return row.on_conflict_do_update(index_elements=["base_key"], set_={"version": newer})


def _give_up_primary(left_out: LeftOut) -> Iterator[Update | Delete]:
    """Let a product do without an image that was deleted; without any, it was deleted as well."""
    others = (_images.c.product_id == _products.c.id) & (_images.c.id != left_out.id)
    is_primary = _products.c.primary_image_id == left_out.id
    another = select(_images.c.id).where(others).order_by(_images.c.position).limit(1)
    yield (
        update(_products)
        .where(is_primary, exists().where(others))
        .values(primary_image_id=another.scalar_subquery())
    )
    yield delete(_products).where(is_primary)
