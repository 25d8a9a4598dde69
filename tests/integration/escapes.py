# SPDX-License-Identifier: Apache-2.0
"""What a hostile function tries. Each attempt answers what it got, or the name of the error."""

import ctypes
import errno
import json
import os
import pathlib
import resource
import shutil
import socket
import sys

_libc = ctypes.CDLL(None, use_errno=True)
_PTRACE, _UNSHARE, _NEWUSER = {"x86_64": (101, 272, 0x10000000)}.get(os.uname().machine, (117, 97, 0x10000000))


def _call(number, *arguments):
    if _libc.syscall(number, *arguments) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return "done"


def _read(path):
    return pathlib.Path(path).read_text()[:100]


def _write(path):
    pathlib.Path(path).write_text("x")
    return "written"


def _connect(family, address):
    with socket.socket(family) as client:
        client.settimeout(5)
        client.connect(address)
    return "connected"


def _set_user_id(path):
    _write(path)
    try:
        os.chmod(path, 0o4755)
    finally:
        os.unlink(path)
    return "set"


def _many_files(folder, count):
    os.mkdir(folder)
    try:
        for number in range(count):
            os.close(os.open(f"{folder}/{number}", os.O_CREAT | os.O_WRONLY))
    finally:
        shutil.rmtree(folder)
    return "made"


def _fill(size):
    try:
        with open("/tmp/large", "wb", buffering=0) as file:
            for _ in range(size >> 16):
                if file.write(bytes(1 << 16)) < 1 << 16:
                    return "ENOSPC"
    finally:
        pathlib.Path("/tmp/large").unlink()
    return "filled"


def attempts(target):
    return {
        "shadow": lambda: _read("/etc/shadow"),
        "data": lambda: ",".join(sorted(os.listdir(target["data"]))) or "empty",
        "config": lambda: _read(target["config"]),
        "other code": lambda: _read(target["other"]),
        "marker in /tmp": lambda: _read(target["marker"]),
        "own code": lambda: _write(os.path.join(target["code"], "written")),
        "outside": lambda: _write(target["outside"]),
        "/var/tmp": lambda: _write("/var/tmp/" + target["name"]),
        "/tmp": lambda: _write("/tmp/" + target["name"]),
        "fill": lambda: _fill(target["size"]),
        "admin socket": lambda: _connect(socket.AF_UNIX, os.path.join(target["data"], "admin.sock")),
        "port": lambda: _connect(socket.AF_INET, ("127.0.0.1", target["port"])),
        "signal": lambda: os.kill(target["engine"], 0) or "sent",
        "mode of shadow": lambda: os.chmod("/etc/shadow", os.stat("/etc/shadow").st_mode & 0o777) or "changed",
        "mode": lambda: os.chmod(target["victim"], 0o600) or "changed",
        "times": lambda: os.utime(target["victim"], (1, 1)) or "changed",
        "attribute": lambda: os.setxattr(target["victim"], "user.x", b"x") or "changed",
        "set-user-ID": lambda: _set_user_id(f"/tmp/{target['name']}-set-user-id"),
        "many files": lambda: _many_files(f"/tmp/{target['name']}-many", 1000),
        "limits": lambda: resource.prlimit(target["engine"], resource.RLIMIT_CORE, (0, 0)) and "changed",
        "priority": lambda: os.setpriority(os.PRIO_PROCESS, target["engine"], os.getpriority(os.PRIO_PROCESS, 0)) or "changed",
        "processors": lambda: os.sched_setaffinity(target["engine"], os.sched_getaffinity(0)) or "changed",
        "environ": lambda: _read(f"/proc/{target['engine']}/environ"),
        "memory": lambda: open(f"/proc/{target['engine']}/mem", "rb").close() or "opened",
        "ptrace": lambda: _call(_PTRACE, 0, 0, 0, 0),
        "unshare": lambda: _call(_UNSHARE, _NEWUSER),
    }


def _outcome(attempt):
    try:
        return str(attempt())
    except OSError as error:
        return errno.errorcode.get(error.errno, type(error).__name__)


def escape(target):
    return {name: _outcome(attempt) for name, attempt in attempts(target).items()}


if __name__ == "__main__":
    print(json.dumps(escape(json.loads(sys.argv[1]))))
