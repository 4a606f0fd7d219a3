"""Statistics in JSON."""

from typing import Any

from marshmallow import Schema, fields

from gallery.services.stats import Day, Stats


class DaySchema(Schema):
    """What one day (UTC) brought."""

    date = fields.Date()
    images = fields.Integer()
    cached = fields.Integer(metadata={"description": "Of them, out of the prompt cache."})
    average_size_bytes = fields.Float()
    cache_hits = fields.Integer()
    cache_hit_rate = fields.Float(metadata={"description": "From 0 to 1."})
    cost_saved = fields.Float()


class ReusedPromptSchema(Schema):
    """A prompt that was asked for more than once."""

    prompt = fields.String()
    hits = fields.Integer(metadata={"description": "How often its picture was used again."})
    cost_saved = fields.Float()
    last_hit_on = fields.Date(metadata={"description": "The day (UTC)."})
    image_id = fields.UUID(allow_none=True, metadata={"description": "null: it has gone."})


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
    cache_hits = fields.Integer()
    cache_hit_rate = fields.Float(
        metadata={
            "description": "Hits among all pictures that were asked for or saved, from 0 to 1."
        }
    )
    cost_saved = fields.Float(metadata={"description": "In the currency of `COST_PER_IMAGE`."})
    most_reused_prompts = fields.List(fields.Nested(ReusedPromptSchema))


def stats_json(stats: Stats) -> dict[str, Any]:
    """Return the figures as JSON."""
    return {
        "images_per_day": [_day(day) for day in stats.days],
        "total_images": stats.total_images,
        "average_size_bytes": round(stats.average_bytes, 1),
        "storage_used_bytes": stats.total_bytes,
        "storage_by_kind": _shares(stats.by_kind),
        "storage_by_provider": _shares(stats.by_provider),
        "kept_images": stats.kept,
        "expiring_within_7_days": stats.expiring_soon,
        "cache_hits": stats.cache_hits,
        "cache_hit_rate": round(stats.cache_hit_rate, 4),
        "cost_saved": stats.cost_saved,
        "most_reused_prompts": [
            {
                "prompt": each.prompt,
                "hits": each.hits,
                "cost_saved": each.saved,
                "last_hit_on": each.last_hit_on.isoformat(),
                "image_id": str(each.image_id) if each.image_id else None,
            }
            for each in stats.most_reused
        ],
    }


def _day(day: Day) -> dict[str, Any]:
    return {
        "date": day.day.isoformat(),
        "images": day.images,
        "cached": day.cached,
        "average_size_bytes": round(day.average_bytes, 1),
        "cache_hits": day.hits,
        "cache_hit_rate": round(day.hit_rate, 4),
        "cost_saved": day.saved,
    }


def _shares(rows: Any) -> list[dict[str, Any]]:
    return [{"name": name, "images": images, "bytes": size} for name, images, size in rows]
