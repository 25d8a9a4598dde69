# SPDX-License-Identifier: Apache-2.0
def handle(event, context):
    return None
