"""Ports that a stack is about to use."""

from __future__ import annotations

import errno
import socket
import time

from config.stack.errors import CannotStart


def require_free(host: str, port: int, variable: str, what: str, patience: float = 0) -> None:
    """Raises CannotStart unless ``what`` can listen there; ``variable`` is where its user chooses the port.

    ``patience``: seconds to wait for somebody who is about to leave the port. Somebody may still take it afterwards.
    """
    if not 0 < port < 65536:
        raise CannotStart(f"{variable} must be a port from 1 to 65535, not {port}")
    end = time.monotonic() + patience
    while (error := _refusal(host, port)) is not None:
        if error.errno != errno.EADDRINUSE:
            raise CannotStart(f"{what} cannot listen on {host} port {port}: {error.strerror}")
        if time.monotonic() > end:
            raise CannotStart(f"port {port}, wanted for {what}, is taken; choose another with {variable}")
        time.sleep(0.1)


def _refusal(host: str, port: int) -> OSError | None:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            # as the servers do: connections of a server that has just gone are no hindrance
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        return error
    return None
