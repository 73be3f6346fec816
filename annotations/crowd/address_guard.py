"""Requests leave only to the host they were meant for, by https, and never into a private network."""

import ipaddress
import socket
from collections.abc import Iterable
from urllib.parse import SplitResult, urlsplit


class AddressRefusedError(ValueError):
    """A request to this address is not made; the message says why and holds no query."""


def check_address(url: str, *, base_url: str, allow_private: bool = False) -> None:
    """Refuse what is not on ``base_url``'s host and port, not https, or resolves to a private address.

    Args:
        allow_private: for development and tests: plain http and private addresses pass; the host must match
            even then.

    Raises:
        AddressRefusedError: the address is refused, or its host cannot be resolved.
    """
    parts, base = _split(url), _split(base_url)
    if parts.username is not None or parts.password is not None:
        raise AddressRefusedError(f"the address of {parts.hostname} holds a user name")
    if (parts.scheme, parts.hostname, parts.port) != (base.scheme, base.hostname, base.port):
        raise AddressRefusedError(f"{parts.hostname} is not the configured host {base.hostname}")
    if allow_private:
        return
    if parts.scheme != "https":
        raise AddressRefusedError(f"{parts.hostname} must be asked by https")
    assert parts.hostname is not None
    for address in _resolve(parts.hostname, parts.port or 443):
        if not address.is_global or address.is_multicast:
            raise AddressRefusedError(f"{parts.hostname} is in a private network ({address})")


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise AddressRefusedError(f"not an address: {error}") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise AddressRefusedError("not an http or https address")
    return parts


def _resolve(host: str, port: int) -> Iterable[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise AddressRefusedError(f"{host} cannot be resolved: {error.strerror or error}") from error
    addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    for address in addresses:
        mapped = getattr(address, "ipv4_mapped", None)
        yield mapped if mapped is not None else address
