# SPDX-License-Identifier: Apache-2.0
"""A thumbnail function for AWS Lambda: each picture under uploads/ of a bucket gets one of 200 x 200 under thumbnails/."""

import io
import posixpath
import urllib.parse

import boto3
from PIL import Image

s3 = boto3.client("s3")


def handler(event, context):
    for record in event["Records"]:
        bucket = record["s3"]["bucket"]["name"]
        key = urllib.parse.unquote_plus(record["s3"]["object"]["key"])
        picture = Image.open(io.BytesIO(s3.get_object(Bucket=bucket, Key=key)["Body"].read()))
        thumbnail = io.BytesIO()
        picture.convert("RGB").resize((200, 200)).save(thumbnail, "JPEG")
        name = posixpath.splitext(posixpath.basename(key))[0]
        s3.put_object(Bucket=bucket, Key=f"thumbnails/{name}.jpg", Body=thumbnail.getvalue(), ContentType="image/jpeg")
        print(f"{key}: {picture.size} -> thumbnails/{name}.jpg")
