# SPDX-License-Identifier: Apache-2.0
"""What a zygote imports before its workers do, and whether it still is what it was."""

import fcntl
import os
import sys
import sysconfig
import time

_MOST_NAMES = 5000
_LONGEST_NAME = 1000
# What is older was left by a process that was killed, in seconds.
_ABANDONED = 60
# A part of AWS's client that looks at a variable of its worker when it is loaded, and the parts that load it.
_LEFT = {"runtime_client", "awslambdaric.lambda_runtime_client", "awslambdaric.bootstrap", "awslambdaric.__main__"}


def replace(path, data):
    """All or nothing, and one at a time: FileExistsError if another process does it. OSError: nothing is left of it."""
    written = path + ".new"
    try:
        if abs(time.time() - os.stat(written).st_mtime) > _ABANDONED:
            os.unlink(written)
    except FileNotFoundError:
        pass
    file = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    try:
        with open(file, "wb") as stream:
            stream.write(data)
        os.replace(written, path)
    except BaseException:
        os.unlink(written)
        raise


def is_file(origin):
    return isinstance(origin, str) and os.path.isabs(origin)


class Imports:
    """What workers of this function have imported, kept in a file, and whether it still is what it was."""

    def __init__(self, code, handler, state, out_of_the_way=lambda descriptor: descriptor):
        self.code = code
        self.module = handler.partition(":")[0] if ":" in handler else handler.rpartition(".")[0].replace("/", ".")
        self.file = os.path.join(state, "imports") if state else None
        self.names = []
        self.refused = set()
        self.suspects = set()
        self.mark = None
        self.watched = {}
        self.records = {}
        paths = sysconfig.get_paths()
        self.installed = [path + os.sep for path in {paths["stdlib"], paths["platstdlib"]} | {
            path for path in sys.path if os.path.basename(path) in ("site-packages", "dist-packages")}]
        self.key = repr((sys.version, self._stamp(sys.executable), [self._stamp(path) for path in self._sources()]))
        self._read()
        if state:
            self._learn_from_ends(state)
            self.mark = self._own_mark(state, out_of_the_way)
        self.watch()

    def _sources(self):
        place = os.path.join(self.code, *self.module.split("."))
        return [place + ".py", os.path.join(place, "__init__.py")]

    @staticmethod
    def _stamp(path):
        try:
            stat = os.stat(path)
            return path, stat.st_dev, stat.st_ino, stat.st_mtime_ns, stat.st_size
        except (OSError, TypeError):
            return path, None

    def _read(self):
        try:
            with open(self.file, encoding="utf-8") as file:
                if file.readline().rstrip("\n") != self.key:
                    return
                lines = file.read().split("\n")
        except (OSError, TypeError, ValueError):
            return
        self.names = [name for name in lines if name and name[0] not in "!?"]
        self.refused = {name[1:] for name in lines if name.startswith("!")}
        self.suspects = {name[1:] for name in lines if name.startswith("?")}

    # Each zygote writes down what it is about to import: some imports end the process, or wait until the engine ends it.

    def _learn_from_ends(self, state):
        """Refuses what was being imported twice when a zygote ended: once may be an engine that was stopped."""
        for name in self._unfinished(state):
            if name not in self.suspects:
                self.suspects.add(name)
                self.write()
            else:
                self.refuse(name)

    @staticmethod
    def _unfinished(state):
        try:
            marks = [os.path.join(state, file) for file in os.listdir(state) if file.startswith("trying.")]
        except OSError:
            marks = []
        for mark in marks:
            try:
                with open(mark, "rb") as file:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    name = file.read(_LONGEST_NAME).rstrip(b"\0").decode()
                    os.unlink(mark)
            except (OSError, ValueError):  # of a zygote that lives
                continue
            if name:
                yield name

    @staticmethod
    def _own_mark(state, out_of_the_way):
        try:
            os.makedirs(state, exist_ok=True)
            mark = out_of_the_way(os.open(os.path.join(state, f"trying.{os.getpid()}"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return mark
        except OSError:
            return None

    def release(self):
        """In a copy: it says nothing about the zygote."""
        if self.mark is not None:
            os.close(self.mark)
            self.mark = None

    def trying(self, name):
        self._note(name.encode("utf-8", "replace")[:_LONGEST_NAME])

    def tried(self, name):
        self._note(b"")
        if name in self.suspects:
            self.suspects.discard(name)
            self.write()

    def _note(self, name):
        if self.mark is not None:
            try:
                os.pwrite(self.mark, name.ljust(_LONGEST_NAME, b"\0"), 0)
            except OSError:  # a full disk
                pass

    def write(self):
        """False: it could not be done."""
        if self.file is None:
            return False
        try:
            os.makedirs(os.path.dirname(self.file), exist_ok=True)
            lines = [self.key, *self.names, *("!" + name for name in sorted(self.refused)),
                     *("?" + name for name in sorted(self.suspects))]
            replace(self.file, ("\n".join(lines) + "\n").encode())
        except (OSError, ValueError):
            return False
        return True

    def learn(self, message):
        """The names that are new."""
        new = []
        for line in message.decode("utf-8", "replace").split("\n"):
            name, _, origin = line.partition("\t")
            if name and name not in self.refused and name not in self.names and self.allows(name, origin):
                new.append(name)
        del new[max(0, _MOST_NAMES - len(self.names)):]
        self.names += new
        return new

    def refuse(self, name):
        self.refused.add(name)
        self.suspects.discard(name)
        if name in self.names:
            self.names = [other for other in self.names if other != name]
        return self.write()

    def allows(self, name, origin):
        if name in _LEFT or name.partition(".")[0] == self.module.partition(".")[0]:
            return False
        if origin is None or origin in ("built-in", "frozen", "namespace"):
            return True
        return any(origin.startswith(folder) for folder in self.installed) or self._recorded(origin)

    def _recorded(self, origin):
        """It belongs to a package that was installed into a folder of the path, as `pip install --target` does."""
        folder = next((path for path in [self.code, *sys.path] if path and origin.startswith(path + os.sep)), None)
        if folder is None:
            return False
        if folder not in self.records:
            self.records[folder] = records_of(folder)
        return os.path.relpath(origin, folder) in self.records[folder]

    def watch(self):
        """Remembers how everything is that was imported."""
        paths = {sys.executable, os.path.join(sys.prefix, "pyvenv.cfg"), *self._sources(), *self.installed}
        paths |= {path for path in sys.path if path and path != self.code}
        library = sysconfig.get_paths()["stdlib"] + os.sep
        for module in list(sys.modules.values()):
            origin = getattr(getattr(module, "__spec__", None), "origin", None)
            if is_file(origin) and (not origin.startswith(library) or f"{os.sep}site-packages{os.sep}" in origin):
                paths.add(origin)
        self.watched = {path: self._stamp(path) for path in paths}
        self.shadows = self._shadows()

    def _shadows(self):
        """Modules of the function's folder by whose names there are imported ones."""
        try:
            there = {name.partition(".")[0] for name in os.listdir(self.code)}
        except OSError:
            return None
        return there.intersection(name.partition(".")[0] for name in sys.modules)

    def changed(self):
        return any(self._stamp(path) != stamp for path, stamp in self.watched.items()) or self._shadows() != self.shadows


def records_of(folder):
    files = set()
    for name in os.listdir(folder):
        if name.endswith(".dist-info"):
            try:
                with open(os.path.join(folder, name, "RECORD"), encoding="utf-8") as file:
                    files.update(line.rpartition(",")[0].rpartition(",")[0].strip('"') for line in file)
            except (OSError, ValueError):
                pass
    return files
