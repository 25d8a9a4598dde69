# SPDX-License-Identifier: Apache-2.0
"""A zygote against an engine played by hand: what its copies have, and when it begins again."""

import os
import pathlib
import signal
import socket
import subprocess
import sys
import textwrap
import unittest

from zygote_case import SEEN, ZygoteCase


class ZygoteTest(ZygoteCase):
    # ---- what a copy has

    def test_a_copy_is_a_child_of_the_engine_with_a_session_and_a_name_of_its_own(self):
        self.write("""
            import os
            print(os.getppid(), os.getpid() == os.getsid(0), os.environ["COLOUR"], "HOME" in os.environ)
            print("PELTON_WORKER=" + os.environ["PELTON_WORKER"] in open("/proc/self/environ").read().split("\\0"))
            print(sorted(int(n) for n in os.listdir("/proc/self/fd") if int(n) < 100), os.get_inheritable(1))
            def handle(event, context): pass
        """)
        self.environment["HOME"] = "/"
        self.start()
        text, answer = self.worker({"COLOUR": "blue", "HOME": None})
        # 3 is the list's own.
        self.assertEqual(text.splitlines(), [f"{os.getpid()} True blue False", "True", "[0, 1, 2, 3] True"])
        self.assertIn(b"python 0.1.0", answer)
        self.assertEqual(os.listdir(f"/proc/{self.zygote.process.pid}/task"), [str(self.zygote.process.pid)])

    def test_a_copy_ends_with_the_engine(self):
        # Of an engine in between: the copies' parent is who started the zygote.
        self.write("print('up', flush=True)\ndef handle(event, context): pass")
        script = textwrap.dedent(f"""
            import os, socket, sys, time
            sys.path[:0] = {sys.path!r}
            from peer import Zygote, start_message
            zygote = Zygote({str(self.code)!r})
            ends = socket.socketpair()  # it has both: none is closed before it is
            ends[1].sendall(start_message("function:handle", {str(self.code)!r}))
            out, end = os.pipe()
            pid = zygote.copy(end, 2, [end.fileno() for end in ends], {{"PELTON_FD": "3"}})
            os.read(out, 1)
            print(pid, flush=True)
            time.sleep(1000)
        """)
        engine = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
        pid = int(engine.stdout.readline())
        engine.kill()
        engine.wait()
        engine.stdout.close()
        # Left to this process, the next that adopts.
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), -signal.SIGKILL)

    def test_random_numbers_differ(self):
        (self.packages / "numpy").mkdir()
        self.write("from . import random", "__init__", self.packages / "numpy")
        self.write("""
            import os
            state = os.urandom(8)
            def seed(): global state; state = os.urandom(8)
        """, "random", self.packages / "numpy")
        self.write("""
            import numpy, random, uuid, secrets, ssl, tempfile
            print(numpy.random.state, random.random(), uuid.uuid4(), secrets.token_hex(), ssl.RAND_bytes(8), tempfile.gettempdir())
            def handle(event, context): pass
        """)
        self.start()
        self.worker()
        self.learnt("numpy.random", "random", "uuid", "ssl", "tempfile")
        folders = [self.folder(), self.folder()]
        lines = [self.worker({"TMPDIR": str(folder)})[0].split() for folder in folders]
        for first, second in zip(*lines):
            self.assertNotEqual(first, second)
        self.assertEqual([line[-1] for line in lines], [str(folder) for folder in folders])

    def test_a_copy_that_cannot_load_its_handler_says_so(self):
        self.write("raise ValueError('no')")
        self.start()
        self.assertIn(b"ValueError", self.worker(code=1)[1])

    # ---- when it begins again

    def test_the_folder_of_the_function_may_be_a_link_to_another_one_by_now(self):
        releases = [self.code / "1", self.code / "2"]
        for release in releases:
            release.mkdir()
            (release / "data").write_text(release.name)
            self.write("print(open('data').read(), flush=True)\ndef handle(event, context): pass", folder=release)
            for path in (release / "function.py", release):
                os.utime(path, (1, 1))
        link = self.code / "current"
        link.symlink_to("1")
        self.code = link
        self.start()
        self.assertEqual(self.worker()[0], "1\n")
        (link.parent / "next").symlink_to("2")
        os.replace(link.parent / "next", link)
        self.assertEqual(self.worker()[0], "2\n")
        os.rename(releases[0], releases[1].parent / "3")
        os.rename(releases[1], releases[0])
        os.rename(releases[1].parent / "3", releases[1])
        self.assertEqual(self.worker()[0], "1\n")
        os.unlink(link)
        socket.send_fds(self.zygote.socket, [b"fork\0" + self.zygote.name().encode()], [1, 2])
        self.assertIn(b"failed FileNotFoundError", self.zygote.socket.recv(4096))
        link.symlink_to("2")
        self.assertEqual(self.worker()[0], "1\n")

    def begins_again(self, change):
        self.package("thing", "version = 1")
        self.write(SEEN.format(names=["thing"]) + """
    import thing
    print("version", thing.version)
    def handle(event, context): pass
        """)
        self.start()
        self.worker()
        self.learnt("thing")
        self.assertIn("before ['thing']", self.worker()[0])
        change()
        return self.worker()[0]

    def test_a_changed_package_is_imported_anew(self):
        text = self.begins_again(lambda: self.package("thing", "version = 22"))
        self.assertIn("version 22", text)

    def test_a_package_that_is_gone_is_not_imported_any_more(self):
        self.package("other")
        self.begins_again(lambda: self.write("version = 3", "thing"))
        (self.packages / "thing.py").unlink()
        self.assertIn("version 3", self.worker()[0])

    def test_a_module_of_the_function_that_hides_a_package_is_found(self):
        self.assertIn("version 3", self.begins_again(lambda: self.write("version = 3", "thing")))

    def test_a_changed_handler_forgets_what_the_old_one_imported(self):
        self.package("new")
        text = self.begins_again(lambda: self.write(SEEN.format(names=["thing", "new"]) + """
    import new
    def handle(event, context): pass
        """))
        self.assertIn("before []", text)
        self.assertNotIn("thing", self.learnt("new"))

    # ---- bytecode

    def test_bytecode_of_own_modules_is_kept_and_follows_the_source(self):
        self.write("""
            import helper, inspect
            print(helper.value, inspect.getsource(helper).count("value"), type(helper.__loader__).__name__)
            def handle(event, context): pass
        """)
        self.write("value = 1", "helper")
        self.start()
        self.assertEqual(self.worker()[0], "1 1 SourceFileLoader\n")
        kept = sorted(path.name.partition(".py.")[0] for path in (self.state / "bytecode").iterdir())
        self.assertEqual(kept, ["function", "helper"])
        # Neither its time nor its size differ.
        before = os.stat(self.code / "helper.py")
        self.write("value = 2", "helper")
        os.utime(self.code / "helper.py", ns=(before.st_atime_ns, before.st_mtime_ns))
        self.assertEqual(self.worker()[0], "2 1 SourceFileLoader\n")
        for path in (self.state / "bytecode").iterdir():
            path.write_bytes(path.read_bytes()[:-20])
        self.assertEqual(self.worker()[0], "2 1 SourceFileLoader\n", "damaged bytecode is made again")
        self.assertEqual(sorted(os.listdir(self.code)), ["function.py", "helper.py"])

    def test_bytecode_that_cannot_be_written_leaves_nothing(self):
        self.write("value = [" + "'text', " * 2000 + "]", "helper")
        self.write("""
            import resource
            resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
            import helper
            def handle(event, context): pass
        """)
        self.start()
        self.worker()
        self.assertEqual([path.name.partition(".py.")[0] for path in (self.state / "bytecode").iterdir()], ["function"])

    # ---- trouble

    def test_it_says_why_it_cannot_make_a_copy(self):
        self.write("def handle(event, context): pass")
        self.start()
        socket.send_fds(self.zygote.socket, [b"fork\0wrong"], [1, 2])
        self.assertIn(b"failed ValueError", self.zygote.socket.recv(4096))
        self.zygote.socket.send(b"fork\0" + self.zygote.name().encode())
        self.assertIn(b"failed ValueError", self.zygote.socket.recv(4096))
        self.worker()

    def test_it_leaks_nothing(self):
        self.write("def handle(event, context): pass")
        self.start()
        self.worker()

        def held():
            status = pathlib.Path(f"/proc/{self.zygote.process.pid}/status").read_text()
            return len(os.listdir(f"/proc/{self.zygote.process.pid}/fd")), int(status.partition("VmRSS:")[2].split()[0])

        descriptors, memory = held()
        for _ in range(100):
            self.worker()
        self.assertEqual(held()[0], descriptors)
        self.assertLess(held()[1], memory + 512)
        self.assertLess(held()[1], 30 << 10, "KiB when nothing heavy is imported")


if __name__ == "__main__":
    unittest.main()
