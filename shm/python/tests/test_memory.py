"""Where segments are kept on each system, and what is promised of them there."""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import signal
import stat
import sys

import numpy as np
import pytest
import watching

from webmon import _memory, _private, _segment

unix = pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps no files")
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="imitates the other systems on Linux")
windows = pytest.mark.skipif(sys.platform != "win32", reason="is the real thing, which only Windows has")


@pytest.fixture
def disk(tmp_path, monkeypatch):
    store = _memory.Files(str(tmp_path / "caches" / "segments"), disk=True)
    monkeypatch.setattr(_segment, "STORE", store)
    return store


def test_every_system_has_its_place(monkeypatch, tmp_path):
    def on(platform):
        monkeypatch.setattr(sys, "platform", platform)
        return _memory.here()

    monkeypatch.setenv("HOME", str(tmp_path))
    assert (on("linux").folder, on("linux").disk) == ("/dev/shm", False)
    assert on("darwin").disk and on("darwin").folder == os.path.join(str(tmp_path), "Library", "Caches", "webmon", "segments")
    assert isinstance(on("win32"), _memory.Sections) and on("win32").prefix == "Local\\"
    assert on("sunos5") is None
    for home in (None, "", "somewhere"):
        monkeypatch.delenv("HOME") if home is None else monkeypatch.setenv("HOME", home)
        with pytest.raises(OSError, match="HOME"):
            on("darwin").make("webmon-1-a", 8192)


@unix
def test_a_folder_of_the_users_own(disk):
    held = disk.make("webmon-1-a", 8192)
    try:
        assert stat.S_IMODE(os.stat(disk.folder).st_mode) == 0o700
        assert stat.S_IMODE(os.stat(f"{disk.folder}/webmon-1-a").st_mode) == 0o600
        with pytest.raises(OSError) as caught:
            disk.make("webmon-1-a", 8192)
        assert caught.value.errno == errno.EEXIST and disk.folder in str(caught.value)
    finally:
        held.remove()
        held.close()
    assert os.listdir(disk.folder) == []
    # One that others can write to is not believed, whoever made it.
    os.chmod(disk.folder, 0o777)
    with pytest.raises(_private.NotBelieved, match="0777"):
        disk.make("webmon-1-a", 8192)
    disk.sweep()


@unix
def test_a_disk_has_no_holes_where_frames_come(disk):
    """A hole is filled when it is written to, and the disk may be full by then, which would end the process."""
    segment = _segment.Segment((2048, 2048), np.dtype("u2"), 3, b"{}")
    try:
        path = f"{disk.folder}/{segment.name}"
        assert os.stat(path).st_blocks * 512 < 1 << 20
        segment.commit()
        assert os.stat(path).st_blocks * 512 >= segment.total and os.stat(path).st_size == segment.total
        segment.write(np.full((2048, 2048), 7, "u2"), 1, (0.0, 0.0), (1.0, 1.0), 0)
        assert (segment._places[1] == 7).all()
    finally:
        segment.close()
    assert os.listdir(disk.folder) == []


@unix
def test_a_disk_is_not_filled_up(disk, tmp_path):
    info = os.statvfs(tmp_path)
    free = info.f_bavail * info.f_frsize
    with pytest.raises(OSError, match="1024 MiB stay free") as caught:
        _segment.Block((free,), np.dtype("u1"), b"{}")
    assert caught.value.errno == errno.ENOSPC and disk.folder in str(caught.value)
    info = os.statvfs(tmp_path)
    assert info.f_bavail * info.f_frsize > free / 2 and os.listdir(disk.folder) == []


@linux
def test_the_next_process_removes_what_a_killed_one_has_left(disk, subject):
    """On a disk no helper does it at once."""
    code = f"""
        import sys, webmon
        from webmon import _memory, _segment
        _segment.STORE = _memory.Files({disk.folder!r}, disk=True)
        process = webmon.serve("scope", launch=False)
        webmon.share("camera", (64, 64), "u2")
        brain = process.volume("brain", (8, 8, 8), "u1")
        print("ready")
        sys.stdin.readline()
        """
    one = subject(code).says("ready")
    first = os.listdir(disk.folder)
    assert len(first) == 2
    one.end(signal.SIGKILL)
    assert os.listdir(disk.folder) == first
    two = subject(code).says("ready")
    names = os.listdir(disk.folder)
    assert len(names) == 2 and not set(names) & set(first)
    two.tell("")
    watching.until(lambda: not os.listdir(disk.folder), "an end that leaves nothing")


class Imitated:
    """Windows' calls on Linux: addresses without memory, of which a touch ends the process, and memory later."""

    def __init__(self, monkeypatch):
        self.names = {}
        self.handles = {}
        self.committed = []
        self.most = 1 << 40
        libc = ctypes.CDLL(None, use_errno=True)
        real = mmap.mmap

        def mapped(fd, size, tagname):
            assert fd == -1 and self.names[tagname] == size
            memory = real(-1, size)
            self.protect(memory, 0, size, 0)
            return memory

        def protect(memory, start, end, what):
            first = ctypes.c_char.from_buffer(memory)
            assert libc.mprotect(ctypes.c_void_p(ctypes.addressof(first) + start), ctypes.c_size_t(end - start), what) == 0

        self.protect = protect
        monkeypatch.setattr(mmap, "mmap", mapped)
        monkeypatch.setattr(_memory, "_windows", lambda: self)
        monkeypatch.setattr(_segment, "STORE", _memory.Sections())

    def create(self, path, total):
        if path in self.names:
            raise FileExistsError(errno.EEXIST, "taken")
        self.names[path] = total
        handle = len(self.names)
        self.handles[handle] = path
        return handle

    def commit(self, memory, start, end, total):
        if end > self.most:
            raise OSError(errno.ENOMEM, "there is no room")
        self.protect(memory, start, end, mmap.PROT_READ | mmap.PROT_WRITE)
        self.committed.append((start, end))

    def close(self, handle):
        del self.handles[handle]


@linux
def test_named_memory(monkeypatch):
    """What it asks of Windows, and when: a frame is never written to where there is no memory yet."""
    system = Imitated(monkeypatch)
    segment = _segment.Segment((1024, 1024), np.dtype("u2"), 3, b"{}")
    assert list(system.handles.values()) == [f"Local\\{segment.name}"]
    assert system.committed == [(0, 4096)] and not segment.committed and segment.sound() and segment.found()
    segment.beat(3, 5)
    system.most = 1 << 20
    with pytest.raises(OSError, match="no room"):
        segment.commit()
    assert not segment.committed
    system.most = 1 << 30
    segment.commit()
    assert segment.committed and system.committed == [(0, 4096), (4096, segment.total)]
    segment.write(np.full((1024, 1024), 7, "u2"), 1, (0.0, 0.0), (1.0, 1.0), 0)
    words = segment._words.tolist()
    assert words[4] == 1 and words[9:11] == [5, 3]
    memory = segment._held.memory
    segment.close()
    segment.close()
    assert not system.handles and memory.closed and not segment.sound() and not segment.found()

    small = _segment.Segment((4, 4), np.dtype("u2"), 2, b"{}")
    assert small.committed
    block = _segment.Block((8, 8), np.dtype("u1"), b"{}")
    assert block.committed and len(system.handles) == 2
    data = block.data
    data[:] = 3
    block.tell(2)
    block.close()
    block.tell(3)
    assert data.sum() == 3 * 64 and len(system.handles) == 1
    small.close()


@linux
def test_named_memory_that_cannot_be_had(monkeypatch):
    system = Imitated(monkeypatch)
    system.most = 100
    with pytest.raises(OSError, match="no room"):
        _segment.Segment((1024, 1024), np.dtype("u2"), 3, b"{}")
    assert not system.handles
    monkeypatch.setattr(mmap, "mmap", lambda *args, **kwds: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        _segment.Segment((4, 4), np.dtype("u2"), 3, b"{}")
    assert not system.handles


@windows
def test_the_memory_of_windows():
    def opened(name):
        """Whether the name leads to memory."""
        kernel = ctypes.WinDLL("kernel32")
        kernel.OpenFileMappingW.restype = ctypes.c_void_p
        kernel.OpenFileMappingW.argtypes = ctypes.c_ulong, ctypes.c_int, ctypes.c_wchar_p
        kernel.CloseHandle.argtypes = (ctypes.c_void_p,)
        handle = kernel.OpenFileMappingW(4, 0, f"Local\\{name}")
        if handle:
            kernel.CloseHandle(handle)
        return bool(handle)

    segment = _segment.Segment((1024, 1024), np.dtype("u2"), 3, b"{}")
    assert opened(segment.name) and not segment.committed and segment.sound() and segment.found()
    segment.commit()
    segment.write(np.full((1024, 1024), 7, "u2"), 1, (0.0, 0.0), (1.0, 1.0), 0)
    assert segment.committed and (segment._places[1] == 7).all()
    with pytest.raises(FileExistsError):
        _segment.STORE.make(segment.name, 8192)
    segment.close()
    assert not opened(segment.name) and not segment.sound()

    block = _segment.Block((8, 8), np.dtype("u1"), b"{}")
    data = block.data
    data[:] = 3
    block.close()
    assert data.sum() == 3 * 64  # it is theirs for as long as they have it
    name = block.name
    assert opened(name)
    del data, block
    assert not opened(name)

    with pytest.raises(OSError, match="no room"):
        _segment.Block((1 << 46,), np.dtype("u1"), b"{}")  # Wine has no limit but that of addresses
