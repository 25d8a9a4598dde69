# SPDX-License-Identifier: Apache-2.0
"""Keeps the bytecode of a function's own modules in a folder of the engine: that of the function may be read-only, and
nothing appears in it in any case."""

import importlib.util
import marshal
import os
import sys
from importlib.machinery import (BYTECODE_SUFFIXES, EXTENSION_SUFFIXES, SOURCE_SUFFIXES, ExtensionFileLoader, FileFinder,
                                 SourceFileLoader, SourcelessFileLoader)

from .imports import replace


def install(code, folder):
    """From now on modules in the folder ``code`` and below have their bytecode in ``folder``."""
    if os.environ.get("PYTHONDONTWRITEBYTECODE") or os.environ.get("PYTHONPYCACHEPREFIX"):
        return
    loader = type("SourceFileLoader", (_Loader,), {"pelton_code": code, "pelton_folder": folder})
    finder = FileFinder.path_hook((ExtensionFileLoader, EXTENSION_SUFFIXES), (loader, SOURCE_SUFFIXES),
                                  (SourcelessFileLoader, BYTECODE_SUFFIXES))

    def hook(path):
        if path != code and not path.startswith(code + os.sep):
            raise ImportError
        return finder(path)

    sys.path_hooks.insert(0, hook)
    for path in [path for path in sys.path_importer_cache if path == code or path.startswith(code + os.sep)]:
        del sys.path_importer_cache[path]


class _Loader(SourceFileLoader):
    def get_data(self, path):
        """Bytecode from the folder if there is some of exactly this file; everything else as always."""
        if path.endswith(".pyc"):
            kept = self._kept(self.path)
            if kept is not None:
                return kept
        return super().get_data(path)

    def source_to_code(self, data, path, *, _optimize=-1):
        code = super().source_to_code(data, path, _optimize=_optimize)
        try:
            self._keep(path, code)
        except (OSError, ValueError):  # a full disk, a folder that is gone: it is compiled again next time
            pass
        return code

    def _place(self, source):
        name = os.path.relpath(source, self.pelton_code)
        return os.path.join(self.pelton_folder, f"{name}.{sys.implementation.cache_tag}-{sys.flags.optimize}")

    @staticmethod
    def _stamp(source):
        # More than the time and size that Python itself compares: a deployment may set the one, and keep the other.
        stat = os.stat(source)
        stamp = (source, stat.st_dev, stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size)
        return repr(stamp).encode("utf-8", "surrogateescape") + b"\n", stat

    def _kept(self, source):
        try:
            stamp, _ = self._stamp(source)
            with open(self._place(source), "rb") as file:
                if file.readline() != stamp:
                    return None
                check, data = file.read(8), file.read()
                return data if check == importlib.util.source_hash(data) else None
        except OSError:
            return None

    def _keep(self, source, code):
        stamp, stat = self._stamp(source)
        place = self._place(source)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        data = b"".join([importlib.util.MAGIC_NUMBER, bytes(4),
                         (int(stat.st_mtime) & 0xFFFFFFFF).to_bytes(4, "little"),
                         (stat.st_size & 0xFFFFFFFF).to_bytes(4, "little"), marshal.dumps(code)])
        replace(place, stamp + importlib.util.source_hash(data) + data)
