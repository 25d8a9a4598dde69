# SPDX-License-Identifier: Apache-2.0
"""Makes notices of pushes that GitHub tells of."""


def handle(event, context):
    push = event.json()
    if push.get("deleted"):
        return None
    return {
        "repository": push["repository"]["full_name"],
        "branch": push["ref"].removeprefix("refs/heads/"),
        "by": push["pusher"]["name"],
        "commits": len(push["commits"]),
    }
