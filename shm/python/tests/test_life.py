"""Beginning and end: announcements, locks, segments, children, kills."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from watching import Ring, Watcher, until

import webmon
from webmon import Process, _announce, _segment

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="uses flock and /dev/shm")

# A process that shares a camera, flat out.
SCOPE = """
import sys, time
import numpy as np
import webmon

if __name__ == "__main__":
    webmon.serve("scope", launch=False)
    camera = webmon.share("camera", (512, 512), "u2")
    frame = np.zeros((512, 512), "u2")

    @webmon.command
    def crash() -> None:
        import os
        os._exit(7)

    print("ready")
    i = 0
    while True:
        i += 1
        frame[:] = i % 60000
        camera.publish(frame)
        webmon.set("i", i)
        webmon.send("e", i)
"""


def lockable(path):
    """Whether the file is that of a dead process; True also if it is gone."""
    try:
        fd = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except BlockingIOError:
        return False
    finally:
        os.close(fd)


def test_the_announcement(process, sources):
    (path,) = sources.iterdir()
    about = json.loads(path.read_text())
    assert path.name.startswith(f"{os.getpid()}-") and path.suffix == ".json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and stat.S_IMODE(sources.stat().st_mode) == 0o700 == stat.S_IMODE(sources.parent.stat().st_mode)
    assert {key: about[key] for key in ("protocol", "name", "kind", "pid", "instance", "address")} == {
        "protocol": 1, "name": "scope", "kind": "python", "pid": os.getpid(), "instance": process.instance, "address": process.address,
    }  # fmt: skip
    assert len(about["authkey"]) == 64 and int(about["authkey"], 16) and abs(about["started"] - time.time()) < 60
    assert Watcher(about["address"], about["authkey"]).data.get("hello")["instance"] == about["instance"]
    assert not lockable(path)
    process.close()
    assert not path.exists()


def test_folders_that_others_can_write_to(sources, caplog):
    sources.parent.mkdir(mode=0o700)
    sources.parent.chmod(0o770)
    with Process("scope", launch=False) as process:
        assert "chmod 700" in caplog.text and not sources.exists()
        assert len(_announce.announcements()) == 1  # in the next folder
        process.set("stage", 1)


def test_where_the_runtime_folder_is(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_RUNTIME_DIR", "not/absolute")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    run = f"/run/user/{os.getuid()}"
    want = f"{run}/webmon" if os.path.isdir(run) and os.stat(run).st_uid == os.getuid() else f"{tmp_path}/webmon-{os.getuid()}"
    assert str(_announce.runtime_dirs()[0]) == want


def test_the_dead_are_swept(subject, sources):
    dead = subject(SCOPE).says("ready")
    path, _ = dead.announced()
    names = dead.segments()
    assert names
    dead.end(group=True)  # its resource tracker as well
    assert path.exists() and set(os.listdir("/dev/shm")) >= set(names)
    living = subject(SCOPE).says("ready")
    assert not path.exists() and not set(os.listdir("/dev/shm")) & set(names)
    assert living.announced()[0].exists() and living.segments()
    # One more that begins leaves the living alone.
    with Process("other", launch=False):
        assert living.announced()[0].exists() and living.segments()
    living.end(group=True)
    _segment.sweep()
    assert not living.segments()


@pytest.mark.parametrize("how", ["SIGKILL", "SIGTERM", "SIGINT", "exit", "error", "crash"])
def test_nothing_is_left(subject, how):
    one = subject(
        """
        import os, sys, time
        import numpy as np, webmon
        process = webmon.serve("scope", launch=False)
        camera = webmon.share("camera", (64, 64), "u2")
        print("ready")
        line = sys.stdin.readline().strip()
        if line == "error":
            1 / 0
        if line == "crash":
            os.abort()
        """
        if how in ("exit", "error", "crash")
        else SCOPE
    ).says("ready")
    watcher = one.watch()
    watcher.want_topics({"array/camera": 1000.0})
    ring = Ring(watcher.data.get("arrays")["camera"])
    path, _ = one.announced()
    assert one.segments() and not lockable(path)
    if how in ("exit", "error", "crash"):
        one.tell(how)
        one.popen.wait(30)
    else:
        until(lambda: ring.latest > 3)
        one.end(getattr(signal, how))
    until(lambda: lockable(path), "the lock to go")
    until(lambda: not one.segments(), "the segments to go")
    if how in ("SIGINT", "exit", "error"):
        assert not path.exists() and ring.closed
    # What was mapped stays readable, and no half frame is taken for a whole one.
    got = ring.latest and ring.read()
    assert not got or got[0].min() == got[0].max()


def test_ctrl_c_is_the_programs_own(subject):
    one = subject(SCOPE).says("ready")
    one.watch()
    ended, text = one.end(signal.SIGINT), one.text()
    assert ended == -signal.SIGINT, text
    assert "KeyboardInterrupt" in text and text.count("Traceback") == 1 and "leaked" not in text


def test_a_stopped_watcher_is_not_noticed(subject, process, watch, monkeypatch):
    """SIGSTOP of who watches: the process goes on and forgets it."""
    monkeypatch.setattr("webmon._demand._FORGET", 1.0)
    address, key = process.address, process._offer.key
    watching = subject(
        f"""
        import sys
        from multiprocessing.managers import BaseManager
        class M(BaseManager): pass
        for n in ("napari_messages", "client_data"):
            M.register(n)
        host, port = {address!r}.split(":")
        m = M((host, int(port)), authkey={key!r}.encode())
        m.connect()
        notes, messages = m.client_data(), m.napari_messages()
        notes.update({{"want:x": {{"topics": {{"stage": 100.0, "array/camera": 100.0}}, "t": 0}}}})
        print("ready", flush=True)
        while True:
            messages.get(True, 10.0)
        """
    ).says("ready")
    camera = process.share("camera", (256, 256), "u2")
    frame = np.zeros((256, 256), "u2")
    os.kill(watching.pid, signal.SIGSTOP)
    deadline = time.monotonic() + 30
    while process.wanted("stage"):
        process.set("stage", 1)
        process.send("spot", {"text": "x" * 1000})
        camera.publish(frame)
        assert time.monotonic() < deadline
    assert camera.publish(frame) is False
    os.kill(watching.pid, signal.SIGCONT)
    assert watch(process).data.get("stage") == 1


def test_a_forked_child(subject):
    one = subject(
        """
        import os, sys, time
        import numpy as np, webmon
        process = webmon.serve("scope", launch=False)
        camera = webmon.share("camera", (64, 64), "u2")
        frame = np.zeros((64, 64), "u2")
        camera.publish(frame)
        pid = os.fork()
        if pid == 0:
            # All of this does nothing.
            webmon.set("stage", "child")
            webmon.send("spot", 1)
            assert camera.publish(frame) is False and process.closed
            camera.close()
            assert webmon.poll() == 0
            print("child", os.getpid(), flush=True)
            sys.stdin.readline()
            sys.exit(0)  # with everything that Python does at its end
        print("ready", flush=True)
        webmon.set("stage", "parent")
        print("status", os.waitpid(pid, 0)[1], flush=True)
        webmon.set("stage", "alone")
        print("published", camera.publish(frame), flush=True)
        time.sleep(600)
        """
    ).says("child").says("ready")
    watcher = one.watch()
    watcher.want_topics({"array/camera": 1000.0})
    assert watcher.data.get("stage") == "parent"
    one.tell("go")
    one.says("status 0")
    one.says("published True")
    assert watcher.data.get("stage") == "alone" and one.segments() and not lockable(one.announced()[0])
    assert Ring(watcher.data.get("arrays")["camera"]).latest == 1


def test_a_child_does_not_hold_the_lock(subject):
    one = subject(
        """
        import os, sys, time, webmon
        webmon.serve("scope", launch=False)
        webmon.share("camera", (4, 4), "u2")
        if os.fork() == 0:
            print("child", flush=True)
            time.sleep(600)
        print("parent", flush=True)
        time.sleep(600)
        """
    ).says("child").says("parent")
    path, about = one.announced()
    assert not lockable(path)
    one.end(signal.SIGKILL)  # the child lives on
    until(lambda: lockable(path), "the lock to go")
    _announce.sweep_announcements()
    assert not path.exists()
    with pytest.raises(OSError):
        Watcher(about["address"], about["authkey"])
    _segment.sweep()
    assert not one.segments()


def test_a_child_offers_itself(subject, sources):
    one = subject(
        """
        import os, sys, time, webmon
        webmon.serve("parent", launch=False)
        if os.fork() == 0:
            webmon.serve("child", launch=False)
            webmon.set("who", "child")
        else:
            webmon.set("who", "parent")
        print("ready", flush=True)
        time.sleep(600)
        """
    )
    paths = until(lambda: len(list(sources.glob("*.json"))) == 2 and list(sources.glob("*.json")))
    until(lambda: one.text().count("ready") == 2)
    who = {}
    for path in paths:
        about = json.loads(path.read_text())
        watcher = Watcher(about["address"], about["authkey"])
        who[watcher.data.get("hello")["name"]] = watcher.data.get("who"), about["instance"]
    assert {name: told for name, (told, _) in who.items()} == {"parent": "parent", "child": "child"}
    assert who["parent"][1] != who["child"][1]


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_beside_multiprocessing(subject, sources, method):
    """Also where the script offers itself outside its main guard, so that a spawned child runs it again."""
    one = subject(
        f"""
        import multiprocessing, time
        import webmon

        webmon.serve("scope", launch=False)
        camera = webmon.share("camera", (16, 16), "u1")

        def work(n):
            webmon.set("stage", "child")
            return n * n

        if __name__ == "__main__":
            with multiprocessing.get_context({method!r}).Pool(2) as pool:
                print("got", pool.map(work, range(4)), flush=True)
            with multiprocessing.Manager() as manager:
                print("list", list(manager.list([1])), flush=True)
            webmon.set("stage", "parent")
            print("done", flush=True)
            time.sleep(600)
        """
    )
    one.says("got [0, 1, 4, 9]").says("list [1]").says("done")
    assert len(list(sources.glob("*.json"))) == 1
    watcher = one.watch()
    assert watcher.data.get("stage") == "parent" and len(one.segments()) == 1
    assert watcher.data.get("hello")["pid"] == one.pid
    one.end(signal.SIGINT)
    assert not one.segments() and "leaked" not in one.text()


def test_a_name_of_its_own(subject):
    one = subject('import webmon, time\nwebmon.serve(launch=False)\nprint("ready")\ntime.sleep(600)').says("ready")
    assert one.announced()[1]["name"].startswith("subject")


def fake_webmon(tmp_path, monkeypatch, body):
    program = tmp_path / "webmon-program"
    program.write_text(f"#!{sys.executable}\nimport os, sys\n{body}\n")
    program.chmod(0o755)
    monkeypatch.setenv("WEBMON", str(program))


def test_webmon_is_started(tmp_path, monkeypatch):
    monkeypatch.setenv("NAPARI_MON_CLIENT", "x")
    out = tmp_path / "started"
    body = f"""
open({str(out)!r} + ".tmp", "w").write(repr(dict(sid=os.getsid(0), pid=os.getpid(), env=dict(os.environ), args=sys.argv[1:], tty=sys.stdin.read())))
os.rename({str(out)!r} + ".tmp", {str(out)!r})
"""
    fake_webmon(tmp_path, monkeypatch, body)
    with Process("scope"):
        started = eval(until(lambda: out.exists() and out.read_text()))
    assert started["sid"] == started["pid"] and started["args"] == [] and started["tty"] == ""
    assert started["env"]["WEBMON_LINGER"] == "10m" and "NAPARI_MON_CLIENT" not in started["env"]
    assert "WEBMON_LOG_PATH" not in started["env"]  # webmon knows where, and what to do where that cannot be
    # It is waited for, so that no zombie stays.
    until(lambda: not os.path.exists(f"/proc/{started['pid']}"))


def test_a_running_webmon_is_found(tmp_path, monkeypatch, sources):
    started = tmp_path / "started"
    fake_webmon(tmp_path, monkeypatch, f"open({str(started)!r}, 'w')")
    folder = sources.parent
    folder.mkdir(mode=0o700)
    record = folder / "webmon.json"
    record.touch(mode=0o600)
    record.write_text(json.dumps({"url": "http://127.0.0.1:5050/?token=abc", "pid": 1}))
    fd = os.open(folder / "webmon.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        assert webmon.url() is None  # left by one that died
        fcntl.flock(fd, fcntl.LOCK_EX)
        assert webmon.url() == "http://127.0.0.1:5050/?token=abc"
        with Process("scope") as process:
            until(lambda: not [t for t in threading.enumerate() if t.name == "webmon launch"])
            assert process.url == "http://127.0.0.1:5050/?token=abc" and not started.exists()
        lines = subprocess.run([sys.executable, "-m", "webmon", "where"], env={**os.environ, "PYTHONPATH": os.path.dirname(os.path.dirname(webmon.__file__))}, capture_output=True, text=True)
        assert lines.stdout.splitlines() == ["http://127.0.0.1:5050/?token=abc"] and lines.returncode == 0
        # Nobody is sent to the address of one that died, which may be another program's by now.
        died = subprocess.Popen([sys.executable, "-c", ""])
        died.wait()
        good = record.read_text()
        for other in ("{", "[]", json.dumps({"url": "http://127.0.0.1:5050/?token=old", "pid": died.pid}), json.dumps({"url": "x"})):
            record.write_text(other)
            assert webmon.url() is None, other
        # Nor to that of somebody else.
        record.write_text(good)
        for mode in (0o644, 0o602):
            record.chmod(mode)
            assert webmon.url() is None, oct(mode)
        record.chmod(0o600)
        assert webmon.url() is not None
        folder.chmod(0o777)
        assert webmon.url() is None
        folder.chmod(0o700)
        record.rename(folder / "elsewhere.json")
        record.symlink_to("elsewhere.json")
        assert webmon.url() is None
    finally:
        os.close(fd)


def test_another_user_has_the_folder(tmp_path, monkeypatch, caplog):
    if os.path.isdir(f"/run/user/{os.getuid()}"):
        pytest.skip("the system gives this user a folder")
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    squatted = tmp_path / f"webmon-{os.getuid()}"
    instead = tmp_path / "state" / "webmon" / f"run-{socket.gethostname()}"
    for squat in (
        lambda: squatted.mkdir() or squatted.chmod(0o777),
        lambda: squatted.touch(exist_ok=False),
        lambda: squatted.symlink_to(tmp_path),
    ):
        while True:
            try:
                squat()
            except FileExistsError:
                shutil.rmtree(squatted)  # a thread of the process before has looked for webmon, and so made it
            else:
                break
        with Process("scope") as process:
            assert [p.parent for p in _announce.announcements()] == [instead / "sources"]
        if squatted.is_dir() and not squatted.is_symlink():
            squatted.rmdir()
        else:
            squatted.unlink()
    # A webmon that chose that folder is found from the other.
    (instead / "webmon.json").touch(mode=0o600)
    (instead / "webmon.json").write_text(json.dumps({"url": "http://127.0.0.1:5050/?token=abc", "pid": os.getpid()}))
    with open(os.open(instead / "webmon.lock", os.O_RDWR | os.O_CREAT, 0o600), "wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert _announce.runtime_dirs()[0] == squatted
        assert webmon.url() == "http://127.0.0.1:5050/?token=abc"
    # Without any folder the process goes on, and says why nobody finds it.
    for name in ("TMPDIR", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(instead / "webmon.json"))
    with Process("scope") as process:
        assert process.url is None and _announce.announcements() == []
    assert "cannot find this process: there is no folder" in caplog.text


def test_no_home(monkeypatch):
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    for home in (None, "nowhere"):
        if home is None:
            monkeypatch.delenv("HOME", raising=False)
        else:
            monkeypatch.setenv("HOME", home)
        with pytest.raises(OSError, match="HOME is not set"):
            _announce.state_dir()
        assert _announce.runtime_dirs()


@pytest.mark.parametrize("program", ["nothing", "fails", None])
def test_webmon_that_does_not_start(tmp_path, monkeypatch, caplog, program):
    if program == "nothing":
        monkeypatch.setenv("WEBMON", str(tmp_path / "nothing"))
    elif program == "fails":
        fake_webmon(tmp_path, monkeypatch, "sys.exit(2)")
    with Process("scope") as process:
        until(lambda: not [t for t in threading.enumerate() if t.name == "webmon launch"])
        assert process.url is None
    assert ("is no program" in caplog.text, "status 2" in caplog.text) == (program == "nothing", program == "fails")


@pytest.mark.parametrize(
    ("made", "why"),
    [
        ("sys.executable = None", "sys.executable is empty"),
        ("sys.executable = ''", "sys.executable is empty"),
        ("sys.frozen = True", "frozen"),
        ("sys.executable = '/opt/maya/bin/maya.bin'", "built into another program"),
        ("sys.executable = '/nowhere/python3'", "there is no program"),
        ("import multiprocessing.resource_tracker as r; r._resource_tracker.ensure_running = lambda: 1 / 0", "could not be started"),
    ],
)
def test_no_clean_up_helper(subject, made, why):
    """Where Python's resource tracker cannot run, arrays are shared without it, and that is said once."""
    one = subject(
        f"""
        import sys
        {made}
        import numpy as np, webmon
        process = webmon.serve("scope", launch=False)
        camera = webmon.share("camera", (64, 64), "u2")
        other = webmon.share("other", (64, 64), "u2")
        print("ready")
        while not camera.publish(np.zeros((64, 64), "u2")):
            pass
        print("published")
        sys.stdin.readline()
        """
    ).says("ready")
    watcher = one.watch()
    watcher.want_topics({"array/camera": 1000.0})
    one.says("published")
    assert Ring(watcher.data.get("arrays")["camera"]).latest == 1
    text = one.text()
    assert text.count("resource tracker") == 1 and why in text and "Traceback" not in text
    names = one.segments()
    one.end(signal.SIGKILL)
    assert set(one.segments()) == set(names)  # nobody was there to remove them
    _segment.sweep()
    assert not one.segments()


def test_a_segment_of_somebody_elses(process):
    """What stands under the name of our segment and is not it stays."""
    camera = process.share("camera", (4, 4), "u2")
    path = f"/dev/shm/{camera._segment.name}"
    os.unlink(path)
    with open(path, "w") as other:
        other.write("other")
    try:
        camera.close()
        with open(path) as other:
            assert other.read() == "other"
    finally:
        os.unlink(path)
