# SPDX-License-Identifier: Apache-2.0
"""A process that the workers of one function are copies of.

It has imported what workers of this function were seen to import, so that they start within milliseconds. Only the
standard library and installed packages are imported here: a function's own modules are imported by each worker. It has
one thread, opens no connection, and does nothing between two copies.

The engine asks for a worker by a message: ``fork``, the worker's name, and what its environment has beyond this
process's (``NAME=VALUE``) or not (``NAME``), separated by zeros; with it come its standard output and error, then the
descriptors that it has from 3 on. The answer is ``forked PID`` or ``failed WHY``. Messages that wait are read by the
process that follows when this one replaces itself, because packages have changed or an import must be undone.
"""

import fcntl
import gc
import importlib
import os
import select
import socket
import sys

from .imports import Imports, is_file
from .traces import Traces, first, threads, threads_end

_CONTROL = 3  # where the engine puts it
_RULES = 4  # what copies of an isolated zygote may do, where its launcher puts it
_OWN_DESCRIPTORS = 100  # as worker.py
_RESERVED = range(3, 11)  # descriptors of workers
_LARGEST = 256 << 10  # message
_kept = None


def main():
    """Returns in each worker what it is to run."""
    return Zygote(*sys.argv[1:]).serve()


class Zygote:
    def __init__(self, kind, code, handler, state):
        from . import _zygote

        self.fork = _zygote.fork
        self.kind = kind
        self.folder = code
        # `python -m` has the folder by its real name.
        self.code = code = code if kind == "native" else os.getcwd()
        self.handler = handler
        self.control = socket.socket(fileno=out_of_the_way(_CONTROL))
        self.isolation = isolation()
        self.restart = Restart(self.control, self.folder, self.isolation)
        ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.heard, self.tell = (socket.socket(fileno=out_of_the_way(end.detach())) for end in ends)
        self._reserve()
        gc.disable()
        sys.argv[:] = ["-c"]
        if kind == "native":
            from . import worker  # what every worker needs

            worker.log_lines()  # before a package does it
        else:
            import runpy  # noqa: F401

            # In the place of our package.
            sys.path[:1] = [] if getattr(sys.flags, "safe_path", False) else [code]
        if state:
            from .bytecode import install

            install(code, os.path.join(state, "bytecode"))
        if threads() > 1 and not threads_end():
            sys.exit("what this interpreter runs before anything else (sitecustomize, a .pth file) leaves a thread, which"
                     " no copy would have")
        self.imports = Imports(code, handler, state, out_of_the_way)
        self._import(self.imports.names)

    @staticmethod
    def _reserve():
        null = os.open(os.devnull, os.O_RDONLY)
        for number in _RESERVED:
            if number != null:
                os.dup2(null, number, inheritable=False)
        if null not in _RESERVED:
            os.close(null)

    def serve(self):
        poll = select.poll()
        poll.register(self.control, select.POLLIN)
        poll.register(self.heard, select.POLLIN)
        while True:
            ready = [number for number, _ in poll.poll()]
            if self.control.fileno() in ready:
                if not self.control.recv(1, socket.MSG_PEEK):
                    os._exit(0)  # the engine wants no more
                if os.path.isdir(self.folder) and (self.imports.changed() or self._replaced()):
                    self.restart()
                run = self._answer()
                if run is not None:
                    return run
            elif self.heard.fileno() in ready:
                self._learn(self.heard.recv(_LARGEST))

    def _answer(self):
        message, ancillary, flags, _ = self.control.recvmsg(_LARGEST, socket.CMSG_SPACE(64 * 4), socket.MSG_CMSG_CLOEXEC)
        descriptors = []
        for _, _, data in ancillary:
            descriptors += [int.from_bytes(data[at:at + 4], sys.byteorder) for at in range(0, len(data) - 3, 4)]
        words = message.split(b"\0")
        try:
            if flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC) or len(descriptors) < 2:
                raise ValueError("the request is too large")
            os.chdir(self.folder)  # as for a process of its own
            pid = self.fork(words[1].decode(), *self.isolation)
        except Exception as error:  # noqa: BLE001 whatever it is, the engine has another way
            self.control.send(f"failed {type(error).__name__}: {error}".encode("utf-8", "replace"))
        else:
            if pid == 0:
                return self._become(words[2:], descriptors)
            self.control.send(b"forked %d" % pid)
        for number in descriptors:
            os.close(number)
        return None

    def _replaced(self):
        """The function's folder is another one by now, or a link to another one."""
        return not os.path.samefile(self.folder, ".")

    # ---- in the copy

    def _become(self, environment, descriptors):
        global _kept
        _kept = self  # to take it apart would copy its pages
        out, err, *others = descriptors
        os.dup2(out, 1)
        os.dup2(err, 2)
        for place, number in enumerate(others):
            os.dup2(number, _RESERVED[place])
        for number in descriptors:
            os.close(number)
        for number in _RESERVED[len(others):]:
            os.close(number)
        self.control.close()
        self.heard.close()
        self.imports.release()
        # A finder goes by the time of a folder, which a deployment may have set back.
        for path in [path for path in sys.path_importer_cache if path == self.code or path.startswith(self.code + os.sep)]:
            del sys.path_importer_cache[path]
        for entry in environment:
            name, is_set, value = entry.partition(b"=")
            if is_set:
                os.environb[name] = value
            else:
                os.environb.pop(name, None)
        refresh()
        gc.enable()
        learner = Learner(self.tell, set(sys.modules))
        run = self._native(learner) if self.kind == "native" else self._lambda(learner)
        for name in (__name__, "pelton._zygote", "pelton.imports", "pelton.traces"):
            sys.modules.pop(name, None)
        return run

    def _native(self, learner):
        from .worker import main as run

        return lambda: run(learner.tell)

    def _lambda(self, learner):
        import runpy

        for name in [name for name in sys.modules if name == "pelton" or name.startswith("pelton.")]:
            del sys.modules[name]
        learner.watch(self.handler.rpartition(".")[0].replace("/", "."))
        sys.argv[:] = ["-m", self.handler]
        return lambda: runpy._run_module_as_main("awslambdaric") and None

    # ---- imports

    def _learn(self, message):
        names = self.imports.learn(message)
        if names:
            self._import(names)
            self.imports.write()

    def _import(self, names):
        """Imports what it can, and remembers what it cannot."""
        if self.kind == "native":
            sys.path.insert(0, self.code)
        guard = Guard(self.imports)
        sys.meta_path.insert(0, guard)
        for name in first(names):
            if name not in sys.modules and name not in self.imports.refused and not self._imported(name, guard):
                self.imports.refuse(name)
        sys.meta_path.remove(guard)
        if self.kind == "native":
            sys.path.remove(self.code)
        self.imports.watch()
        gc.collect()
        gc.freeze()

    def _imported(self, name, guard):
        before = set(sys.modules)
        guard.refused = False
        traces = Traces(name)
        self.imports.trying(name)
        try:
            with traces:
                importlib.import_module(name)
            if guard.refused:
                raise Refused(name)
        except BaseException:  # noqa: BLE001 a worker that imports it will hear what is wrong
            if set(sys.modules) != before:
                # Half of it is there, and there are modules that cannot be imported twice.
                self._begin_without(name, traces)
            imported = False
        else:
            imported = True
        if traces.left:
            self._begin_without(name, traces)
        self.imports.tried(name)
        return imported

    def _begin_without(self, name, traces):
        refused = self.imports.refuse(name)
        self.imports.tried(name)
        if not traces.undo() or not refused:
            os._exit(1)  # this process has it, or would come to this point again
        self.restart()


def refresh():
    """What is not to be the same in two workers, and what looked at this process's environment."""
    numpy = sys.modules.get("numpy.random")
    if numpy is not None and hasattr(numpy, "seed"):
        numpy.seed()
    tempfile = sys.modules.get("tempfile")
    if tempfile is not None:
        tempfile.tempdir = None
    process = sys.modules.get("multiprocessing.process")
    if process is not None:
        process.current_process().authkey = os.urandom(32)


class Restart:
    """Begins again with nothing imported: the same process, with the messages that it has not read."""

    def __init__(self, control, folder, isolation):
        self.control = control
        self.folder = folder
        self.isolation = isolation
        with open("/proc/self/cmdline", "rb") as file:
            self.command = file.read().split(b"\0")[:-1]
        self.environment = dict(os.environb)

    def __call__(self):
        os.chdir(self.folder)
        os.dup2(self.control.fileno(), _CONTROL)
        kept = _CONTROL
        if self.isolation:
            os.dup2(self.isolation[0], _RULES)
            kept = _RULES
        os.closerange(kept + 1, 1 << 16)
        os.execve(sys.executable, self.command, self.environment)


def isolation():
    """The ruleset of Landlock for copies, and the program that ends what they leave; or nothing."""
    guard = os.environ.get("PELTON_COPIES")
    try:
        return (out_of_the_way(_RULES), guard) if guard else ()
    except OSError:  # the kernel has no such thing, as the engine knows
        return ()


def out_of_the_way(descriptor):
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _OWN_DESCRIPTORS)
    os.close(descriptor)
    return moved


class Learner:
    """In a worker: tells the zygote what it has imported."""

    def __init__(self, connection, known):
        self.connection = connection
        self.known = known

    def tell(self):
        new = []
        # Nothing of the others is looked at: each page that is touched would be copied.
        for name in [name for name in list(sys.modules) if name not in self.known]:
            spec = getattr(sys.modules.get(name), "__spec__", None)
            origin = getattr(spec, "origin", None)
            # Others stand there by a second name.
            if spec is not None and spec.name == name and is_file(origin):
                new.append(f"{name}\t{origin}")
            self.known.add(name)
        if not new:
            return
        try:
            self.connection.send("\n".join(new).encode("utf-8", "replace")[:_LARGEST >> 1], socket.MSG_DONTWAIT)
        except OSError:  # it has ended, or others have told it enough
            pass

    def watch(self, handler):
        """Tells once that module has been imported."""
        self.handler = handler
        sys.meta_path.insert(0, self)

    def find_spec(self, name, path, target=None):
        if name != self.handler:
            return None
        sys.meta_path.remove(self)
        spec = find(name, path, target)
        if spec is not None and hasattr(spec.loader, "exec_module"):
            spec.loader = Then(spec.loader, self.tell)
        return spec


class Then:
    """A loader that calls something when its module has been executed, and is not seen after that."""

    def __init__(self, loader, then):
        self.loader = loader
        self.then = then

    def create_module(self, spec):
        return self.loader.create_module(spec)

    def exec_module(self, module):
        module.__spec__.loader = module.__loader__ = self.loader
        self.loader.exec_module(module)
        self.then()


def find(name, path, target=None):
    for finder in list(sys.meta_path):
        if hasattr(finder, "find_spec") and not isinstance(finder, (Guard, Learner)):
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                return spec
    return None


class Refused(BaseException):
    """No ImportError: with that one a package may be content to do without."""


class Guard:
    """Lets nothing be imported but the standard library and installed packages."""

    def __init__(self, imports):
        self.imports = imports
        self.refused = False

    def find_spec(self, name, path, target=None):
        spec = find(name, path, target)
        if spec is not None and not self.imports.allows(name, spec.origin):
            self.refused = True
            raise Refused(name)
        return spec
