"""Bills orders: {"order": "o-1", "amount": 12.5} -> {"order": "o-1", "total": 14.88}."""

import pelton

VAT = 0.19


def handle(event, context):
    order = event.json()
    if not isinstance(order.get("amount"), (int, float)):
        raise pelton.Fail("the order has no amount")  # a dead letter at once; the records behind it go on
    return {"order": order["order"], "total": round(order["amount"] * (1 + VAT), 2)}
