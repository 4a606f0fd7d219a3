"""Which addresses count as one asker.

A provider gives each customer at least a /64 of IPv6, so that somebody
counted by whole addresses would never run out of them. An IPv4 address
counts by itself, although a household or a whole office may share it.
"""

from functools import lru_cache
from ipaddress import IPv6Address, ip_address

UNKNOWN = "unknown"


@lru_cache(maxsize=4096)
def network_of(address: str | None) -> str:
    """Return what *address* is counted under: itself, or the /64 of an IPv6 address.

    What is no address shares one name, so that rubbish in a header buys nobody a fresh counter.
    """
    try:
        found = ip_address((address or "").partition("%")[0])
    except ValueError:
        return UNKNOWN
    if not isinstance(found, IPv6Address):
        return str(found)
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    network = IPv6Address(int(found) >> 64 << 64)
    return f"{network}/64"
