"""What a widget of OpenGL has drawn, read without waiting for the graphics card.

What was drawn stays in the widget's framebuffer until it draws again, so that nothing is done in the paint. begin is called afterwards. It
only says what is to be read: a copy on the card, made smaller there if less is wanted, that flows into a buffer of its own. finish takes it
once it has come.
"""

from __future__ import annotations

import contextlib
import ctypes
import sys
from collections.abc import Iterator
from typing import Any, Callable

import numpy as np

from .trouble import logger

_SIGNALED = (0x911A, 0x911C)  # GL_ALREADY_SIGNALED, GL_CONDITION_SATISFIED
_FLUSH = 0x0001  # GL_SYNC_FLUSH_COMMANDS_BIT
_ALPHA = np.uint32(0xFF000000 if sys.byteorder == "little" else 0x000000FF)

# What is changed, and given back: (what is asked, a place of glPixelStorei's).
_PACKING = ("GL_PACK_ALIGNMENT", "GL_PACK_ROW_LENGTH", "GL_PACK_SKIP_ROWS", "GL_PACK_SKIP_PIXELS")
_PACKED = (4, 0, 0, 0)


class NoPicture(Exception):
    """Nothing can be read, for the reason that is its text: a sentence."""


def opengl() -> Any:
    """Return PyOpenGL's functions."""
    from OpenGL import GL

    return GL


def steps(shape: tuple[int, int], wanted: tuple[int, int]) -> list[tuple[int, int]]:
    """Return the sizes on the way from a picture to a smaller one, each at least half of that before it.

    So every pixel has its part in what becomes of it: the card looks at four at a time.
    """
    found = []
    while shape != wanted:
        shape = (max(-(-shape[0] // 2), wanted[0]), max(-(-shape[1] // 2), wanted[1]))
        found.append(shape)
    return found


class ReadBack:
    """One picture on its way from the card.

    Attributes
    ----------
    pending : bool
        Whether something was begun and is not finished.
    """

    def __init__(self) -> None:
        self.pending = False
        self._gl: Any = None
        self._context: Any = None  # that what follows belongs to
        self._stages: list[tuple[tuple[int, int], int, int]] = []  # (rows, columns), framebuffer, renderbuffer
        self._buffer = 0  # on the card's side
        self._capacity = 0
        self._fence: Any = None
        self._shape = (0, 0)
        self._direct: np.ndarray | None = None  # read already, where the card has no such buffers
        self._pixels = np.empty((0, 0), np.uint32)

    def begin(self, native: Any, wanted: tuple[int, int], take: Callable[[np.ndarray], None]) -> bool:
        """Have what the widget has drawn read, as (rows, columns), no more than it has; not in a paint.

        The rest is as of finish, which is called until it returns True if this has not.
        """
        with _current(native) as context:
            gl = self._ready(context)
            shape = device_size(native)
            wanted = (min(wanted[0], shape[0]), min(wanted[1], shape[1]))
            _drain(gl)  # of somebody else, who has not looked
            before = _State(gl)
            try:
                gl.glBindFramebuffer(gl.GL_FRAMEBUFFER, _framebuffer(native, before.read))
                ways = [shape] if int(gl.glGetIntegerv(gl.GL_SAMPLES)) > 0 else []
                ways += steps(shape, wanted)
                if ways:
                    gl.glDisable(gl.GL_SCISSOR_TEST)
                    self._stage(ways)
                    self._shrink(shape)
                self._read(wanted)
                error = _drain(gl)  # where PyOpenGL does not look itself
                if error:
                    raise NoPicture(f"OpenGL does not hand over what napari has drawn (error {error:#x}).")
            finally:
                _drain(gl)
                before.restore()
            self._shape = wanted
            self.pending = True
            return self._finish(take)

    def finish(self, native: Any, take: Callable[[np.ndarray], None]) -> bool:
        """Hand over what was begun, as rows x columns x 4, uint8, the first row on top; False if it has not come yet.

        It may be used until the next call. All that is changed of OpenGL's state is given back. Raises NoPicture, or whatever
        OpenGL has against it.
        """
        if not self.pending:
            return True
        with _current(native) as context:
            if context is None or context is not self._context:
                self._forget()  # what was read is lost with its own context
                return True
            return self._finish(take)

    def abandon(self) -> None:
        """Do without what was begun."""
        self.pending = False
        self._direct = None

    def close(self, native: Any) -> None:
        """Give back what was taken of the card's memory."""
        self.abandon()
        if self._context is None or native is None:
            self._forget()
            return
        try:
            with _current(native) as context:
                if context is self._context:
                    self._delete()
        finally:
            self._forget()

    def _ready(self, context: Any) -> Any:
        """Return OpenGL, with nothing of another context's."""
        if context is None:
            raise NoPicture("napari has drawn without OpenGL.")
        if context is not self._context:
            self._forget()
            gl = opengl()
            for name in ("glBindFramebuffer", "glReadPixels", "glGetIntegerv"):
                if not getattr(gl, name, None):
                    raise NoPicture(f"The OpenGL of this machine has no {name}, which reads what napari has drawn.")
            self._gl, self._context = gl, context
            # Another one may lie where this one was.
            context.aboutToBeDestroyed.connect(self._forget)
        return self._gl

    def _forget(self) -> None:
        """Forget what belongs to a context that is gone."""
        self.abandon()
        context, self._context = self._context, None
        if context is not None:
            try:
                context.aboutToBeDestroyed.disconnect(self._forget)
            except (RuntimeError, TypeError):
                pass
        self._fence = None
        self._stages = []
        self._buffer = self._capacity = 0

    def _delete(self) -> None:
        gl = self._gl
        self._delete_stages()
        if self._buffer:
            gl.glDeleteBuffers(1, [self._buffer])
        if self._fence is not None:
            gl.glDeleteSync(self._fence)

    def _delete_stages(self) -> None:
        gl = self._gl
        for _, framebuffer, renderbuffer in self._stages:
            gl.glDeleteFramebuffers(1, [framebuffer])
            gl.glDeleteRenderbuffers(1, [renderbuffer])
        self._stages = []

    def _stage(self, ways: list[tuple[int, int]]) -> None:
        """Have framebuffers of these sizes."""
        if [shape for shape, _, _ in self._stages] == ways:
            return
        gl = self._gl
        for name in ("glBlitFramebuffer", "glGenFramebuffers", "glRenderbufferStorage", "glFramebufferRenderbuffer"):
            if not getattr(gl, name, None):
                raise NoPicture(f"The OpenGL of this machine has no {name}, which makes smaller what napari has drawn.")
        self._delete_stages()
        for rows, columns in ways:
            framebuffer, renderbuffer = int(gl.glGenFramebuffers(1)), int(gl.glGenRenderbuffers(1))
            self._stages.append(((rows, columns), framebuffer, renderbuffer))
            gl.glBindRenderbuffer(gl.GL_RENDERBUFFER, renderbuffer)
            gl.glRenderbufferStorage(gl.GL_RENDERBUFFER, gl.GL_RGBA8, columns, rows)
            gl.glBindFramebuffer(gl.GL_DRAW_FRAMEBUFFER, framebuffer)
            gl.glFramebufferRenderbuffer(gl.GL_DRAW_FRAMEBUFFER, gl.GL_COLOR_ATTACHMENT0, gl.GL_RENDERBUFFER, renderbuffer)
            status = gl.glCheckFramebufferStatus(gl.GL_DRAW_FRAMEBUFFER)
            if status != gl.GL_FRAMEBUFFER_COMPLETE:
                raise NoPicture(f"OpenGL makes no framebuffer of {rows} x {columns} pixels (status {int(status):#x}).")

    def _shrink(self, shape: tuple[int, int]) -> None:
        """Copy from stage to stage; the first one is read from what is bound."""
        gl = self._gl
        for smaller, framebuffer, _ in self._stages:
            gl.glBindFramebuffer(gl.GL_DRAW_FRAMEBUFFER, framebuffer)
            how = gl.GL_NEAREST if smaller == shape else gl.GL_LINEAR
            gl.glBlitFramebuffer(0, 0, shape[1], shape[0], 0, 0, smaller[1], smaller[0], gl.GL_COLOR_BUFFER_BIT, how)
            gl.glBindFramebuffer(gl.GL_READ_FRAMEBUFFER, framebuffer)
            shape = smaller

    def _read(self, shape: tuple[int, int]) -> None:
        gl = self._gl
        for name, value in zip(_PACKING, _PACKED):
            gl.glPixelStorei(getattr(gl, name), value)
        rows, columns = shape
        nbytes = rows * columns * 4
        if not getattr(gl, "glMapBuffer", None) or not getattr(gl, "glBindBuffer", None):
            if getattr(gl, "glBindBuffer", None):
                gl.glBindBuffer(gl.GL_PIXEL_PACK_BUFFER, 0)
            pixels = np.empty((*shape, 4), np.uint8)
            gl.glReadPixels(0, 0, columns, rows, gl.GL_RGBA, gl.GL_UNSIGNED_BYTE, pixels)
            self._direct = pixels.view(np.uint32)[..., 0]
            return
        if not self._buffer:
            self._buffer = int(gl.glGenBuffers(1))
        gl.glBindBuffer(gl.GL_PIXEL_PACK_BUFFER, self._buffer)
        if self._capacity != nbytes:
            gl.glBufferData(gl.GL_PIXEL_PACK_BUFFER, nbytes, None, gl.GL_STREAM_READ)
            self._capacity = nbytes
        gl.glReadPixels(0, 0, columns, rows, gl.GL_RGBA, gl.GL_UNSIGNED_BYTE, ctypes.c_void_p(0))
        if self._fence is not None:
            gl.glDeleteSync(self._fence)
            self._fence = None
        if getattr(gl, "glFenceSync", None):
            self._fence = gl.glFenceSync(gl.GL_SYNC_GPU_COMMANDS_COMPLETE, 0)

    def _finish(self, take: Callable[[np.ndarray], None]) -> bool:
        if self._direct is not None:
            read = self._direct
            self.abandon()
            take(self._upright(read))
            return True
        gl = self._gl
        if self._fence is not None:
            if int(gl.glClientWaitSync(self._fence, _FLUSH, 0)) not in _SIGNALED:
                return False
            gl.glDeleteSync(self._fence)
            self._fence = None
        self.pending = False
        bound = int(gl.glGetIntegerv(gl.GL_PIXEL_PACK_BUFFER_BINDING))
        gl.glBindBuffer(gl.GL_PIXEL_PACK_BUFFER, self._buffer)
        try:
            at = gl.glMapBuffer(gl.GL_PIXEL_PACK_BUFFER, gl.GL_READ_ONLY)
            address = at if isinstance(at, int) else ctypes.cast(at, ctypes.c_void_p).value
            if not address:
                raise NoPicture("OpenGL does not hand over what napari has drawn.")
            try:
                memory = (ctypes.c_uint32 * (self._shape[0] * self._shape[1])).from_address(address)
                found = self._upright(np.frombuffer(memory, np.uint32).reshape(self._shape))
            finally:
                gl.glUnmapBuffer(gl.GL_PIXEL_PACK_BUFFER)
        finally:
            gl.glBindBuffer(gl.GL_PIXEL_PACK_BUFFER, bound)
        take(found)
        return True

    def _upright(self, read: np.ndarray) -> np.ndarray:
        """Return pixels as they are looked at: OpenGL's first row is the lowest, and what lies below a window is no part of it."""
        if self._pixels.shape != read.shape:
            self._pixels = np.empty(read.shape, np.uint32)
        np.bitwise_or(read[::-1], _ALPHA, out=self._pixels)
        return self._pixels.view(np.uint8).reshape(*read.shape, 4)


@contextlib.contextmanager
def _current(native: Any) -> Iterator[Any]:
    """Make the widget's context the current one, and give back what was; the context is None where there is none."""
    from qtpy.QtGui import QOpenGLContext

    before = QOpenGLContext.currentContext()
    surface = None if before is None else before.surface()
    native.makeCurrent()
    context = QOpenGLContext.currentContext()
    try:
        yield context
    finally:
        if before is None:
            native.doneCurrent()
        elif before is not context:
            before.makeCurrent(surface)


def device_size(native: Any) -> tuple[int, int]:
    """Return (rows, columns) of a widget in pixels of the screen."""
    size = native.size() * float(native.devicePixelRatioF())
    return max(int(size.height()), 1), max(int(size.width()), 1)


def _framebuffer(native: Any, bound: int) -> int:
    try:
        return int(native.defaultFramebufferObject())
    except AttributeError:
        return bound


class _State:
    """OpenGL's state as it was found."""

    def __init__(self, gl: Any) -> None:
        self._gl = gl

        def asked(name: str) -> int:
            return int(gl.glGetIntegerv(getattr(gl, name)))

        self.read, self._draw = asked("GL_READ_FRAMEBUFFER_BINDING"), asked("GL_DRAW_FRAMEBUFFER_BINDING")
        self._renderbuffer, self._buffer = asked("GL_RENDERBUFFER_BINDING"), asked("GL_PIXEL_PACK_BUFFER_BINDING")
        self._packing = [asked(name) for name in _PACKING]
        self._scissor = bool(gl.glIsEnabled(gl.GL_SCISSOR_TEST))

    def restore(self) -> None:
        """Give it back, all that can be."""
        gl = self._gl
        steps: list[tuple[Any, ...]] = [
            (gl.glBindFramebuffer, gl.GL_READ_FRAMEBUFFER, self.read),
            (gl.glBindFramebuffer, gl.GL_DRAW_FRAMEBUFFER, self._draw),
            (gl.glBindRenderbuffer, gl.GL_RENDERBUFFER, self._renderbuffer),
            (gl.glBindBuffer, gl.GL_PIXEL_PACK_BUFFER, self._buffer),
            *((gl.glPixelStorei, getattr(gl, name), value) for name, value in zip(_PACKING, self._packing)),
        ]
        if self._scissor:
            steps.append((gl.glEnable, gl.GL_SCISSOR_TEST))
        for call, *args in steps:
            try:
                call(*args)
            except Exception:
                logger.debug("giving back OpenGL's state", exc_info=True)


def _drain(gl: Any) -> int:
    """Forget the errors that OpenGL has noted; return the last of them, 0 for none. A context that is lost has one for ever."""
    last = 0
    for _ in range(8):
        error = int(gl.glGetError())
        if not error:
            break
        last = error
    return last
