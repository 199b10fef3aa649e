"""The bytes that a manager answers, and what is in them.

For the tests of decoders that are not Python's: reply takes an answer from the
wire as it is, and skeleton says of which types a value is made, so that bytes
captured once can be held against what is sent today.
"""

import pickle
from multiprocessing.connection import Client


def reply(manager, proxy, method, args):
    """Call a method of a proxy's object and return the pickled answer."""
    connection = Client(manager.address, authkey=bytes(manager._authkey))
    try:
        connection.send((None, "accept_connection", ("reply",), {}))
        connection.recv_bytes()
        connection.send((proxy._token.id, method, args, {}))
        return connection.recv_bytes()
    finally:
        connection.close()


def create(manager, name):
    """Ask for a resource as a client does and return the pickled answer.

    The reference that this takes is kept, as by a client that does not end
    cleanly; that is harmless.
    """
    connection = Client(manager.address, authkey=bytes(manager._authkey))
    try:
        connection.send((None, "create", (name,), {}))
        return connection.recv_bytes()
    finally:
        connection.close()


def skeleton(value):
    """Return the types of a value, with names but without numbers.

    Sequences of equal things are written once, so that the number of tiles or
    layers in view makes no difference.
    """
    if isinstance(value, dict):
        return {
            key if isinstance(key, str) else type(key).__name__: skeleton(item)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        kinds = []
        for item in value:
            kind = item if isinstance(item, str) and item.startswith("#") else skeleton(item)
            if kind not in kinds:
                kinds.append(kind)
        return {type(value).__name__: kinds}
    if type(value).__name__ == "ndarray":  # NumPy itself is not needed here
        order = "F" if value.flags.f_contiguous and not value.flags.c_contiguous else "C"
        return "array %s %dd %s" % (value.dtype.str, value.ndim, order)
    return type(value).__name__


def skeleton_of(pickled):
    return skeleton(pickle.loads(pickled))
