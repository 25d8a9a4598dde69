# SPDX-License-Identifier: Apache-2.0
"""A small HTTP API: users that are kept in memory, by one worker, until it ends."""

import pelton

users = {}


def handle(event, context):
    method, name = event.header(":method"), event.header(":param.id")
    if method == "PUT":
        known = name in users
        users[name] = {**event.json(), "id": name}
        return answer(200 if known else 201, users[name])
    if name not in users:
        return answer(404, {"message": f"there is no user {name}"})
    return answer(200, users.pop(name) if method == "DELETE" else users[name])


def answer(status, value):
    return pelton.Event(value, headers={":status": str(status)})
