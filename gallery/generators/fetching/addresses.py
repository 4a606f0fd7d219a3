"""Which addresses a stranger may send us to.

A provider answers with the address of a picture. Followed blindly, it could
name the machine's own services, the cloud's metadata or a neighbour that
trusts us (server-side request forgery). So an address is read once, strictly,
by this module alone: two readers that disagree about a host are how checks
like these are passed.
"""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from gallery.generators.base import GenerationFailed

LONGEST_ADDRESS = 8192
_PORTS = {"http": 80, "https": 443}
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_LOOKS_NUMERIC = re.compile(r"[0-9]+|0x[0-9a-f]*")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_UNICAST = ipaddress.ip_network("2000::/3")
# Not for strangers, though some releases of `ipaddress` call them global.
_RESERVED = tuple(
    ipaddress.ip_network(network)
    for network in (
        "192.0.0.0/24",  # protocol assignments; a cloud keeps its metadata there
        "192.88.99.0/24",  # relays of 6to4
        "168.63.129.16/32",  # a cloud's own services, on a public address
        "2001::/23",  # protocol assignments, Teredo among them: it hides an IPv4 address
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: hides an IPv4 address
        "3fff::/20",  # documentation
    )
)


class AddressRefused(GenerationFailed):
    """A provider's answer points where strangers may not send us."""

    def __init__(self) -> None:
        # Which address it was stays untold: a visitor could map a private network by it.
        super().__init__("The image service answered with an address that can't be fetched.")


@dataclass(frozen=True, kw_only=True)
class WebAddress:
    """A web address that was read strictly; *host* is lower case, without brackets."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port

    @property
    def authority(self) -> str:
        """What the Host header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def read_address(text: str) -> WebAddress:
    """Read an absolute http or https address.

    Raises:
        AddressRefused: it is anything else, names a user, or writes its host oddly.
    """
    try:
        if len(text) > LONGEST_ADDRESS or not re.fullmatch(r"[!-~]+", text):
            raise ValueError("characters that don't belong in an address")
        parts = urlsplit(text)
        if parts.scheme not in _PORTS or "@" in parts.netloc:
            raise ValueError("not http or https, or with a user's name")
        return WebAddress(
            scheme=parts.scheme,
            host=_checked_host(parts),
            port=_checked_port(parts),
            target=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
        )
    except ValueError as error:
        raise AddressRefused from error


def is_public(address: str) -> bool:
    """Whether *address*, an IP address as text, belongs to the public internet."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return is_public(str(ip.ipv4_mapped))
        if ip in _NAT64:
            return is_public(str(ipaddress.IPv4Address(ip.packed[-4:])))
        if ip.scope_id is not None or ip not in _UNICAST:
            return False
    return ip.is_global and not ip.is_multicast and not any(ip in network for network in _RESERVED)


def _checked_host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    if parts.netloc.startswith("["):
        if "%" in host:
            raise ValueError("a zone means something on this machine alone")
        return str(ipaddress.IPv6Address(host))
    labels = host.split(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError("not the name of a host")
    if _LOOKS_NUMERIC.fullmatch(labels[-1]):
        # Only four decimal numbers are an address here. Resolvers also take 127.1,
        # 0x7f.1, 017700000001 and 2130706433.
        return str(ipaddress.IPv4Address(host))
    return host


def _checked_port(parts: SplitResult) -> int:
    port = _PORTS[parts.scheme] if parts.port is None else parts.port
    if port == 0:
        raise ValueError("no port")
    return port
