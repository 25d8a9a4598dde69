// SPDX-License-Identifier: Apache-2.0
// What values with schemas cost: a record of about 200 bytes from its encoding to JSON and back.
#include "engine/schema/codec.h"

#include <benchmark/benchmark.h>

#include <memory>
#include <string>

namespace pelton::bench {
namespace {

// 200 bytes in Avro.
const std::string kJson =
    R"({"id":123456789,"customer":"customer-000123","state":"PAID","at":"2026-01-31T08:30:00.250Z",)"
    R"("note":"leave it with the neighbours, second floor, left door","price":"1234.50",)"
    R"("items":[{"sku":"sku-00012345","count":2,"price":19.95},{"sku":"sku-00067890","count":1,"price":5.5},)"
    R"({"sku":"sku-00099999","count":7,"price":0.25}],"tags":{"channel":"web","campaign":"spring-2026"}})";
const std::string kAvro =
    R"({"type":"record","name":"Order","fields":[{"name":"id","type":"long"},)"
    R"({"name":"customer","type":"string"},)"
    R"({"name":"state","type":{"type":"enum","name":"State","symbols":["NEW","PAID"]}},)"
    R"({"name":"at","type":{"type":"long","logicalType":"timestamp-millis"}},)"
    R"({"name":"note","type":["null","string"]},)"
    R"({"name":"price","type":{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}},)"
    R"({"name":"items","type":{"type":"array","items":{"type":"record","name":"Item","fields":[)"
    R"({"name":"sku","type":"string"},{"name":"count","type":"int"},{"name":"price","type":"double"}]}}},)"
    R"({"name":"tags","type":{"type":"map","values":"string"}}]})";
const std::string kProtobuf = R"(syntax = "proto3";
import "google/protobuf/timestamp.proto";
message Order {
  int64 id = 1;
  string customer = 2;
  enum State { NEW = 0; PAID = 1; }
  State state = 3;
  google.protobuf.Timestamp at = 4;
  string note = 5;
  string price = 6;
  message Item { string sku = 1; int32 count = 2; double price = 3; }
  repeated Item items = 7;
  map<string, string> tags = 8;
})";
const std::string kJsonSchema =
    R"({"type":"object","required":["id","customer"],"additionalProperties":false,"properties":{)"
    R"("id":{"type":"integer"},"customer":{"type":"string"},"state":{"enum":["NEW","PAID"]},)"
    R"("at":{"type":"string"},"note":{"type":["string","null"]},"price":{"type":"string"},)"
    R"("items":{"type":"array","items":{"type":"object","properties":{"sku":{"type":"string"},)"
    R"("count":{"type":"integer","minimum":1},"price":{"type":"number"}}}},)"
    R"("tags":{"type":"object","additionalProperties":{"type":"string"}}}})";

std::unique_ptr<const schema::Codec> codec_of(schema::Format format) {
  const std::string& text = format == schema::Format::avro       ? kAvro
                            : format == schema::Format::protobuf ? kProtobuf
                                                                 : kJsonSchema;
  return std::move(*schema::compile({format, text}, ""));
}

void decode(benchmark::State& state, schema::Format format) {
  const auto codec = codec_of(format);
  std::string bytes, json;
  if (!codec->encode(kJson, bytes)) return state.SkipWithError("the record does not fit");
  for (auto _ : state) {
    json.clear();
    if (!codec->decode(bytes, json)) return state.SkipWithError("the bytes do not fit");
    benchmark::DoNotOptimize(json.data());
  }
  state.counters["bytes"] = static_cast<double>(bytes.size());
}

void encode(benchmark::State& state, schema::Format format) {
  const auto codec = codec_of(format);
  std::string bytes;
  for (auto _ : state) {
    bytes.clear();
    if (!codec->encode(kJson, bytes)) return state.SkipWithError("the record does not fit");
    benchmark::DoNotOptimize(bytes.data());
  }
}

BENCHMARK_CAPTURE(decode, avro, schema::Format::avro);
BENCHMARK_CAPTURE(decode, protobuf, schema::Format::protobuf);
BENCHMARK_CAPTURE(decode, json_schema, schema::Format::json_schema);
BENCHMARK_CAPTURE(encode, avro, schema::Format::avro);
BENCHMARK_CAPTURE(encode, protobuf, schema::Format::protobuf);
BENCHMARK_CAPTURE(encode, json_schema, schema::Format::json_schema);

}  // namespace
}  // namespace pelton::bench

BENCHMARK_MAIN();
