"""Greets a person: {"name": "Ada"} -> {"greeting": "Hello, Ada!"}."""


def lambda_handler(event, context):
    if not event.get("name"):
        raise ValueError("this person has no name")
    return {"greeting": f"Hello, {event['name']}!"}
