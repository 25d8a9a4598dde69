# SPDX-License-Identifier: Apache-2.0
"""Produces or consumes with Confluent's serializers, of Avro for keys: a JSON request on standard input, a JSON answer on standard output."""

import base64
import datetime
import decimal
import json
import sys

from confluent_kafka import Consumer, Producer
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.json_schema import JSONDeserializer, JSONSerializer
from confluent_kafka.schema_registry.protobuf import ProtobufDeserializer, ProtobufSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory


def message_class(schema):
    """{"package": ..., "name": ..., "fields": {"a": "string"}}: a message in proto3."""
    file = descriptor_pb2.FileDescriptorProto(name=schema["name"].lower() + ".proto", package=schema["package"], syntax="proto3")
    message = file.message_type.add(name=schema["name"])
    for number, (name, kind) in enumerate(schema["fields"].items(), 1):
        message.field.add(name=name, number=number, label=1, type=getattr(descriptor_pb2.FieldDescriptorProto, "TYPE_" + kind.upper()))
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{schema['package']}.{schema['name']}"))


def serializer(request, client):
    if request["kind"] == "avro":
        return AvroSerializer(client, json.dumps(request["schema"])), lambda value: value
    if request["kind"] == "json":
        return JSONSerializer(json.dumps(request["schema"]), client), lambda value: value
    made = message_class(request["schema"])
    return (ProtobufSerializer(made, client, {"use.deprecated.format": False}),
            lambda value: json_format.ParseDict(value, made()))


def deserializer(request, client):
    if request["kind"] == "avro":
        return AvroDeserializer(client), lambda value: value
    if request["kind"] == "json":
        return JSONDeserializer(json.dumps(request["schema"])), lambda value: value
    return (ProtobufDeserializer(message_class(request["schema"]), {"use.deprecated.format": False}),
            lambda value: json_format.MessageToDict(value))


def plain(value):
    """What JSON has no type for."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, (datetime.datetime, datetime.date)):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return str(value)
    raise TypeError(repr(value))


def restored(value):
    """{"$bytes": ...}, {"$decimal": ...} and {"$time": ...} stand for such values."""
    if "$bytes" in value:
        return base64.b64decode(value["$bytes"])
    if "$decimal" in value:
        return decimal.Decimal(value["$decimal"])
    if "$time" in value:
        return datetime.datetime.fromisoformat(value["$time"])
    return value


def main():
    request = json.load(sys.stdin, object_hook=restored)
    client = SchemaRegistryClient({"url": request["registry"]})
    context = SerializationContext(request["topic"], MessageField.VALUE)
    key_context = SerializationContext(request["topic"], MessageField.KEY)
    key_schema = request["key_schema"] and json.dumps(request["key_schema"])
    if request["do"] == "produce":
        serialize, prepare = serializer(request, client)
        serialize_key = AvroSerializer(client, key_schema) if key_schema else lambda key, _: key
        producer = Producer({"bootstrap.servers": request["broker"], "enable.idempotence": True})
        for key, value in request["records"]:
            producer.produce(request["topic"], key=serialize_key(key, key_context), value=serialize(prepare(value), context))
        assert producer.flush(60) == 0
        return json.dump(None, sys.stdout)
    deserialize, show = deserializer(request, client)
    consumer = Consumer({"bootstrap.servers": request["broker"], "group.id": "clients-" + request["topic"], "auto.offset.reset": "earliest"})
    consumer.subscribe([request["topic"]])
    values = []
    while len(values) < request["count"]:
        message = consumer.poll(60)
        assert message is not None, f"only {len(values)} records came"
        if message.error():
            continue
        value = show(deserialize(message.value(), context))
        values.append([AvroDeserializer(client)(message.key(), key_context), value] if key_schema else value)
    consumer.close()
    return json.dump(values, sys.stdout, default=plain)


if __name__ == "__main__":
    main()
