# SPDX-License-Identifier: Apache-2.0
"""Receipts for orders that are paid: a change of public.orders in Debezium's form -> {"order": 7, "receipt": "12.50"}."""


def handle(event, context):
    change = event.json()
    before, after = change["before"], change["after"]
    # The table has REPLICA IDENTITY FULL, so the row before the update is known.
    if after["paid"] and not (before and before["paid"]):
        return {"order": after["id"], "receipt": after["total"]}
    return None
