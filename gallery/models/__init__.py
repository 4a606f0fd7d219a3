"""The tables. Every one of them is imported here, so that migrations see them all."""

from gallery.models.accounts import APIKey, LoginSession, User
from gallery.models.galleries import Gallery, Round
from gallery.models.images import EmbeddedText, Image, KeyVersion, SearchDocument
from gallery.models.jobs import JobRun, Sweep
from gallery.models.links import Link
from gallery.models.products import Product, ProductMove
from gallery.models.prompts import GenerationRequest, PromptDay, PromptEntry
from gallery.models.requests import AnsweredRequest
from gallery.models.storages import StorageMark

__all__ = [
    "APIKey",
    "AnsweredRequest",
    "EmbeddedText",
    "Gallery",
    "GenerationRequest",
    "Image",
    "JobRun",
    "KeyVersion",
    "Link",
    "LoginSession",
    "Product",
    "ProductMove",
    "PromptDay",
    "PromptEntry",
    "Round",
    "SearchDocument",
    "StorageMark",
    "Sweep",
    "User",
]
