"""One prompt, one picture: who asks again gets what is there, or waits for who makes it."""

from gallery.services.prompt_cache.entries import (
    Hit,
    Lease,
    Pending,
    PromptRules,
    count_hit,
    find_hit,
    forget_prompts,
    give_way,
    is_leased,
    look_up,
    measure_hit,
    redeem_lease,
    register,
    release_lease,
    require_lease,
    take_lease,
)
from gallery.services.prompt_cache.wishes import Wish, canonical_prompt, hash_prompt

__all__ = [
    "Hit",
    "Lease",
    "Pending",
    "PromptRules",
    "Wish",
    "canonical_prompt",
    "count_hit",
    "find_hit",
    "forget_prompts",
    "give_way",
    "hash_prompt",
    "is_leased",
    "look_up",
    "measure_hit",
    "redeem_lease",
    "register",
    "release_lease",
    "require_lease",
    "take_lease",
]
