"""Which addresses count as one asker."""

import pytest

from gallery.services.limits import network_of


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unix:", "unknown"),
        ("192.0.2.7, 192.0.2.8", "unknown"),
        ("", "unknown"),
        (None, "unknown"),
    ],
)
def test_address_counts_under_its_network(address: str | None, expected: str) -> None:
    """IPv4 counts whole, IPv6 by the /64 that one customer has, and rubbish as one."""
    assert network_of(address) == expected
