# SPDX-License-Identifier: Apache-2.0
"""A zygote, an engine played by hand, and the function's folder and packages, for tests."""

import contextlib
import ctypes
import os
import pathlib
import socket
import tempfile
import textwrap
import time
import unittest

from peer import Zygote, start_message

PR_SET_CHILD_SUBREAPER = 36
SEEN = """
    import os, sys
    before = [name for name in {names} if name in sys.modules]
    print("before", before, os.getpid(), flush=True)
"""


class ZygoteCase(unittest.TestCase):
    def setUp(self):
        self.stack = contextlib.ExitStack()
        self.addCleanup(self.stack.close)
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
        self.code = self.folder()
        self.packages = self.folder() / "site-packages"
        self.packages.mkdir()
        self.state = self.folder() / "state"
        self.environment = {"PYTHONPATH": str(self.packages), "PYTHONDONTWRITEBYTECODE": ""}
        self.zygote = None

    def folder(self):
        return pathlib.Path(self.stack.enter_context(tempfile.TemporaryDirectory())).resolve()

    def write(self, source, name="function", folder=None):
        (folder or self.code).joinpath(name + ".py").write_text(textwrap.dedent(source))

    def package(self, name, source=""):
        """Installed for the interpreter."""
        self.write(source, name, self.packages)

    def start(self):
        self.zygote = Zygote(str(self.code), state=str(self.state), environment=self.environment)
        self.addCleanup(self.zygote.close)
        return self.zygote

    def worker(self, environment=None, code=0):
        """Starts a worker, with its handler; answers what it wrote until it ended, and its message to the engine."""
        ours, theirs = socket.socketpair()
        ours.settimeout(20)
        out, end = os.pipe()
        pid = self.zygote.copy(end, end, [theirs.fileno()], {"PELTON_FD": "3", **(environment or {})})
        theirs.close()
        os.close(end)
        ours.sendall(start_message("function:handle", str(self.code)))
        answer = ours.recv(65536)
        ours.close()
        with open(out, encoding="utf-8") as file:
            text = file.read()
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), code, text)
        return text, answer

    def learnt(self, *names):
        """Waits until the zygote has noted these."""
        end = time.monotonic() + 20
        while time.monotonic() < end:
            lines = (self.state / "imports").read_text().split("\n")[1:] if (self.state / "imports").exists() else []
            if set(names) <= set(lines):
                return lines
            time.sleep(0.005)
        raise AssertionError(f"not learnt: {names}")
