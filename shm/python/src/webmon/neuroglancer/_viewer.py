"""Viewers whose address is on webmon."""

from __future__ import annotations

import base64
import html
import json
import logging
import threading
import time
import weakref
from concurrent.futures import Future
from typing import Any, Callable

from neuroglancer import url_state, viewer_base, viewer_config_state
from neuroglancer.random_token import make_random_token

import webmon

from .. import _announce
from ._link import Link, Refused
from ._loops import handlers, replies
from ._tracked import Tracked
from ._volumes import Volumes, checked_token

__all__ = ["UnsynchronizedViewer", "Viewer", "stop_all"]

log = logging.getLogger("webmon")

_ASKED = 64  # voxels' chunks that browsers are asked for at a time
_PICTURES = 5  # tries for a picture of the size that was asked for

_viewers: weakref.WeakSet[Any] = weakref.WeakSet()  # that are not stopped
_lock = threading.Lock()  # guards _viewers
bind: dict[str, str] = {}  # the environment of a webmon that is started: where it listens


def stop_all() -> None:
    """Forget all viewers: their addresses lead nowhere any more."""
    with _lock:
        gone = list(_viewers)
        _viewers.clear()
    for viewer in gone:
        viewer._stop()


def running() -> list[Any]:
    """Return the viewers that are not stopped."""
    with _lock:
        return list(_viewers)


class _OnWebmon(viewer_base.ViewerCommonBase):  # type: ignore[misc]
    """What both kinds of viewer have in common. It comes before the package's own class."""

    _synchronized = True

    def __init__(self, token: str | None = None, allow_credentials: bool | None = None, **kwargs: Any) -> None:
        token = make_random_token() if token is None else checked_token(token)
        if allow_credentials:
            log.warning("webmon gives no credentials to a page: allow_credentials has no effect")
        process = webmon._default()
        _announce.launch(bind)  # it does nothing where one runs
        if not process._life.opened:
            webmon.serve(launch=False)
        self._link = Link(self, token, process)
        self._volumes = Volumes(process, token, self._link)
        self._screenshots_lock = threading.Lock()  # guards those of the package's class
        self._chunks_lock = threading.Lock()  # guards the next two
        self._chunks_waiting: list[Any] = []  # requests that browsers were not asked yet
        self._chunks_asked: set[str] = set()  # ids of those they were asked
        self._chunks_due = False
        super().__init__(token=token, allow_credentials=False, **kwargs)
        with _lock:
            _viewers.add(self)
        self._link.start()

    # The states are made by the package's class, and replaced here.

    @property
    def config_state(self) -> Tracked:
        """What the script tells the client: actions, key bindings, messages, sizes."""
        return self._config_state

    @config_state.setter
    def config_state(self, state: Any) -> None:
        self._config_state = Tracked(state._wrapper_type, state._transform_state, self._link, "config")

    def _up(self, view: dict[str, Any]) -> tuple[str, str]:
        """Take up the view on webmon; return the generations of configuration and state. Raises OSError or ValueError."""
        return self._config_state.connect(view), ""

    def _down(self) -> None:
        self._config_state.disconnect()

    def _heard(self, event: dict[str, Any]) -> None:
        """Take an event of webmon's stream."""
        kind = event.get("k")
        if kind == "c":
            self._config_state.heard(event)
        elif kind == "a":
            self._act(str(event["action"]), event.get("state"))
        elif kind == "v":
            replies.call(self._replied, event)

    def _act(self, name: str, state: Any) -> None:
        # A handler may wait for a picture.
        if name in ("screenshot", "screenshotStatistics"):
            replies.call(self._pictured, name, viewer_config_state.ActionState(state))
        else:
            handlers.call(self.actions.invoke, name, state)

    def _stop(self) -> None:
        self._link.end(forget=True)
        self._volumes.close()

    def defer_callback(self, callback: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        """Have a function called in the thread of the actions."""
        handlers.call(callback, *args, **kwargs)

    def __repr__(self) -> str:
        try:
            return self.get_viewer_url()
        except RuntimeError as error:
            return f"<{type(self).__name__}, {error}>"

    def _repr_html_(self) -> str:
        """Return what a notebook shows: a link, and below it the viewer itself where webmon is a part of Jupyter.

        Pages of webmon are shown in frames of their own origin alone, which they are by jupyter-server-proxy.
        """
        try:
            at, path = self._link.where()
            return at.cell(f"{path}/v/{self.token}/", "Neuroglancer")
        except (OSError, RuntimeError) as error:
            return html.escape(str(error))

    def get_viewer_url(self) -> str:
        """Return where people open the viewer, webmon's token included.

        Raises
        ------
        RuntimeError
            If no webmon is running and none can be started.
        """
        at, path = self._link.where()
        return at.address(f"{path}/v/{self.token}/")

    # Data.

    def _handle_volumes_changed(self) -> None:
        super()._handle_volumes_changed()
        self._volumes.become(self.volume_manager.volumes)

    def _transform_viewer_state(self, new_state: Any) -> Any:
        self._volumes.used(getattr(new_state, "layers", None))
        return super()._transform_viewer_state(new_state)

    def _update_source_generations(self) -> None:
        self._volumes.changed(self.volume_manager.volumes)

    # Pictures.

    def async_screenshot(
        self, callback: Callable[[Any], object], include_depth: bool = False, statistics_callback: Callable[[Any], object] | None = None
    ) -> None:
        """Have a picture taken by a browser that has the viewer open, once everything is loaded.

        Parameters
        ----------
        callback
            Called with the reply, an ActionState with ``screenshot``, in a thread of the package.
        include_depth
            Whether the reply has the depths too.
        statistics_callback
            Called about once a second with what is loaded, until then.
        """
        self._ask_for_screenshot(callback, include_depth, statistics_callback)

    def _ask_for_screenshot(
        self, callback: Callable[[Any], object], include_depth: bool, statistics_callback: Callable[[Any], object] | None
    ) -> str:
        with self._screenshots_lock:
            name = f"{self._next_screenshot_id}{'_includeDepth' if include_depth else ''}"
            self._next_screenshot_id += 1
            self._screenshot_callbacks[name] = (callback, statistics_callback)
        self._volumes.flush()  # what was invalidated before is in the picture

        def ask(config: Any) -> None:
            config.screenshot = name

        try:
            self.config_state.retry_txn(ask, lock=True)
        except BaseException:
            self._screenshot_callbacks.pop(name, None)
            raise
        return name

    def screenshot(
        self,
        size: Any = None,
        include_depth: bool = False,
        statistics_callback: Callable[[Any], object] | None = None,
        timeout: float | None = 300.0,
    ) -> Any:
        """Return a picture that a browser takes which has the viewer open, once everything is loaded.

        Parameters
        ----------
        size : (int, int), optional
            Width and height in pixels. The client's controls are hidden for as long as it takes.
        include_depth : bool
            Whether the reply has the depths too.
        statistics_callback : callable, optional
            Called about once a second with what is loaded.
        timeout : float or None
            Seconds to wait for it; None: for ever.

        Returns
        -------
        ActionState
            Its ``screenshot`` has ``image``, a PNG, and ``image_pixels``.

        Raises
        ------
        TimeoutError
            If no picture has come in time; it says what is missing.
        """
        until = None if timeout is None else time.monotonic() + timeout
        if size is not None:
            width, height = (int(n) for n in size)
        before = self.config_state.state
        if size is not None:
            with self.config_state.txn() as config:
                config.show_ui_controls = False
                config.show_panel_borders = False
                config.viewer_size = [width, height]
        try:
            for _ in range(_PICTURES):
                reply = self._wait_for_screenshot(include_depth, statistics_callback, until, timeout)
                if size is None or (reply.screenshot.width, reply.screenshot.height) == (width, height):
                    break
            return reply
        finally:
            if size is not None:
                self.config_state.set_state(before)

    def _wait_for_screenshot(
        self, include_depth: bool, statistics_callback: Callable[[Any], object] | None, until: float | None, timeout: float | None
    ) -> Any:
        done = threading.Event()
        got: list[Any] = []
        told: list[Any] = []

        def taken(reply: Any) -> None:
            got.append(reply)
            done.set()

        def counted(statistics: Any) -> None:
            told[:] = [statistics]
            if statistics_callback is not None:
                statistics_callback(statistics)

        name = self._ask_for_screenshot(taken, include_depth, counted)
        if not done.wait(None if until is None else max(0.0, until - time.monotonic())):
            self._screenshot_callbacks.pop(name, None)
            self._asked_for_nothing(name)
            raise TimeoutError(f"there is no picture after {timeout:g} s: {self._missing(told)}")
        return got[0]

    def _missing(self, told: list[Any]) -> str:
        """Say why there is no picture yet."""
        if told:
            total = told[0].total.to_json()
            loaded, wanted, coming, failed = (
                int(total.get(f"visibleChunks{what}", 0)) for what in ("GpuMemory", "Total", "Downloading", "Failed")
            )
            text = f"{loaded} of {wanted} chunks that are visible are there, {coming} are on their way"
            return text + (f" and {failed} have failed" if failed else "")
        try:
            browsers = self._link.view()["browsers"]
        except (OSError, Refused) as error:
            return f"{self._link.problem or error}"
        if not browsers:
            return f"nobody has the viewer open: {self!r}"
        return "the browser that has the viewer open has not answered, as one that cannot draw (WebGL2), or whose tab is in the background"

    def _asked_for_nothing(self, name: str) -> None:
        def forget(config: Any) -> None:
            if config.screenshot == name:
                config.screenshot = None

        self.config_state.retry_txn(forget, lock=True)

    def _pictured(self, action: str, state: Any) -> None:
        if action == "screenshot":
            name = state.screenshot.id
            self._asked_for_nothing(name)
            waiting = self._screenshot_callbacks.pop(name, None)
            if waiting is not None:
                waiting[0](state)
        else:
            waiting = self._screenshot_callbacks.get(state.screenshot_statistics.id)
            if waiting is not None and waiting[1] is not None:
                waiting[1](state.screenshot_statistics)

    # Voxels that browsers have. Each request is a part of the configuration, and so is only asked with others.

    def volume_info(self, layer: str, *, dimensions: Any = None) -> Future[Any]:
        """Ask a browser that has the viewer open what the voxels of a layer are.

        Parameters
        ----------
        layer
            Its name.
        dimensions
            In which the voxels are wanted; those of the layer by default.

        Returns
        -------
        concurrent.futures.Future
            Of a VolumeInfo; it fails with a ValueError for a layer that has no voxels.
        """
        return self._request(self._volume_info_promises, kind="volume_info", layer=layer, dimensions=dimensions)

    def _volume_chunk(self, layer: str, info: Any, chunk_grid_position: Any) -> Future[Any]:
        return self._request(
            self._volume_chunk_promises, kind="volume_chunk", layer=layer, volume_info=info, chunk_grid_position=chunk_grid_position
        )

    def _request(self, promises: dict[str, Future[Any]], **what: Any) -> Future[Any]:
        promise: Future[Any] = Future()
        request = viewer_config_state.VolumeRequest(id=make_random_token(), **{key: value for key, value in what.items() if value is not None})
        promises[request.id] = promise
        with self._chunks_lock:
            self._chunks_waiting.append(request)
        self._ask_soon()
        return promise

    def _ask_soon(self) -> None:
        with self._chunks_lock:
            if self._chunks_due:
                return
            self._chunks_due = True
        replies.call(self._ask_for_voxels)

    def _ask_for_voxels(self) -> None:
        """Bring what browsers are asked for to what is wanted now."""
        with self._chunks_lock:
            self._chunks_due = False
            more = self._chunks_waiting[: max(0, _ASKED - len(self._chunks_asked))]
            del self._chunks_waiting[: len(more)]
            self._chunks_asked.update(request.id for request in more)
            asked = set(self._chunks_asked)

        lost: set[str] = set()
        if more:
            self._volumes.flush()

        def ask(config: Any) -> None:
            kept = [request for request in config.volume_requests if request.id in asked]
            lost.clear()
            lost.update(asked.difference((request.id for request in kept), (request.id for request in more)))
            config.volume_requests = kept + more

        try:
            self.config_state.retry_txn(ask, lock=True)
        except Exception as error:
            for request in more:
                self._fail(request.id, error)
        for name in lost:
            self._fail(name, ValueError("somebody has replaced the configuration with which browsers were asked for voxels"))

    def _fail(self, name: str, error: Exception) -> None:
        with self._chunks_lock:
            self._chunks_asked.discard(name)
        for promises in (self._volume_info_promises, self._volume_chunk_promises):
            promise = promises.pop(name, None)
            if promise is not None:
                promise.set_exception(error)

    def _replied(self, event: dict[str, Any]) -> None:
        name = str(event["id"])
        with self._chunks_lock:
            if name not in self._chunks_asked:
                return  # another browser was faster
            self._chunks_asked.discard(name)
        self._ask_soon()
        body = base64.b64decode(event["body"])
        try:
            if event["part"] == "info":
                super()._handle_volume_info_reply(name, json.loads(body))
            else:
                super()._handle_volume_chunk_reply(name, event.get("p"), body)
        except Exception as error:
            self._fail(name, error)


class Viewer(_OnWebmon, viewer_base.ViewerBase):  # type: ignore[misc]
    """A view that everybody shares who has its address open, and the script with them.

    Parameters
    ----------
    token : str, optional
        The last part of the address: 1 to 64 letters, digits, hyphens and underscores. A script that is started again with
        the same one takes the address up, and the browsers that have it open. Default: 40 random hex digits.
    allow_credentials : bool, optional
        For scripts that give it: webmon gives no credentials to a page.
    """

    @property
    def shared_state(self) -> Tracked:
        """What all see: layers, position, layout."""
        return self._shared_state

    @shared_state.setter
    def shared_state(self, state: Any) -> None:
        self._shared_state = Tracked(state._wrapper_type, state._transform_state, self._link, "state")
        self._shared_state.add_changed_callback(_Naming(self))

    def _up(self, view: dict[str, Any]) -> tuple[str, str]:
        config, _ = super()._up(view)
        return config, self._shared_state.connect(view)

    def _down(self) -> None:
        super()._down()
        self._shared_state.disconnect()

    def _heard(self, event: dict[str, Any]) -> None:
        if event.get("k") == "s":
            self._shared_state.heard(event)
        else:
            super()._heard(event)


class _Naming:
    """Calls volumes what their layers are called, whenever the state of a viewer has changed."""

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = weakref.ref(viewer)

    def __call__(self) -> None:
        viewer = self._viewer()
        if viewer is not None:
            state = viewer._shared_state.raw_state
            viewer._volumes.name(state.get("layers") if isinstance(state, dict) else None)


class UnsynchronizedViewer(_OnWebmon, viewer_base.UnsynchronizedViewerBase):  # type: ignore[misc]
    """A view whose state is in its address: each browser has its own, and the script hears of none."""

    _synchronized = False

    def get_viewer_url(self) -> str:
        """Return where people open the state as it is now, webmon's token included."""
        return str(url_state.to_url(self.raw_state, super().get_viewer_url()))


