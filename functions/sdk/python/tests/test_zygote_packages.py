# SPDX-License-Identifier: Apache-2.0
"""Which packages a zygote imports, against an engine played by hand."""

import os
import pathlib
import unittest

from zygote_case import SEEN, ZygoteCase


class ZygotePackagesTest(ZygoteCase):
    def test_installed_packages_and_the_standard_library_are_imported_before_the_next_worker(self):
        self.package("heavy", "import os; print('heavy by', os.getpid(), flush=True)")
        self.write("own = 1", "helper")
        self.write(SEEN.format(names=["heavy", "decimal", "helper"]) + """
    import heavy, decimal, helper
    def handle(event, context): pass
        """)
        self.start()
        self.assertIn("before []", self.worker()[0])
        lines = self.learnt("heavy", "decimal")
        self.assertNotIn("helper", lines)
        self.assertNotIn("function", lines)
        self.assertIn("before ['heavy', 'decimal']", self.worker()[0])
        self.zygote.close()
        self.start()  # another, which has learnt from the first
        text, _ = self.worker()
        self.assertIn("before ['heavy', 'decimal']", text)
        self.assertNotIn("heavy by", text)

    def test_a_package_in_the_folder_of_the_function_is_imported_if_it_was_installed_there(self):
        (self.code / "tool-1.dist-info").mkdir()
        (self.code / "tool-1.dist-info/RECORD").write_text("tool.py,sha256=x,1\n")
        self.write("", "tool")
        self.write("", "own")
        self.write(SEEN.format(names=["tool", "own"]) + """
    import tool, own
    def handle(event, context): pass
        """)
        self.start()
        self.worker()
        self.learnt("tool")
        self.assertIn("before ['tool']", self.worker()[0])

    def test_a_package_that_imports_a_module_of_the_function_is_left_to_the_workers(self):
        self.package("loader", "try: import settings\nexcept Exception: settings = None")
        self.package("good")
        self.write("import os; print('settings by', os.getpid(), flush=True)", "settings")
        self.write(SEEN.format(names=["loader", "settings", "good"]) + """
    import loader, good
    assert loader.settings
    def handle(event, context): pass
        """)
        self.start()
        self.worker()
        self.learnt("!loader", "good")
        text, _ = self.worker()
        self.assertIn("before ['good']", text)
        self.assertIn("settings by", text)

    def test_a_package_that_leaves_a_thread_is_left_to_the_workers(self):
        self.package("busy", "import threading, time; threading.Thread(target=time.sleep, args=[1000], daemon=True).start()")
        self.package("good")
        self.write(SEEN.format(names=["busy", "good"]) + """
    import good, busy
    def handle(event, context): pass
        """)
        self.start()
        self.worker()
        self.learnt("!busy", "good")
        self.assertIn("before ['good']", self.worker()[0])
        self.assertEqual(len(os.listdir(f"/proc/{self.zygote.process.pid}/task")), 1)

    def test_a_package_that_fails_half_way_is_left_to_the_workers(self):
        self.package("part")
        self.package("half", "import os, part\nif 'PELTON_FD' not in os.environ and 'DONE' not in os.environ: raise SystemExit(3)")
        self.write(SEEN.format(names=["part", "half"]) + """
    import half
    def handle(event, context): pass
        """)
        self.start()
        self.worker({"DONE": "1"})
        self.learnt("!half", "part")
        self.assertIn("before ['part']", self.worker({"DONE": "1"})[0])

    def test_what_a_package_leaves_at_import_is_each_workers_own(self):
        packages = {
            "keeps_file": "file = open(__file__, 'rb')",
            "keeps_loop": "import asyncio; loop = asyncio.new_event_loop()",
            "makes_folder": "import atexit, shutil, tempfile; folder = tempfile.mkdtemp(); atexit.register(shutil.rmtree, folder)",
            "makes_file": "import tempfile; file = tempfile.NamedTemporaryFile(delete=False).name",
            "starts": "import subprocess; process = subprocess.Popen(['sleep', '1000'])",
            "draws": "import random; generator = random.Random()",
            "names": "import uuid; name = uuid.uuid4().hex",
            "changes": "import os; os.chdir('/')",
            "waits": "import signal; signal.signal(signal.SIGALRM, print); signal.setitimer(signal.ITIMER_REAL, 1000)",
            "shares": "import multiprocessing; lock = multiprocessing.Lock()",
            "logs": "import logging; logging.basicConfig(force=True)",
        }
        for name, source in packages.items():
            self.package(name, source)
        self.package("good", "import random; generator = random.Random(1)")
        (self.packages / "numpy").mkdir()
        self.write("from . import random", "__init__", self.packages / "numpy")
        self.write("import secrets; state = secrets.token_hex()\ndef seed(): pass", "random", self.packages / "numpy")
        self.write(f"""
            import sys
            before = [name for name in {[*packages, "good", "numpy"]} if name in sys.modules]
            import good, numpy, {", ".join(packages)}
            import os
            print("before", before)
            print(keeps_file.file.tell(), os.path.isdir(makes_folder.folder), starts.process.poll(), os.getcwd(), sep="\\n")
            print(keeps_file.file.read(4), draws.generator.random(), names.name, sep="\\n")
            starts.process.kill()
            os.unlink(makes_file.file)
            def handle(event, context): pass
        """)
        temporary = self.folder()
        self.environment["TMPDIR"] = str(temporary)
        self.start()
        seen = set()
        for _ in range(2):
            self.worker()
            self.learnt(*("!" + name for name in packages), "good", "numpy")
        for _ in range(2):
            lines = self.worker()[0].splitlines()
            self.assertEqual(lines[0], "before ['good', 'numpy']")
            self.assertEqual(lines[1:6], ["0", "True", "None", "/", "b'file'"])
            seen.update(lines[6:])
        self.assertEqual(len(seen), 4, "random numbers are the same")
        children = pathlib.Path(f"/proc/{self.zygote.process.pid}/task/{self.zygote.process.pid}/children").read_text()
        self.assertEqual(children, "")
        self.assertEqual(os.listdir(temporary), [])

    def test_a_limit_that_a_package_lowers_is_the_workers(self):
        self.package("lowers", "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))")
        self.write(SEEN.format(names=["lowers"]) + """
    def handle(event, context): pass
    try: import lowers
    except ValueError: pass
        """)
        self.package("resource_user", "import resource")
        self.start()
        self.worker()
        self.assertEqual(self.zygote.process.wait(20), 1)
        self.assertIn("!lowers", self.learnt("!lowers"))
        self.start()
        self.assertIn("before []", self.worker()[0])
        self.assertIsNone(self.zygote.process.poll())

    def test_a_package_that_ends_the_process_is_left_to_the_workers(self):
        self.package("fatal", "import os, sys\nif 'pelton.zygote' in sys.modules: os._exit(9)")
        self.package("good")
        self.write(SEEN.format(names=["fatal", "good"]) + """
    import good, fatal
    def handle(event, context): pass
        """)
        for _ in range(2):
            self.start()
            self.worker()
            self.assertEqual(self.zygote.process.wait(20), 9)
        self.start()
        self.worker()
        self.learnt("!fatal", "good")
        self.assertIn("before ['good']", self.worker()[0])
        self.assertEqual([path.name for path in self.state.iterdir() if path.name.startswith("trying.")],
                         [f"trying.{self.zygote.process.pid}"])

    def test_an_interpreter_that_begins_with_threads_is_not_copied(self):
        self.package("sitecustomize", "import threading, time; threading.Thread(target=time.sleep, args=[1000], daemon=True).start()")
        self.start()
        self.assertEqual(self.zygote.process.wait(20), 1)

    def test_lines_of_the_log_have_their_level_whatever_packages_configure(self):
        self.package("configures", "import logging; logging.basicConfig(format='mine %(message)s'); import decimal")
        self.write("""
            import sys
            before = "decimal" in sys.modules
            import logging, configures
            print("before", before)
            logging.error("bad")
            def handle(event, context): pass
        """)
        self.start()
        self.worker()
        self.learnt("configures")
        text, _ = self.worker()
        self.assertIn("before True", text)
        self.assertIn("<3>bad\n", text)


if __name__ == "__main__":
    unittest.main()
