"""Options of a command line, as ``neuroglancer.cli`` has them."""

from __future__ import annotations

from typing import Any

from neuroglancer.cli import add_server_arguments, add_state_arguments

from . import server

__all__ = ["add_server_arguments", "add_state_arguments", "handle_server_arguments"]


def handle_server_arguments(args: Any) -> None:
    """Do what the options ask for that add_server_arguments has added. For another client than webmon's the log says why it is not used."""
    if args.bind_address is not None or args.bind_port is not None:
        server.set_server_bind_address(args.bind_address, args.bind_port or 0)
    if args.static_content_dev_server:
        server.set_dev_server_content_source()
    elif args.static_content_url:
        server.set_static_content_source(url=args.static_content_url)
    server.debug = bool(args.debug_server)
