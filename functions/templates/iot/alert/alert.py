"""Watches readings, {"device": "boiler-1", "celsius": 91.5}, and emits an alert for each above 80 degrees."""

import pelton

TOO_HOT = 80


def handle(event, context):
    reading = event.json()
    if "device" not in reading:
        raise pelton.Fail("the reading names no device")
    if reading["celsius"] > TOO_HOT:
        return {"device": reading["device"], "celsius": reading["celsius"], "alert": "too hot"}
