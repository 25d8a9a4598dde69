# SPDX-License-Identifier: Apache-2.0
"""What a zygote imports before its workers do, and whether it still is what it was."""

import os
import sys
import sysconfig

_MOST_NAMES = 5000
# A part of AWS's client that looks at a variable of its worker when it is loaded, and the parts that load it.
_LEFT = {"runtime_client", "awslambdaric.lambda_runtime_client", "awslambdaric.bootstrap", "awslambdaric.__main__"}


def is_file(origin):
    return isinstance(origin, str) and os.path.isabs(origin)


class Imports:
    """What workers of this function have imported, kept in a file, and whether it still is what it was."""

    def __init__(self, code, handler, state):
        self.code = code
        self.module = handler.partition(":")[0] if ":" in handler else handler.rpartition(".")[0].replace("/", ".")
        self.file = os.path.join(state, "imports") if state else None
        self.names = []
        self.refused = set()
        self.watched = {}
        self.records = {}
        paths = sysconfig.get_paths()
        self.installed = [path + os.sep for path in {paths["stdlib"], paths["platstdlib"]} | {
            path for path in sys.path if os.path.basename(path) in ("site-packages", "dist-packages")}]
        self.key = repr((sys.version, self._stamp(sys.executable), [self._stamp(path) for path in self._sources()]))
        self._read()
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
        self.names = [name for name in lines if name and not name.startswith("!")]
        self.refused = {name[1:] for name in lines if name.startswith("!")}

    def write(self):
        """False: it could not be done."""
        if self.file is None:
            return False
        try:
            os.makedirs(os.path.dirname(self.file), exist_ok=True)
            # While a config is applied the function may have two zygotes.
            written = f"{self.file}.{os.getpid()}"
            with open(written, "w", encoding="utf-8") as file:
                file.write("\n".join([self.key, *self.names, *("!" + name for name in sorted(self.refused))]) + "\n")
            os.replace(written, self.file)
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
