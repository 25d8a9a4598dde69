# SPDX-License-Identifier: Apache-2.0
"""Bills orders: {"order": "o-1", "amount": 12.5, "currency": "EUR"} -> {"order": "o-1", "eur": 12.5}."""

import json
import os

import pelton


def handle(event, context):
    try:
        order = event.json()
        amount, currency = float(order["amount"]), order["currency"]
    except (ValueError, KeyError, TypeError) as error:
        # No later attempt will find an amount in it: a dead letter at once.
        raise pelton.Fail(f"not an order: {error}") from error
    with open(os.environ["RATES"], encoding="utf-8") as file:
        rates = json.load(file)
    # KeyError: a rate may come, so this is tried again before it becomes a dead letter.
    return {"order": order["order"], "eur": round(amount * rates[currency], 2)}
