"""Move stored objects from one provider to another while the gallery goes on working."""

from gallery.services.migration.moving import Migrated, migrate_objects, plan_migration

__all__ = ["Migrated", "migrate_objects", "plan_migration"]
