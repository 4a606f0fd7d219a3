"""Tools of the operator: the sweep and the storage check. They ask for an admin's key."""

from datetime import datetime

from gallery.mcp_tools.tool import ENDS, LOOKS, Answer, Call, tool
from gallery.schemas.upkeep import (
    CheckRequestSchema,
    CheckSchema,
    SweepRequestSchema,
    SweepSchema,
    check_json,
    sweep_json,
)
from gallery.services import integrity, retention
from gallery.services.access import require_admin


@tool("Sweep", takes=SweepRequestSchema, answers=SweepSchema, effect=ENDS)
def sweep(
    call: Call,
    *,
    dry_run: bool,
    kind: str | None = None,
    older_than: datetime | None = None,
    keep_count: int | None = None,
) -> Answer:
    """Tell which images' keeping time is over, of everybody's, and with `dry_run` false delete
    them for good. Ask for the dry run first. Kept images, sessions of the last 7 days and
    products never go. Above MAX_STORAGE_BYTES the oldest go as well. For admins.
    """
    require_admin(call.viewer)
    house = call.house
    rule = retention.SweepRule(
        kind=kind,
        older_than=older_than,
        keep_count=keep_count,
        most_bytes=house.settings.MAX_STORAGE_BYTES,
    )
    if dry_run:
        result = retention.doomed_images(now=house.now(), rule=rule)
    else:
        result = retention.expire_images(
            storages=house.storages,
            now=house.now(),
            rule=rule,
            most_share=house.settings.SWEEP_MOST_SHARE,
            tell=call.tell,
        )
    return sweep_json(result, dry_run=dry_run)


@tool("Check the storage", takes=CheckRequestSchema, answers=CheckSchema, effect=LOOKS)
def storage_check(call: Call, *, quick: bool) -> Answer:
    """Compare the database with the stored objects, and change nothing: which images lack their
    object or have a damaged one, and which objects belong to no image. For admins.
    """
    require_admin(call.viewer)
    house = call.house
    checked = integrity.check_objects(
        storages=house.storages,
        now=house.now(),
        is_quick=quick,
        pace=integrity.Pace(house.settings.CHECK_BYTES_PER_SECOND),
        tell=call.tell,
    )
    return check_json(checked)
