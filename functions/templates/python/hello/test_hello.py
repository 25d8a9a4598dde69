"""Run by: PYTHONPATH=$(pelton version --sdks)/python python3 -m unittest (in this folder)."""

import unittest

import pelton
from pelton import testing

from hello import handle


class Hello(unittest.TestCase):
    def test_greets_a_person(self):
        outcome = testing.invoke(handle, pelton.Event({"name": "Ada"}, key="ada"))
        self.assertTrue(outcome.done, outcome.message)
        self.assertEqual(outcome.outputs[0].json(), {"greeting": "Hello, Ada!"})

    def test_rejects_who_has_no_name(self):
        self.assertEqual(testing.invoke(handle, pelton.Event({})).result, "fail")


if __name__ == "__main__":
    unittest.main()
