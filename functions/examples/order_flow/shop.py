# SPDX-License-Identifier: Apache-2.0
"""A small shop: a catalogue, orders that are paid once, and what follows from a paid order."""

import pelton

CATALOGUE = {
    "book": {"title": "Designing Event Streams", "price": 3900},
    "mug": {"title": "A mug", "price": 1200},
}


def problem(status, text):
    return pelton.Event({"error": text}, headers={":status": str(status)})


def products(event, context):
    """GET /products and GET /products/{id}"""
    wanted = event.header(":param.id")
    if wanted is None:
        return CATALOGUE
    return CATALOGUE.get(wanted) or problem(404, f"there is no product {wanted}")


def order(event, context):
    """POST /orders: charges the customer, and answers with the order.

    The route is durable: whatever happens to the client, the engine or this worker, an
    Idempotency-Key has one order and one event in `paid_orders`. A worker that dies in the middle
    is called again with the same idempotency key, which payment providers take for the same reason.
    """
    wanted = event.json()
    product = CATALOGUE.get(wanted.get("product"))
    if product is None:
        return problem(404, f"there is no product {wanted.get('product')}")
    total = product["price"] * int(wanted.get("count", 1))
    if total > 10_000:
        return problem(402, "the card was declined")
    charge = {"amount": total, "reference": context.idempotency_key}
    made = {"order": event.id, "customer": wanted["customer"], "product": wanted["product"], "charge": charge}
    return [
        pelton.Event(made, headers={":status": "201"}),
        pelton.Event(made, key=wanted["product"], stream="paid_orders"),
    ]


def notify(event, context):
    """The mail to the customer, as a file in the folder `outbox`."""
    made = event.json()
    text = f"To: {made['customer']}\nThank you for your order {made['order']}: {made['product']}.\n"
    return pelton.Event(text, content_type="text/plain", subject=f"{made['order']}.txt")


STOCK = {}


def reserve(event, context):
    """Orders of one product come one after the other: it is their key."""
    product = event.json()["product"]
    STOCK[product] = STOCK.get(product, 0) + 1
    return {"product": product, "reserved_by_this_worker": STOCK[product]}
