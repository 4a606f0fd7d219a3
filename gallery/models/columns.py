"""Column types that mean the same on every database."""

from sqlalchemy import JSON
from sqlalchemy.dialects.postgresql import JSONB

PortableJSON = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
