# SPDX-License-Identifier: Apache-2.0
"""What isolated workers leave and do to one another, forked ones above all."""

import pathlib
import socket

import pytest

from engine import function_folder, wait_until
from test_isolation import Home, UserEngine, config, home, interpreted  # noqa: F401 home is a fixture


LEAVING = """
import os, resource, signal, socket, time

def leave(port):
    connection = socket.create_connection(("127.0.0.1", port))
    connection.set_inheritable(True)
    for begin in (sleep, run):
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                for number in set(range(1024)) - {connection.fileno()}:
                    try:
                        os.close(number)
                    except OSError:
                        pass
                begin()
            os._exit(0)

def sleep():
    os.execve("/bin/sleep", ["sleep", "600"], {})

def run():
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if os.fork() != 0:
            os._exit(0)
        os.setsid()

def handle(event, context):
    how, port = event.json()
    if how == "look":
        return "there"
    leave(port)
    if how == "crash":
        os._exit(3)
    time.sleep(60)
"""


@pytest.mark.parametrize("zygote", ["1h", "0s"])
@pytest.mark.parametrize("end", ["crash", "timeout", "kill"])
def test_nothing_outlives_a_worker(home, zygote, end):
    """Not in a session of its own, without its environment, or forking faster than it can be found."""
    code = function_folder(home.folder, LEAVING)
    function = interpreted("function:handle", f"zygote: {zygote}\n    timeout: {'1s' if end == 'timeout' else '60s'}")
    with UserEngine(home, config("python", code, "required", function)) as engine, socket.create_server(("127.0.0.1", 0)) as server:
        engine.produce("input", [{"key": "k", "data": ["look", 0]}])
        engine.wait_settled("job")  # there is a zygote from now on
        engine.produce("input", [{"key": "k", "data": [end, server.getsockname()[1]]}])
        server.settimeout(60)
        connection, _ = server.accept()
        if end == "kill":
            engine.kill()
        else:
            engine.wait_settled("job")
        connection.settimeout(20)
        assert connection.recv(1) == b"", "all that had it have ended"


def test_copies_of_a_zygote_leave_one_another_alone(home):
    code = function_folder(home.folder, """
import os, resource, signal, socket

def refused(attempt, *arguments):
    try:
        attempt(*arguments)
    except OSError:
        return True
    return False

def shows(look):
    with open(look, "rb") as file:
        if not file.read(1):
            raise OSError("of a process that has ended")

def handle(event, context):
    port, *others = event.json()
    if not others:
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(f"{os.getpid()}".ljust(16).encode())
            return connection.recv(16).decode()
    os.kill(-1, signal.SIGKILL)
    looks = [f"/proc/{other}/{what}" for other in others for what in ("mem", "environ", "maps")]
    allowed = [look for look in looks if not refused(shows, look)]
    allowed += [f"signal {other}" for other in others if not refused(os.kill, other, 0)]
    return f"{len(looks)} looks, allowed: {allowed}"
""")
    function = interpreted("function:handle", "scale: { max: 2 }")
    with UserEngine(home, config("python", code, "required", function, ", order: none")) as engine, socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        engine.produce("input", [{"key": "a", "data": [server.getsockname()[1]]}])
        connection, _ = server.accept()
        copy = int(connection.recv(16, socket.MSG_WAITALL))
        children = pathlib.Path(f"/proc/{engine.process.pid}/task").glob("*/children")
        others = {int(child) for file in children for child in file.read_text().split()} | {copy, engine.process.pid}
        assert len(others) > 3, "the engine, the zygote, the copy and its guard"
        engine.produce("input", [{"key": "b", "data": [0, *others]}])
        [made] = wait_until(lambda: engine.consume("output") or engine.letters(), "the second ends")
        assert made.get("data", "").endswith("looks, allowed: []"), made
        connection.sendall(b"go on")
        engine.wait_settled("job")
        assert engine.letters() == [] and engine.consume("output")[-1]["data"] == "go on"


def test_copies_of_a_zygote_write_nothing_to_the_data_folder(home):  # noqa: F811
    """Which another function, or the engine itself, would miss on its disk. Nor can they change what is there."""
    elsewhere = Home(home.user, "/var/tmp")
    try:
        code = function_folder(elsewhere.folder, """
import errno, os, pathlib

def tried(attempt, *arguments):
    try:
        attempt(*arguments)
    except OSError as error:
        return errno.errorcode[error.errno]
    return "done"

def handle(event, context):
    state = pathlib.Path(event.text())
    if not state.name:
        return None
    return " ".join([tried((state / "x").write_text, "x"), tried((state / "x").mkdir), tried(os.rename, state / "imports", state / "y"),
                     tried((state / "bytecode/x").write_text, "x"), str(len(list((state / "bytecode").iterdir())))])
""")
        with UserEngine(elsewhere, config("python", code, "required", interpreted("function:handle"))) as engine:
            state = elsewhere.folder / "data/functions/work"
            engine.produce("input", [{"key": "k", "data": "/"}])
            engine.wait_settled("job")
            wait_until(lambda: (state / "imports").exists(), "the zygote has learnt")
            engine.produce("input", [{"key": "k", "data": str(state)}])
            engine.wait_settled("job")
            assert engine.letters() == []
            [made] = [event["data"] for event in engine.consume("output")]
            assert made == "EACCES EACCES EACCES done 2", made
            assert list((state / "bytecode").iterdir()) == [], "it is in memory"
    finally:
        elsewhere.close()
