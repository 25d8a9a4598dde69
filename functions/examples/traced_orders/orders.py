# SPDX-License-Identifier: Apache-2.0
"""An order API for AWS Lambda, traced with the X-Ray SDK: what it does and which services it calls, in the caller's trace."""

import json
import os
from decimal import Decimal

import boto3
from aws_xray_sdk.core import patch_all, xray_recorder

patch_all()

orders = boto3.resource("dynamodb").Table(os.environ["ORDERS_TABLE"])


@xray_recorder.capture("price")
def price(order):
    total = sum(Decimal(str(item["price"])) * item["count"] for item in order["items"])
    xray_recorder.current_subsegment().put_annotation("customer", order["customer"])
    return total


def handler(event, context):
    order = json.loads(event["body"])
    total = price(order)
    orders.put_item(Item={"id": order["id"], "customer": order["customer"], "total": total})
    return {"statusCode": 201, "body": json.dumps({"id": order["id"], "total": str(total)})}
