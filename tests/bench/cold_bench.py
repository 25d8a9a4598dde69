# SPDX-License-Identifier: Apache-2.0
"""From zero: how long the first event of a function without workers takes, by a call through the admin socket to its result.
Each case beside the same with workers that are processes of their own (`zygote: 0s`), in turn, on one engine. JSON lines
as in report.h.

  tools/bench cold -- [--runs 100] [--only python-0,python-30,python-150,leaks,...] [--lambda FOLDER]

python-N: imports of N ms (of an installed package). lambda-echo and lambda-boto3 need the folder --lambda with the packages
awslambdaric, boto3 and Pillow (pip install --target FOLDER, with the interpreter that runs the functions), and are left
out without. leaks: a thousand cold starts in a row, and what engine and zygote hold after them that they did not hold before.
"""

import argparse
import json
import pathlib
import statistics
import sys
import tempfile
import time

from kafka_engine import ROOT, Engine, EngineEnded, admin_socket

PYTHON = "/usr/bin/python3"
WARM_UP = 5
COLD_STARTS = 1000
HANDLER = "def handle(event, context):\n    return event.text()\n"
LAMBDA_HANDLER = "def handler(event, context):\n    return event\n"
# So much work, whatever the machine.
PACKAGE = "import time\nend = time.perf_counter() + {} / 1000\nwhile time.perf_counter() < end:\n    pass\n"


def report(case, metric, values, unit):
    ordered = sorted(values)
    figures = {"value": statistics.median(ordered)} if metric != "p99" else {"value": ordered[int(len(ordered) * 0.99)]}
    figures = {name: float(f"{value:.4g}") for name, value in {**figures, "min": ordered[0], "max": ordered[-1]}.items()}
    print(json.dumps({"bench": "cold", "case": case, "metric": metric, "value": figures["value"], "unit": unit,
                      "runs": len(ordered), "min": figures["min"], "max": figures["max"]}), flush=True)


class Case:
    """A function in two forms: `zygote` and `fresh`."""

    def __init__(self, folder, name, options, source, packages=None):
        self.name, self.options = name, options
        self.code = folder / name
        self.code.mkdir(parents=True)
        (self.code / "app.py").write_text(source)
        self.path = [str(path) for path in packages or []]

    def functions(self):
        for form, more in (("zygote", ""), ("fresh", ", zygote: 0s")):
            variables = f', environment: {{ PYTHONPATH: "{":".join(self.path)}" }}' if self.path else ""
            yield f"  {self.name}-{form}: {{ {self.options}, code: {self.code}, interpreter: {PYTHON}, recycle: {{ events: 1 }}, " \
                  f"memory: 2GiB{variables}{more} }}"


def python_case(folder, milliseconds):
    packages = folder / f"import-{milliseconds}" / "site-packages"
    packages.mkdir(parents=True)
    (packages / "heavy.py").write_text(PACKAGE.format(milliseconds))
    source = ("import heavy\n" if milliseconds else "") + HANDLER
    return Case(folder, f"python-{milliseconds}", 'runtime: python, handler: "app:handle"', source, [packages])


def lambda_case(folder, name, imports, clients):
    return Case(folder, name, f"runtime: lambda/python, handler: app.handler, client: {clients}", imports + LAMBDA_HANDLER)


class Cold:
    def __init__(self, engine):
        self.engine = engine
        self.admin = admin_socket(engine.folder)

    def request(self, method, path, body=None):
        self.admin.request(method, path, body)
        response = self.admin.getresponse()
        text = response.read()
        if response.status != 200:
            raise EngineEnded(f"{method} {path}: {response.status} {text.decode(errors='replace')}")
        return json.loads(text)

    def workers(self, function):
        return next(one for one in self.request("GET", "/v1/status")["functions"] if one["name"] == function)["workers"]

    def call(self, function):
        """Milliseconds, by a worker that starts for it: each serves one event."""
        while self.workers(function):
            time.sleep(0.002)
        time.sleep(0.02)  # what is left of it is cleared away
        begin = time.perf_counter()
        answer = self.request("POST", f"/v1/functions/{function}/invoke", '{"data": 1}')
        took = (time.perf_counter() - begin) * 1000
        if answer["outcome"] != "done":
            raise EngineEnded(f"{function}: {answer}")
        return took

    def compare(self, case, runs):
        times = {"zygote": [], "fresh": []}
        for number in range(runs + WARM_UP):
            for form, values in times.items():
                took = self.call(f"{case.name}-{form}")
                if number >= WARM_UP:
                    values.append(took)
        for form, values in times.items():
            report(f"{case.name} {form}", "p50", values, "ms")
            report(f"{case.name} {form}", "p99", values, "ms")

    def held(self, zygote):
        """Descriptors of engine and zygote, processes, resident KiB of the zygote."""
        engine = self.engine.process.pid
        descriptors = [len(list(pathlib.Path(f"/proc/{pid}/fd").iterdir())) for pid in (engine, zygote)]
        resident = int(pathlib.Path(f"/proc/{zygote}/status").read_text().partition("VmRSS:")[2].split()[0])
        return (*descriptors, len(children(engine)), resident)

    def leaks(self, case):
        function = f"{case.name}-zygote"
        for _ in range(WARM_UP):
            self.call(function)
        while self.workers(function):
            time.sleep(0.002)
        zygote = next((pid for pid in children(self.engine.process.pid) if is_for(pid, function)), None)
        if zygote is None:
            raise EngineEnded(f"{function} has no zygote")
        before = self.held(zygote)
        times = [self.call(function) for _ in range(COLD_STARTS)]
        while self.workers(function):
            time.sleep(0.002)
        time.sleep(0.1)
        after = self.held(zygote)
        name = f"{function} x {COLD_STARTS}"
        report(name, "p50", times, "ms")
        report(name, "p99", times, "ms")
        for metric, first, last, unit in zip(("engine_descriptors", "zygote_descriptors", "processes", "zygote_memory"),
                                             before, after, ("1", "1", "1", "KiB")):
            report(name, metric + "_more", [last - first], unit)
        report(name, "zygote_memory", [after[3]], "KiB")
        # The engine opens files for other reasons, too.
        return all(last - first < COLD_STARTS / 100 for first, last in zip(before[:3], after[:3]))


def is_for(pid, function):
    """Its last argument is the function's folder in the data folder."""
    return pathlib.Path(f"/proc/{pid}/cmdline").read_text().rstrip("\0").endswith(f"/functions/{function}")


def children(pid):
    found = set()
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        found |= {int(child) for child in (task / "children").read_text().split()}
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help="cases, with commas")
    parser.add_argument("--runs", type=int, default=100, help="cold starts a case")
    parser.add_argument("--lambda", dest="clients", type=pathlib.Path, help="folder with awslambdaric, boto3 and Pillow")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pelton-cold-") as temporary:
        folder = pathlib.Path(temporary)
        cases = [python_case(folder, milliseconds) for milliseconds in (0, 30, 150)]
        if options.clients:
            clients = options.clients.resolve()
            cases.append(lambda_case(folder, "lambda-echo", "", clients))
            cases.append(lambda_case(folder, "lambda-boto3", "import boto3\nfrom PIL import Image\n", clients))
        names = [case.name for case in cases] + ["leaks"]
        wanted = options.only.split(",") if options.only else names
        unknown = set(wanted) - set(names)
        if unknown:
            parser.error(f"no case {', '.join(sorted(unknown))}; cases: {', '.join(names)}")
        functions = "\n".join(function for case in cases for function in case.functions())
        config = f"version: 1\nengine: {{ data: ./data, free_space: 100MiB, log: {{ level: warn }} }}\nfunctions:\n{functions}\n"
        good = True
        with Engine(ROOT / "build/bench/cold", config) as engine:
            while engine.status() is None:
                time.sleep(0.02)
            cold = Cold(engine)
            for case in cases:
                if case.name in wanted:
                    cold.compare(case, options.runs)
            if "leaks" in wanted:
                good = cold.leaks(cases[0])
    sys.exit(0 if good else 1)


main()
