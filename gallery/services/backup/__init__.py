"""Backups: rows and objects of one moment, in a folder that they share; made, proved, restored."""

from gallery.services.backup.belongings import settle_restored
from gallery.services.backup.creating import Created, create_backup
from gallery.services.backup.manifest import Manifest, as_told
from gallery.services.backup.pruning import Policy, Pruned, choose_kept, prune_backups
from gallery.services.backup.repository import Repository
from gallery.services.backup.restoring import Restored, is_used, restore_backup
from gallery.services.backup.verifying import Verified, verify_backups

__all__ = [
    "Created",
    "Manifest",
    "Policy",
    "Pruned",
    "Repository",
    "Restored",
    "Verified",
    "as_told",
    "choose_kept",
    "create_backup",
    "is_used",
    "prune_backups",
    "restore_backup",
    "settle_restored",
    "verify_backups",
]
