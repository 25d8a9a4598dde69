"""Greets a person: {"name": "Ada"} -> {"greeting": "Hello, Ada!"}."""

import pelton


def handle(event, context):
    person = event.json()
    if not person.get("name"):
        raise pelton.Fail("this person has no name")  # a dead letter at once; other exceptions are retried
    return {"greeting": f"Hello, {person['name']}!"}  # an event in the stream `to`, with the key of its input
