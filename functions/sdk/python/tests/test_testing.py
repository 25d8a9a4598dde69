# SPDX-License-Identifier: Apache-2.0
"""pelton.testing, and the package as its users install and type-check it."""

import importlib.util
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import pelton
from pelton import testing

PACKAGE = pathlib.Path(__file__).parent.parent
USERS_TEST = '''
import pelton
from pelton import testing

def handle(event: pelton.IncomingEvent, context: pelton.Context) -> dict[str, object]:
    reading = event.json()
    context.logger.info("attempt %d", context.attempt)
    return {"device": reading["device"], "key": event.key is not None}

def test_handle() -> None:
    outcome = testing.invoke(handle, pelton.Event({"device": "b1"}, key="b1", headers={"trace": "1"}))
    assert outcome.done, outcome.message
    output: pelton.IncomingEvent = outcome.outputs[0]
    assert output.json() == {"device": "b1", "key": True}
    data: bytes = output.data
    stream: str | None = outcome.outputs[0].stream
    assert stream is None
    delay: float | None = outcome.retry_after
    assert data and delay is None

test_handle()
'''


def run(*command, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)
    if done.returncode:
        raise AssertionError(f"{' '.join(map(str, command))}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


class Invoke(unittest.TestCase):
    def test_outputs_have_what_the_engine_stores(self):
        def handle(event, context):
            return [pelton.Event({"n": len(event.data)}), pelton.Event(None, key="gone", headers={"a": b"\xff"})]

        outcome = testing.invoke(handle, pelton.Event("four", key="k", subject="s", type="t"), function="count")
        first, second = outcome.outputs
        self.assertTrue(outcome.done)
        self.assertEqual((first.json(), first.key, first.subject, first.type, first.content_type, first.source),
                         ({"n": 4}, b"k", "s", "t", "application/json", "function/count"))
        self.assertEqual((second.has_data, second.key, second.headers), (False, b"gone", [("a", b"\xff")]))

    def test_outputs_may_name_their_streams(self):
        def handle(event, context):
            return [pelton.Event("a", stream="alerts"), pelton.Event("b"), pelton.Event("c", stream="bills"), event]

        outcome, other = testing.invoke_all(handle, ["one", "two"])
        for one in (outcome, other):
            self.assertEqual([output.stream for output in one.outputs], ["alerts", None, "bills", None])
        self.assertEqual(testing.invoke(lambda event, context: event, "x").outputs[0].stream, None)

    def test_a_stream_that_cannot_be(self):
        for stream in ("", "x" * 256, 5, b"s"):
            outcome = testing.invoke(lambda event, context: pelton.Event("a", stream=stream), "x")
            self.assertEqual((outcome.result, outcome.outputs), ("retry", []))
            self.assertIn("stream must be", outcome.message)
        many = testing.invoke(lambda event, context: [pelton.Event("a", stream=f"s{n}") for n in range(1001)], "x")
        self.assertIn("more than 1000 streams", many.message)

    def test_the_context_is_what_the_test_says(self):
        def handle(event, context):
            return [context.attempt, context.offset, context.partition, context.stream, context.binding,
                    context.function, context.idempotency_key]

        outcome = testing.invoke(handle, b"", attempt=3, offset=7, partition=2, stream="s", binding="b", function="f")
        self.assertEqual(outcome.outputs[0].json(), [3, 7, 2, "s", "b", "f", "b/s/1/2/7"])
        outcome = testing.invoke(lambda event, context: context.idempotency_key, idempotency_key="mine")
        self.assertEqual(outcome.outputs[0].text(), "mine")

    def test_failures_say_what_they_are(self):
        def handle(event, context):
            raise {"retry": pelton.Retry(after=1.5, reason="busy"), "fail": pelton.Fail("never"),
                   "bug": KeyError("x")}[event.text()]

        retry, fail, bug = (testing.invoke(handle, text) for text in ("retry", "fail", "bug"))
        self.assertEqual((retry.result, retry.message, retry.retry_after), ("retry", "busy", 1.5))
        self.assertEqual((fail.result, fail.message, fail.retry_after), ("fail", "never", None))
        self.assertEqual((bug.result, bug.error_type, bug.message), ("retry", "KeyError", "'x'"))
        self.assertIn("in handle", bug.stack)

    def test_a_value_that_cannot_be_stored_fails_as_it_does_in_production(self):
        outcome = testing.invoke(lambda event, context: float("nan"))
        self.assertEqual((outcome.result, outcome.error_type, outcome.outputs), ("retry", "ValueError", []))

    def test_coroutines_and_generators_run(self):
        async def coroutine(event, context):
            return event.text().upper()

        async def generator(event, context):
            for letter in event.text():
                yield letter

        self.assertEqual(testing.invoke(coroutine, "ab").outputs[0].text(), "AB")
        self.assertEqual([one.text() for one in testing.invoke(generator, "ab").outputs], ["a", "b"])

    def test_what_a_worker_refuses_is_refused(self):
        with self.assertRaisesRegex(TypeError, r"cannot be called with \(event, context\)"):
            testing.invoke(lambda event: None)
        with self.assertRaisesRegex(TypeError, "key must be bytes or str, not int"):
            testing.invoke(lambda event, context: None, pelton.Event(key=5))
        with self.assertRaisesRegex(TypeError, "unexpected keyword argument 'strem'"):
            testing.invoke(lambda event, context: None, strem="s")


class InvokeAll(unittest.TestCase):
    EVENTS = [pelton.Event("1", key="a"), pelton.Event("x", key="a"), pelton.Event("2", key="a"),
              pelton.Event("3", key="b"), pelton.Event("4")]

    @staticmethod
    def handle(event, context):
        return int(event.text())

    def results(self, **options):
        return [outcome.result for outcome in testing.invoke_all(self.handle, self.EVENTS, **options)]

    def test_a_failure_holds_back_what_the_order_says(self):
        self.assertEqual(self.results(), ["done", "retry", "skipped", "done", "done"])
        self.assertEqual(self.results(order="partition"), ["done", "retry", "skipped", "skipped", "skipped"])
        self.assertEqual(self.results(order="none"), ["done", "retry", "done", "done", "done"])
        with self.assertRaisesRegex(ValueError, "order must be one of key, partition, none, not 'keys'"):
            self.results(order="keys")

    def test_outputs_belong_to_their_events(self):
        outcomes = testing.invoke_all(self.handle, self.EVENTS, order="none", offset=40)
        self.assertEqual([[one.json() for one in outcome.outputs] for outcome in outcomes], [[1], [], [2], [3], [4]])
        self.assertEqual(testing.invoke_all(self.handle, []), [])

    def test_batch_handlers_get_the_frame(self):
        @pelton.batch
        def whole(events, context):
            return [ValueError("bad") if event.text() == "x" else event for event in events]

        outcomes = testing.invoke_all(whole, self.EVENTS, order="none")
        self.assertEqual([outcome.result for outcome in outcomes], ["done", "retry", "done", "done", "done"])
        self.assertEqual(outcomes[4].outputs[0].text(), "4")
        self.assertTrue(testing.invoke(whole, "y").done)


class Package(unittest.TestCase):
    """Needs Debian's mypy, python3-pip, python3-setuptools and python3-wheel (tools/setup installs them)."""

    def needs(self, *modules):
        missing = [module for module in modules if importlib.util.find_spec(module) is None]
        if missing:
            self.skipTest(f"not installed: {', '.join(missing)}")

    def test_its_public_modules_are_strictly_typed(self):
        self.needs("mypy")
        with tempfile.TemporaryDirectory() as cache:
            run(sys.executable, "-m", "mypy", "--cache-dir", cache, cwd=PACKAGE)

    def test_a_wheel_serves_a_users_test_and_type_check(self):
        self.needs("mypy", "pip", "setuptools", "wheel")
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            run("cp", "-r", PACKAGE, folder / "source")  # setuptools writes into the tree that it builds
            run(sys.executable, "-m", "pip", "install", "--no-build-isolation", "--no-deps", "--no-index", "--target",
                folder / "site", folder / "source")
            (folder / "test_users.py").write_text(USERS_TEST)
            environment = dict(os.environ, PYTHONPATH=str(folder / "site"), MYPYPATH=str(folder / "site"))
            run(sys.executable, "test_users.py", cwd=folder, env=environment)
            run(sys.executable, "-m", "mypy", "--strict", "--python-version", "3.11", "--cache-dir", folder / "cache",
                "test_users.py", cwd=folder, env=environment)
            self.assertTrue(list((folder / "site" / "pelton").glob("_loop*.so")), "the wheel has no C loop")


if __name__ == "__main__":
    unittest.main()
