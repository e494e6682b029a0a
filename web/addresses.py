"""Under which addresses other computers reach this one."""

import socket


def lan_addresses() -> list[str]:
    """IPv4 addresses of this computer on its networks, loopback left out; empty on a computer without one."""
    found: list[str] = []
    try:
        found += [str(info[4][0]) for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)]
    except OSError:  # the computer's own name does not resolve, which is common and harmless
        found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # choosing a route sends nothing; the address is one reserved for documentation
            probe.connect(("192.0.2.1", 9))
            found.insert(0, str(probe.getsockname()[0]))
        except OSError:  # no network at all
            pass
    return list(dict.fromkeys(address for address in found if not address.startswith(("127.", "0."))))


def web_addresses(host: str, port: int) -> list[str]:
    """What to type into a browser for a server that listens on this host and port, the nearest first."""
    hosts = ["127.0.0.1", *lan_addresses()] if host in ("0.0.0.0", "::", "") else [host]  # noqa: S104 - compared only
    return [f"http://{f'[{each}]' if ':' in each else each}:{port}" for each in hosts]
