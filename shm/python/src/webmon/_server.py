"""A server for the proxies of ``multiprocessing.managers``, in daemon threads of the process itself.

The standard library's own server is made for a process of its own: it replaces
sys.stdout, ends the interpreter, leaves itself behind in a global, lets clients
shut it down and lets one release too many destroy an object. Hence this one,
which speaks the same protocol for objects that live as long as it does.
"""

from __future__ import annotations

import io
import logging
import pickle
import socket
import struct
import sys
import threading
import traceback
from multiprocessing.connection import Connection, answer_challenge, deliver_challenge
from multiprocessing.reduction import ForkingPickler
from typing import Any, Callable

__all__ = ["Server"]

log = logging.getLogger("webmon")

_MAX_CONNECTIONS = 128
_MAX_REQUEST = 16 << 20
_MAX_ASKED = 64 << 10  # bytes of a request for a part of a volume
# How long a client may take to prove that it knows the key. One that does has
# all the time in the world.
_HANDSHAKE_SECONDS = 15

_ALLOWED = {
    ("multiprocessing.managers", "Token"),
    ("copyreg", "_reconstructor"),
    ("builtins", "object"),
    ("collections", "OrderedDict"),
    ("numpy", "dtype"),
    ("numpy", "ndarray"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy.core.multiarray", "scalar"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "scalar"),
    ("numpy.core.numeric", "_frombuffer"),
    ("numpy._core.numeric", "_frombuffer"),
    ("_codecs", "encode"),
}


class _Unpickler(pickle.Unpickler):
    """Loads plain data alone: nothing that a client sends can run code here."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _ALLOWED:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name} is no plain data")


class _Gone(Exception):
    """The connection ended."""


class Server:
    """Serves objects by name on 127.0.0.1 to whoever knows the key.

    Every object has ``exposed``, the names of the methods that clients may call. A connection whose first request is
    "volumes" carries no pickles from then on: each message is handed to asked, and what that returns is sent back.
    """

    def __init__(self, objects: dict[str, Any], key: bytes, asked: Callable[[bytes, Callable[[], bool]], list[Any] | None] | None = None) -> None:
        self._key = key
        self._asked = asked
        self._objects = objects
        self._exposed = {name: frozenset(o.exposed) for name, o in objects.items()}
        self._lock = threading.Lock()
        self._connections: dict[int, Any] = {}
        self.connections = 0
        self._closed = False
        self._listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            self._listener.bind(("127.0.0.1", 0))
            self._listener.listen(64)
        except BaseException:
            self._listener.close()
            raise
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"

    def start(self) -> None:
        """Begin to serve, in a daemon thread."""
        threading.Thread(target=self._accept, name="webmon server", daemon=True).start()

    def _accept(self) -> None:
        listener = self._listener
        while not self._closed:
            try:
                client, _ = listener.accept()
            except OSError:
                if self._closed or listener.fileno() < 0:
                    return
                # Out of file descriptors, or the client left in the middle.
                threading.Event().wait(0.05)
                continue
            if self._closed:
                client.close()
                return
            try:
                if self.connections >= _MAX_CONNECTIONS:
                    raise OSError("too many connections")
                # Without it a reply of 16 to 64 KB waits 40 ms for an acknowledgement.
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
                threading.Thread(target=self._serve, args=(client,), name="webmon client", daemon=True).start()
            except (OSError, RuntimeError):
                client.close()

    def _serve(self, client: socket.socket) -> None:
        connection = None
        fd = -1
        try:
            _receive_timeout(client, _HANDSHAKE_SECONDS)
            fd = client.detach()
            connection = Connection(fd)
            with self._lock:
                if self._closed:
                    return
                self._connections[fd] = connection
                self.connections = len(self._connections)
            deliver_challenge(connection, self._key)
            answer_challenge(connection, self._key)
            again = socket.socket(fileno=fd)
            try:
                _receive_timeout(again, 0)
            finally:
                again.detach()
            self._first(connection)
        except (_Gone, EOFError, OSError):
            pass
        except Exception:
            # A wrong key, or no manager's client at all.
            log.debug("a client was turned away", exc_info=True)
        finally:
            with self._lock:
                self._connections.pop(fd, None)
                self.connections = len(self._connections)
                if connection is not None:
                    try:
                        connection.close()
                    except OSError:
                        pass

    # The requests of a connection. The first one is answered by the server, and
    # if it is accept_connection, all that follow by the objects.

    def _first(self, connection: Any) -> None:
        try:
            _, method, args, kwds = self._receive(connection)
            if method == "volumes" and self._asked is not None:
                self._send(connection, ("#RETURN", None))
                self._serve_volumes(connection, self._asked)
                return
            answer = self._answers.get(method)
            if answer is None:
                raise ValueError(f"{method!r} is nothing this server does")
            reply = ("#RETURN", answer(self, *args, **kwds))
        except (_Gone, EOFError, OSError):
            raise
        except Exception:
            self._send(connection, ("#TRACEBACK", traceback.format_exc()))
            return
        self._send(connection, reply)
        if method == "accept_connection":
            while not self._closed:
                self._next(connection)

    def _serve_volumes(self, connection: Any, asked: Callable[[bytes, Callable[[], bool]], list[Any] | None]) -> None:
        threading.current_thread().name = "webmon volumes"

        def left() -> bool:
            return self._closed or bool(connection.poll(0))  # it says nothing before it has its answer, but that it ends

        while not self._closed:
            answer = asked(connection.recv_bytes(_MAX_ASKED), left)
            if answer is None:
                return
            for message in answer:
                connection.send_bytes(message)

    def _next(self, connection: Any) -> None:
        try:
            ident, method, args, kwds = self._receive(connection)
            target = self._objects[ident]
            if method in self._exposed[ident]:
                function = getattr(target, method)
            elif method in self._fallback:
                function, args = self._fallback[method], (target,)
            else:
                raise AttributeError(f"{method!r} of {ident} is not offered")
        except (_Gone, EOFError, OSError):
            raise
        except Exception:
            self._send(connection, ("#TRACEBACK", traceback.format_exc()))
            return
        reply: tuple[str, Any]
        try:
            reply = ("#RETURN", function(*args, **kwds))
        except Exception as error:
            reply = ("#ERROR", error)
        self._send(connection, reply)

    def _receive(self, connection: Any) -> Any:
        return _Unpickler(io.BytesIO(connection.recv_bytes(_MAX_REQUEST))).load()

    def _send(self, connection: Any, message: Any) -> None:
        try:
            data = ForkingPickler.dumps(message)
        except Exception:
            data = ForkingPickler.dumps(("#UNSERIALIZABLE", traceback.format_exc()))
        connection.send_bytes(data)

    def _accept_connection(self, name: str) -> None:
        threading.current_thread().name = f"webmon client {name}"[:60]

    def _create(self, name: str) -> tuple[str, tuple[str, ...]]:
        return name, tuple(self._objects[name].exposed)

    def _get_methods(self, token: Any) -> tuple[str, ...]:
        return tuple(self._objects[token.id].exposed)

    def _count(self) -> int:
        return len(self._objects)

    def _debug_info(self) -> str:
        return "\n".join(self._objects)

    def _nothing(self, *_: Any) -> None:
        """Do nothing: the objects live as long as the server."""

    _answers: dict[str, Callable[..., Any]] = {
        "accept_connection": _accept_connection,
        "create": _create,
        "get_methods": _get_methods,
        "number_of_objects": _count,
        "debug_info": _debug_info,
        "dummy": _nothing,
        "incref": _nothing,
        "decref": _nothing,
    }
    _fallback: dict[str, Callable[[Any], Any]] = {
        "#GETVALUE": lambda target: target.getvalue(),
        "__str__": str,
        "__repr__": repr,
    }

    def close(self) -> None:
        """End all connections. Threads that serve them end by themselves."""
        self._closed = True
        with self._lock:
            # shutdown wakes a thread that waits in accept or recv; close alone does not.
            for fd in list(self._connections):
                try:
                    open_socket = socket.socket(fileno=fd)
                except OSError:
                    continue
                try:
                    open_socket.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
                finally:
                    open_socket.detach()
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            # Only Linux wakes who accepts by that.
            try:
                socket.create_connection(self._listener.getsockname(), 1).close()
            except OSError:
                pass
        self._listener.close()

    def abandon(self) -> None:
        """Close a forked child's copies of the sockets without ending the parent's connections."""
        self._closed = True
        self._listener.close()
        for connection in list(self._connections.values()):
            try:
                connection.close()
            except OSError:
                pass
        self._connections = {}
        self.connections = 0


def _receive_timeout(client: socket.socket, seconds: int) -> None:
    """Bound how long a read from the socket may wait; 0 for no bound.

    Unlike settimeout it also holds for the socket's descriptor.
    """
    if sys.platform == "win32":
        value = struct.pack("=L", seconds * 1000)
    else:
        value = struct.pack("ll", seconds, 0)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, value)
