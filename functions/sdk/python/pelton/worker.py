# SPDX-License-Identifier: Apache-2.0
"""The process that Pelton starts: ``python3 -m pelton.worker``."""

import faulthandler
import fcntl
import importlib
import logging
import os
import signal
import socket
import sys

from . import __version__, handlers, wire
from .frame import Frame
from .runner import Runner, _loop, message_of, stack_of

PROTOCOL = 1
# From here on are the descriptors that are the SDK's own.
_OWN_DESCRIPTORS = 100


class Worker:
    """The connection to the engine and the loaded handler."""

    def __init__(self, connection):
        self.connection = connection
        self.function = ""
        self.timeout = 0.0

    def read(self):
        """The next frame as a memoryview; ``None`` at the end of the connection."""
        length = self._exactly(4)
        if length is None:
            return None
        return self._exactly(int.from_bytes(length, "little"))

    def _exactly(self, count):
        buffer = bytearray(count)
        view = memoryview(buffer)
        got = 0
        while got < count:
            received = self.connection.recv_into(view[got:])
            if not received:
                return None
            got += received
        return view

    def send(self, number, message):
        frame = bytearray()
        wire.put_bytes(frame, number, message)
        self.connection.sendall(len(frame).to_bytes(4, "little") + frame)


class _Lines(logging.Formatter):
    """Lines with the priority that tells the engine their level."""

    def format(self, record):
        level = record.levelno
        priority = 3 if level >= logging.ERROR else 4 if level >= logging.WARNING else 6 if level >= logging.INFO else 7
        return "\n".join(f"<{priority}>{line}" for line in super().format(record).split("\n"))


def log_lines():
    """From now on the root logger writes lines as the engine reads them. Idempotent."""
    output = logging.StreamHandler()
    output.setFormatter(_Lines())
    logging.basicConfig(level=logging.INFO, handlers=[output])


def _load(code, handler):
    module_name, _, attribute = handler.partition(":")
    sys.path.insert(0, code)
    module = importlib.import_module(module_name)
    target = module
    for part in (attribute or "handle").split("."):
        if not hasattr(target, part):
            raise AttributeError(f"module {module_name} ({module.__file__}) has no {attribute or 'handle'}")
        target = getattr(target, part)
    return handlers.adapt(target, handler)


def _start_failed(error):
    message = message_of(error)
    if isinstance(error, ModuleNotFoundError):
        message += (f" (looked for by {sys.executable}, Python {sys.version.split()[0]}; install it for this"
                    " interpreter, or name another one with the function's `interpreter` option)")
    stack = stack_of(error)
    out = bytearray()
    wire.put_bytes(out, 1, type(error).__name__.encode())
    wire.put_bytes(out, 2, message.encode("utf-8", "replace"))
    wire.put_bytes(out, 3, stack.encode("utf-8", "replace")[-16384:])
    return out


def _ready(batch):
    out = bytearray()
    wire.put_varint(out, 1, PROTOCOL)
    wire.put_varint(out, 2, int(batch))
    loop = "C loop" if _loop is not None else "Python loop"
    wire.put_bytes(out, 3, f"python {__version__} ({loop}, Python {sys.version.split()[0]})".encode())
    wire.put_varint(out, 4, 1)
    return out


def _start(worker, message):
    """Loads the handler that a Start message names; ``None`` when it cannot be."""
    code = handler = ""
    for number, value in wire.fields(message):
        if number == 2:
            worker.function = bytes(value).decode()
        elif number == 3:
            handler = bytes(value).decode()
        elif number == 4:
            code = bytes(value).decode()
        elif number == 6:
            worker.timeout = value / 1000
    try:
        return _load(code, handler)
    except BaseException as error:  # noqa: BLE001 also SystemExit from a module's top level
        worker.send(2, _start_failed(error))
        return None


def _take_descriptor(variable):
    """The descriptor that a variable names, where neither the function nor its children come across it; None: there
    is none."""
    given = os.environ.pop(variable, None)
    if given is None:
        return None
    moved = fcntl.fcntl(int(given), fcntl.F_DUPFD_CLOEXEC, _OWN_DESCRIPTORS)
    os.close(int(given))
    return moved


def main(imported=lambda: None):
    """``imported`` is called when modules have been: with the handler, and at the end with what it came across."""
    if "PELTON_FD" not in os.environ:
        sys.exit("pelton.worker is started by the engine: write a config file with a function of runtime python"
                 " and start it with `pelton run`")
    faulthandler.register(signal.SIGRTMAX, all_threads=False)  # the engine sends it to a handler that takes too long
    log_lines()
    worker = Worker(socket.socket(fileno=_take_descriptor("PELTON_FD")))
    progress = _take_descriptor("PELTON_PROGRESS_FD")
    runner = None
    while True:
        view = worker.read()
        if view is None:
            imported()
            return 0
        for number, message in wire.fields(view):
            if number == 1:
                handler = _start(worker, message)
                if handler is None:
                    return 1
                runner = Runner(handler, progress, worker.send)
                worker.send(1, _ready(runner.batch))
                imported()
            elif number == 2:
                runner.run(Frame(message, worker))


if __name__ == "__main__":
    sys.exit(main())
