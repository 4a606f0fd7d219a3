"""What sweeps and storage checks are asked and answer, in JSON."""

from datetime import UTC
from typing import Any

from marshmallow import Schema, fields, validate

from gallery.schemas.fields import check_instant
from gallery.services.integrity import Checked, Findings
from gallery.services.retention import SWEPT_KINDS, SweepResult

# A list of what a large gallery has lost is for reading, not for working through.
MOST_LISTED = 1_000


class SweepRequestSchema(Schema):
    """What a sweep is to delete besides images whose time is over."""

    dry_run = fields.Boolean(
        load_default=True,
        metadata={"description": "true: only tell what would be deleted; false: delete it."},
    )
    kind = fields.String(
        validate=validate.OneOf(SWEPT_KINDS),
        metadata={"description": "Only images of this kind; all kinds where left out."},
    )
    older_than = fields.AwareDateTime(
        default_timezone=UTC,
        validate=check_instant,
        metadata={
            "description": "Also images saved before this instant, such as 2026-11-20T00:00:00Z."
        },
    )
    keep_count = fields.Integer(
        strict=True,
        validate=validate.Range(min=0, max=2**31),
        metadata={"description": "Also all but the newest so many."},
    )


class SweepSchema(Schema):
    """What a sweep deleted, or would delete."""

    dry_run = fields.Boolean(metadata={"description": "Whether nothing was deleted."})
    count = fields.Integer(metadata={"description": "How many images."})
    bytes = fields.Integer(metadata={"description": "How much they took of the storage."})
    deleted = fields.List(
        fields.UUID(), metadata={"description": f"Their ids, {MOST_LISTED:,} at most."}
    )
    errors = fields.List(
        fields.String(), metadata={"description": "Objects that could not be deleted."}
    )


class CheckRequestSchema(Schema):
    """How thoroughly the storage is checked."""

    quick = fields.Boolean(
        load_default=False,
        metadata={
            "description": "true: compare sizes and read no bytes, minutes for a million images;"
            " false: read every byte again."
        },
    )


class CheckSchema(Schema):
    """Where rows and stored objects don't agree; each list has its first thousand keys."""

    sound = fields.Boolean(metadata={"description": "Whether nothing is wrong."})
    images = fields.Integer(metadata={"description": "How many images were looked at."})
    objects = fields.Integer(metadata={"description": "How many stored objects were listed."})
    missing_count = fields.Integer()
    orphaned_count = fields.Integer()
    damaged_count = fields.Integer()
    wrong_size_count = fields.Integer()
    missing = fields.List(
        fields.String(), metadata={"description": "Images whose object isn't there, by key."}
    )
    orphaned = fields.List(fields.String(), metadata={"description": "Objects that no image uses."})
    damaged = fields.List(fields.String(), metadata={"description": "Whose bytes have changed."})
    wrong_size = fields.List(fields.String(), metadata={"description": "Cut short, or grown."})
    unknown_providers = fields.List(
        fields.String(),
        metadata={"description": "Hold images too, and are not configured: not checked."},
    )


def sweep_json(result: SweepResult, *, dry_run: bool) -> dict[str, Any]:
    """Return what a sweep deleted, or would delete, as JSON of a bounded size."""
    return {
        "dry_run": dry_run,
        "count": len(result.deleted),
        "bytes": result.bytes,
        "deleted": [str(image_id) for image_id in result.deleted[:MOST_LISTED]],
        "errors": result.errors[:MOST_LISTED],
    }


def check_json(checked: Checked) -> dict[str, Any]:
    """Return what a storage check found as JSON of a bounded size."""
    return {
        "sound": checked.is_sound,
        "images": checked.images,
        "objects": checked.objects,
        **_counted(checked.findings),
        "unknown_providers": sorted(checked.unknown_providers),
    }


def _counted(findings: Findings) -> dict[str, Any]:
    found = findings.as_json()
    counts = {f"{name}_count": len(keys) for name, keys in found.items()}
    return counts | {name: keys[:MOST_LISTED] for name, keys in found.items()}
