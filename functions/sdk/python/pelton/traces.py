# SPDX-License-Identifier: Apache-2.0
"""What an import has left in a process beside modules: it would be shared by the copies of the process, the same in each
of them, or missing there, while a worker that imports the package itself has its own."""

import os
import signal
import sys

# What they draw is drawn anew in each copy: by themselves, or by refresh() of zygote.py.
_FIRST = ("random", "tempfile", "multiprocessing.process", "numpy.random")


def first(names):
    """These names, in an order in which what the others draw is theirs."""
    return [name for name in _FIRST if name in names] + [name for name in names if name not in _FIRST]


def threads():
    return len(os.listdir("/proc/self/task"))


def threads_end():
    """Libraries that survive a fork end their threads before it, and start them again when they need some."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return threads() == 1


class Traces:
    """A context for one import: afterwards ``left`` says what there is that was not there before, or is empty."""

    def __init__(self, name):
        self.left = ""
        self._files = []
        self._first = name in _FIRST

    def __enter__(self):
        self._before = self._look()
        self._draws = _Draws()
        self._names = _Names()
        return self

    def __exit__(self, kind, error, trace):
        drawn = self._draws.end()
        self._files = self._names.end()
        after = self._look()
        found = [what for what, value in after.items() if value != self._before[what]]
        if self._files:
            found.append("temporary files")
        if drawn and not self._first:
            found.append("random numbers")
        if not found and threads() > 1 and not threads_end():
            found.append("threads")
        self.left = ", ".join(found)

    @staticmethod
    def _look():
        logging = sys.modules.get("logging")
        return {
            "descriptors": _descriptors(),
            "processes": children(),
            "the working directory": _identity("."),
            "limits": _contents("/proc/self/limits"),
            "timers": [signal.getitimer(timer)[0] > 0 for timer in (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)],
            "blocked signals": signal.pthread_sigmask(signal.SIG_BLOCK, []),
            "handlers of the root logger": list(logging.root.handlers) if logging else [],
            "shared memory": _shared() if "_multiprocessing" in sys.modules else 0,
        }

    def undo(self):
        """What would outlive the program that is executed next. False: it will."""
        while started := children() - self._before["processes"]:  # what these have started becomes this process's
            for process in started:
                os.kill(process, signal.SIGKILL)
                os.waitpid(process, 0)
        for timer in (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF):
            signal.setitimer(timer, 0)
        signal.pthread_sigmask(signal.SIG_SETMASK, self._before["blocked signals"])
        for path in self._files:
            remove(path)
        return _contents("/proc/self/limits") == self._before["limits"]


def children():
    """The processes that this one has started and not waited for."""
    pids = set()
    for task in os.listdir("/proc/self/task"):
        pids.update(int(pid) for pid in _contents(f"/proc/self/task/{task}/children").split())
    return pids


def _contents(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError:
        return ""


def _descriptors():
    """Those that have a state: not /dev/null or /dev/urandom."""
    found = {}
    for number in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink("/proc/self/fd/" + number)
        except OSError:  # that of the list itself
            continue
        if not target.startswith("/dev/") or target.startswith("/dev/shm/"):
            found[number] = target
    return found


def _identity(path):
    try:
        stat = os.stat(path)
        return stat.st_dev, stat.st_ino
    except OSError:
        return None


def _shared():
    return sum(line.split(" ", 2)[1].startswith("rw-s") for line in _contents("/proc/self/maps").splitlines())


class _Draws:
    """Notices when modules in Python draw random numbers, or seed a generator with some."""

    def __init__(self):
        self._drawn = False
        self._urandom = urandom = os.urandom
        self._random = sys.modules.get("random")

        def recorded(size):
            self._drawn = True
            return urandom(size)

        os.urandom = recorded
        if self._random is None:
            return
        self._random._urandom = recorded
        self._seed = seed = self._random.Random.seed

        def recorded_seed(generator, a=None, *more, **named):
            self._drawn = self._drawn or a is None
            return seed(generator, a, *more, **named)

        self._random.Random.seed = recorded_seed

    def end(self):
        os.urandom = self._urandom
        if self._random is not None:
            self._random._urandom = self._urandom
            self._random.Random.seed = self._seed
        return self._drawn


class _Names:
    """Notices temporary files and folders that are made and stay."""

    def __init__(self):
        self._used = []
        self._tempfile = sys.modules.get("tempfile")
        if self._tempfile is not None:
            self._tempfile._name_sequence = self

    def __iter__(self):
        return self

    def __next__(self):
        self._used.append(os.getrandom(6).hex())
        return self._used[-1]

    def end(self):
        """The paths of those that are there."""
        if self._tempfile is None:
            return []
        self._tempfile._name_sequence = None
        if not self._used:
            return []
        folder = self._tempfile.gettempdir()
        return [os.path.join(folder, file) for file in os.listdir(folder) if any(name in file for name in self._used)]


def remove(path):
    import shutil

    if os.path.isdir(path):
        shutil.rmtree(path, ignore_errors=True)
    else:
        os.unlink(path)
