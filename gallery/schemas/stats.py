"""Statistics in JSON."""

from typing import Any

from marshmallow import Schema, fields

from gallery.services.stats import Stats


class DaySchema(Schema):
    """How many images one day brought."""

    date = fields.Date()
    images = fields.Integer()


class ShareSchema(Schema):
    """How much of the storage one kind or provider takes."""

    name = fields.String()
    images = fields.Integer()
    bytes = fields.Integer()


class StatsSchema(Schema):
    """Figures over the images that the asker finds."""

    images_per_day = fields.List(fields.Nested(DaySchema))
    total_images = fields.Integer()
    average_size_bytes = fields.Float()
    storage_used_bytes = fields.Integer()
    storage_by_kind = fields.List(fields.Nested(ShareSchema))
    storage_by_provider = fields.List(fields.Nested(ShareSchema))
    kept_images = fields.Integer()
    expiring_within_7_days = fields.Integer()
    cache_hit_rate = fields.Float(metadata={"description": "From 0 to 1."})
    cost_saved = fields.Float()


def stats_json(stats: Stats) -> dict[str, Any]:
    """Return the figures as JSON."""
    return {
        "images_per_day": [{"date": day.isoformat(), "images": count} for day, count in stats.days],
        "total_images": stats.total_images,
        "average_size_bytes": round(stats.average_bytes, 1),
        "storage_used_bytes": stats.total_bytes,
        "storage_by_kind": _shares(stats.by_kind),
        "storage_by_provider": _shares(stats.by_provider),
        "kept_images": stats.kept,
        "expiring_within_7_days": stats.expiring_soon,
        "cache_hit_rate": round(stats.cache_hit_rate, 4),
        "cost_saved": stats.cost_saved,
    }


def _shares(rows: Any) -> list[dict[str, Any]]:
    return [{"name": name, "images": images, "bytes": size} for name, images, size in rows]
