"""A state that a script shares with browsers, by way of webmon."""

from __future__ import annotations

import contextlib
import copy
import logging
from collections.abc import Iterator
from typing import Any, Callable

from neuroglancer.json_utils import encode_json
from neuroglancer.random_token import make_random_token
from neuroglancer.trackable_state import ConcurrentModificationError, TrackableState

from ._link import Link, Refused

__all__ = ["Tracked"]

log = logging.getLogger("webmon")


class Tracked(TrackableState):  # type: ignore[misc]
    """A TrackableState of which webmon has the one that counts while it is connected.

    A change is on webmon when the call returns. Without a connection it is the script's alone, and goes to webmon with the next one.

    Parameters
    ----------
    wrapper_type, transform_state
        As of a TrackableState.
    link
        The connection.
    what : {"state", "config"}
        Which of the view's states it is.
    """

    def __init__(self, wrapper_type: Any, transform_state: Callable[[Any], Any], link: Link, what: str) -> None:
        super().__init__(wrapper_type, transform_state)
        self._link = link
        self._what = what
        self._connected = False
        self._mine = True  # webmon has not got the last change
        self._change = 0  # the number of the newest change that is known

    def set_state(self, new_state: Any, generation: str | None = None, existing_generation: str | None = None) -> str:
        """Replace the state, if it has the generation that is given.

        Raises
        ------
        ConcurrentModificationError
            If it has another one: somebody else has changed it.
        ValueError
            If webmon refuses the state, as it does when it is too large.
        """
        return self._replace(new_state, existing_generation, False)

    @contextlib.contextmanager
    def txn(self, overwrite: bool = False, lock: bool = True) -> Iterator[Any]:
        """Change the state within a ``with`` statement.

        Parameters
        ----------
        overwrite
            Set the state whatever others have done meanwhile.
        lock
            What browsers do meanwhile comes too late, as their changes of an older state do. Without a lock it is the
            script's change that comes too late, and ConcurrentModificationError is raised.
        """
        with self._lock if lock else contextlib.nullcontext():
            state, generation = self.state_and_generation
            state = copy.deepcopy(state)
            yield state
            self._replace(state, None if overwrite else generation, lock)

    def retry_txn(self, func: Callable[[Any], Any], retries: int = 10, lock: bool = False) -> Any:
        """Change the state by a function, which is called again where somebody else has changed the state meanwhile."""
        for left in reversed(range(max(1, retries))):
            try:
                with self.txn(lock=lock) as state:
                    result = func(state)
                return result
            except ConcurrentModificationError:
                if not left:
                    raise
        return None

    def _replace(self, new_state: Any, existing: str | None, held: bool) -> str:
        with self._lock:
            if existing is not None and existing != self._generation:
                raise ConcurrentModificationError
            new_state = self._transform_state(new_state)
            if new_state == self._raw_state:
                return str(self._generation)
            generation, change = make_random_token(), self._change
            if self._connected:
                try:
                    posted = self._link.post(self._what, encode_json(new_state), None if existing is None or held else existing)
                except OSError as error:
                    log.debug("the %s was not sent: %s", self._what, error)
                    self._connected = False
                    self._link.lost()
                else:
                    if posted is None:
                        self._refresh()
                        raise ConcurrentModificationError
                    generation, change = posted
            self._mine = not self._connected
            self._become(new_state, generation, change)
            return str(generation)

    def _refresh(self) -> None:
        """Take the newer state, which is on its way, at once, so that the next try begins with it."""
        try:
            now = self._link.view()[self._what]
        except (OSError, Refused) as error:
            log.debug("the newer %s cannot be had: %s", self._what, error)
            return
        self.heard(now)

    def heard(self, event: dict[str, Any]) -> None:
        """Take what somebody else has made of the state."""
        with self._lock:
            if self._connected and int(event["n"]) > self._change:
                self._become(event["s"], str(event["g"]), int(event["n"]))

    def connect(self, view: dict[str, Any]) -> str:
        """Make the state and that of webmon the same; return its generation.

        What the script has set counts, unless webmon has got it already. Raises OSError or ValueError.
        """
        with self._lock:
            there = view[self._what]
            if self._mine or view["made"]:
                posted = self._link.post(self._what, encode_json(self._raw_state), None)
                assert posted is not None
                self._generation, self._change = posted
                self._mine, self._connected = False, True
            else:
                self._connected = True
                if there["g"] != self._generation:
                    self._become(there["s"], str(there["g"]), int(there["n"]))
                self._change = int(there["n"])
            return str(self._generation)

    def disconnect(self) -> None:
        """Go on alone."""
        with self._lock:
            self._connected = False

    def _become(self, raw_state: Any, generation: str, change: int) -> None:
        self._raw_state = raw_state
        self._wrapped_state = None
        self._generation = generation
        self._change = change
        self._dispatch_changed_callbacks()
