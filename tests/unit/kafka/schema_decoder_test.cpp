// SPDX-License-Identifier: Apache-2.0
// Values of records with schemas, read and written.
#include "engine/kafka/records/schema_decoder.h"

#include "engine/kafka/records/schema_encoder.h"
#include "tests/unit/schema/fake_registry.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <future>

namespace pelton::kafka {
namespace {

using Decoding = SchemaDecoder::Outcome;
using testing::HasSubstr;
using namespace std::string_literals;

class ValuesWithSchemas : public testing::Test {
 protected:
  ValuesWithSchemas() {
    topic_.topic = "orders";
    topic_.schemas.emplace();
    topic_.schemas->registry.urls = {server_.url()};
    server_.answer(
        "GET /schemas/ids/1", 200,
        R"({"schema":"{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"n\",\"type\":\"int\"}]}"})");
    registry_ = registries_.of(topic_.schemas->registry);
  }
  // Known, or known to be poison, when this returns.
  void ask(std::uint32_t id) {
    std::promise<void> asked;
    registry_->run([&] {
      registry_->fetch(id);
      asked.set_value();
    });
    asked.get_future().wait();
  }
  SchemaDecoder decoder() { return {*topic_.schemas, registry_}; }
  static model::EventView event(std::string_view value) {
    model::EventView event;
    event.data = value;
    event.headers = {{"h", "1"}, {kSchemaId, "forged"}};
    return event;
  }
  // Waits for the registry's thread, without which nothing is known.
  bool becomes_ready(SchemaEncoder& encoder) {
    for (int i = 0; i < 2'000 && !encoder.ready() && encoder.why().empty(); ++i)
      std::this_thread::yield();
    ask(1);  // behind what the thread was asked for
    return encoder.ready();
  }

  schema::test::FakeRegistry server_;
  schema::Registries registries_;
  TopicOptions topic_;
  std::shared_ptr<schema::Registry> registry_;
};

TEST_F(ValuesWithSchemas, BecomeJsonAndSayWhichSchemaTheyHad) {
  ask(1);
  SchemaDecoder decoding = decoder();
  const std::string value = "\0\0\0\0\1\x0e"s;
  model::EventView read = event(value);
  ASSERT_EQ(decoding.decode(read), Decoding::done);
  EXPECT_EQ(read.data, R"({"n":7})");
  EXPECT_EQ(read.content_type, "application/json");
  ASSERT_EQ(read.headers.size(), 3U);
  EXPECT_EQ(read.headers[1].value, "1") << "only the engine says so";
  EXPECT_EQ(read.headers[2].name, kSchemaName);
  EXPECT_EQ(read.headers[2].value, "R");
}

TEST_F(ValuesWithSchemas, ThatCannotBeDecodedAreLeftAsTheyAre) {
  ask(1);
  ask(9);
  SchemaDecoder decoding = decoder();
  const std::vector<std::pair<std::string, std::string>> bad{
      {"plain", "E6160"}, {"", "E6160"}, {"\0\0\0\0\x09x"s, "E6161"}, {"\0\0\0\0\1"s, "E6163"}};
  for (const auto& [value, code] : bad) {
    model::EventView read = event(value);
    EXPECT_EQ(decoding.decode(read), Decoding::fault) << code;
    EXPECT_EQ(decoding.why().code, code);
    EXPECT_EQ(read.data, value);
    EXPECT_EQ(read.headers.size(), 2U);
  }
  topic_.schemas->value.decode = schema::Decode::protobuf;
  SchemaDecoder other = decoder();
  const std::string value = "\0\0\0\0\1\x0e"s;
  model::EventView read = event(value);
  EXPECT_EQ(other.decode(read), Decoding::fault);
  EXPECT_EQ(other.why().text(), "E6162: schema 1 is of the format Avro, which `decode` excludes");
}

TEST_F(ValuesWithSchemas, OfManySchemasAreToldApart) {
  SchemaDecoder decoding = decoder();
  for (std::uint32_t id = 1; id <= 150; ++id) {
    server_.answer(
        fmt::format("GET /schemas/ids/{}", id), 200,
        fmt::format(R"({{"schema":"{{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"S{}\"]}}"}})",
                    id));
    ask(id);
    std::string value = "\0\0\0"s;
    value += '\0';
    value += static_cast<char>(id);
    value += '\0';
    model::EventView read = event(value);
    ASSERT_EQ(decoding.decode(read), Decoding::done) << decoding.why().text();
    EXPECT_EQ(read.data, fmt::format("\"S{}\"", id));
    EXPECT_EQ(read.headers[1].value, std::to_string(id));
  }
}

TEST_F(ValuesWithSchemas, OfATopicWithoutSchemasAreNotLookedAt) {
  EXPECT_EQ(schema_decoder(std::nullopt, registries_), nullptr);
  topic_.schemas->value.decode = schema::Decode::off;
  EXPECT_EQ(schema_decoder(topic_.schemas, registries_), nullptr);
  EXPECT_EQ(schema_encoder(topic_, registries_), nullptr);
}

TEST_F(ValuesWithSchemas, PassWhereTheyMay) {
  topic_.schemas->value.plain = schema::Plain::pass;
  SchemaDecoder decoding = decoder();
  model::EventView read = event("plain");
  EXPECT_EQ(decoding.decode(read), Decoding::done);
  EXPECT_EQ(read.data, "plain");
  EXPECT_EQ(read.headers.size(), 1U);
  model::EventView tombstone;
  tombstone.has_data = false;
  EXPECT_EQ(decoding.decode(tombstone), Decoding::done);
}

TEST_F(ValuesWithSchemas, WaitForTheRegistry) {
  server_.down(503);
  SchemaDecoder decoding = decoder();
  const std::string value = "\0\0\0\0\1\x0e"s;
  model::EventView read = event(value);
  EXPECT_EQ(decoding.decode(read), Decoding::waits);
  ask(1);
  EXPECT_EQ(decoding.decode(read), Decoding::waits);
  EXPECT_EQ(decoding.why().code, "E6164");
  EXPECT_EQ(read.data, value);
  server_.down(0);
  ask(1);
  EXPECT_EQ(decoding.decode(read), Decoding::done);
}

TEST_F(ValuesWithSchemas, AreWrittenInTheWireFormat) {
  topic_.schemas->value.encode.emplace();
  topic_.schemas->value.encode->id = 1;
  SchemaEncoder encoder(topic_, registry_);
  ASSERT_TRUE(becomes_ready(encoder)) << encoder.why();
  model::BatchBuilder builder;
  builder.add(event(R"({"n":7})"));
  builder.add(event(R"({"n":"x"})"));
  model::EventView tombstone;
  tombstone.has_data = false;
  builder.add(tombstone);
  const auto encoded = encoder.encode(*builder.finish());
  ASSERT_EQ(encoded.batch->size(), 3U);
  EXPECT_EQ(encoded.batch->data(0), "\0\0\0\0\1\x0e"s);
  EXPECT_EQ(encoded.batch->content_type(0), "application/avro");
  EXPECT_EQ(encoded.batch->headers(0).size(), 1U);
  EXPECT_FALSE(encoded.batch->has_data(2));
  ASSERT_EQ(encoded.unfit.size(), 1U);
  EXPECT_EQ(encoded.unfit[0].index, 1U);
  EXPECT_EQ(encoded.unfit[0].error.kind, ErrorKind::invalid);
  EXPECT_THAT(encoded.unfit[0].error.message, HasSubstr("$.n: a text is no int"));
}

TEST_F(ValuesWithSchemas, HaveTheContentTypeOfTheirFormat) {
  server_.answer("GET /schemas/ids/2", 200, R"({"schema":"{}","schemaType":"JSON"})");
  server_.answer(
      "GET /schemas/ids/3", 200,
      R"({"schema":"syntax = \"proto3\"; message A { int32 n = 1; }","schemaType":"PROTOBUF"})");
  for (const auto& [id, type, value] : {std::tuple{2U, "application/json", "\0\0\0\0\2{\"n\":7}"s},
                                        {3U, "application/protobuf", "\0\0\0\0\3\0\x08\7"s}}) {
    topic_.schemas->value.encode.emplace();
    topic_.schemas->value.encode->id = id;
    SchemaEncoder encoder(topic_, registry_);
    ASSERT_TRUE(becomes_ready(encoder)) << encoder.why();
    model::BatchBuilder builder;
    builder.add(event(R"({"n":7})"));
    const auto encoded = encoder.encode(*builder.finish());
    EXPECT_EQ(encoded.batch->data(0), value);
    EXPECT_EQ(encoded.batch->content_type(0), type);
    // ... and are read as what they were.
    ask(id);
    SchemaDecoder decoding = decoder();
    model::EventView read = event(value);
    EXPECT_EQ(decoding.decode(read), Decoding::done);
    EXPECT_EQ(read.data, R"({"n":7})");
    EXPECT_EQ(read.content_type, "application/json");
  }
}

TEST_F(ValuesWithSchemas, AreWrittenUnderTheSubjectOfTheStrategy) {
  const auto file = std::filesystem::temp_directory_path() /
                    fmt::format("pelton-schema-{}.avsc", static_cast<int>(::getpid()));
  std::ofstream(file) << R"({"type":"enum","name":"x.E","symbols":["A"]})";
  topic_.schemas->value.encode.emplace();
  topic_.schemas->value.encode->file = file;
  using Strategy = schema::SubjectStrategy;
  for (const auto& [strategy, subject] : {std::pair{Strategy::topic, "orders-value"},
                                          {Strategy::record, "x.E"},
                                          {Strategy::topic_record, "orders-x.E"}}) {
    topic_.schemas->value.encode->subject = strategy;
    SchemaEncoder encoder(topic_, registry_);
    EXPECT_FALSE(becomes_ready(encoder)) << "the subject has no such schema";
    EXPECT_THAT(encoder.why(), HasSubstr("E6166: the schema for outputs, subject "s + subject));
  }
  std::ofstream(file) << "{";
  SchemaEncoder broken(topic_, registry_);
  EXPECT_FALSE(broken.ready());
  EXPECT_THAT(broken.why(), HasSubstr("not a valid Avro schema"));
  std::filesystem::remove(file);
}

TEST_F(ValuesWithSchemas, KeysHaveSchemasToo) {
  server_.answer("GET /schemas/ids/2", 200, R"({"schema":"\"string\""})");
  server_.answer("GET /schemas/ids/3", 200, R"({"schema":"\"long\""})");
  for (const std::uint32_t id : {1U, 2U, 3U}) ask(id);
  topic_.schemas->key.emplace();
  const std::string value = "\0\0\0\0\1\x0e"s;
  for (const auto& [id, key, text] : {std::tuple{1U, "\0\0\0\0\1\x0e"s, R"({"n":7})"s},
                                      {2U, "\0\0\0\0\2\6a\"b"s, "a\"b"s},
                                      {2U, "\0\0\0\0\2\0"s, ""s},
                                      {3U, "\0\0\0\0\3\x0e"s, "7"s}}) {
    SchemaDecoder decoding = decoder();
    model::EventView read = event(value);
    read.has_key = true;
    read.key = key;
    ASSERT_EQ(decoding.decode(read), Decoding::done) << decoding.why().text();
    EXPECT_EQ(read.key, text);
    EXPECT_EQ(read.data, R"({"n":7})");
    EXPECT_EQ(read.headers.back().name, kKeySchemaId);
    EXPECT_EQ(read.headers.back().value, std::to_string(id));
    // ... and are written as they were.
    topic_.schemas->key->encode.emplace();
    topic_.schemas->key->encode->id = id;
    SchemaEncoder encoder(topic_, registry_);
    ASSERT_TRUE(becomes_ready(encoder)) << encoder.why();
    model::BatchBuilder builder;
    builder.add(read);
    const auto encoded = encoder.encode(*builder.finish());
    EXPECT_EQ(encoded.batch->key(0), key);
    EXPECT_EQ(encoded.batch->data(0), R"({"n":7})") << "values are not encoded here";
    EXPECT_EQ(encoded.batch->headers(0).size(), 1U);
  }
}

TEST_F(ValuesWithSchemas, KeysThatCannotBeDecodedAreFaultsOrPass) {
  ask(1);
  topic_.schemas->key.emplace();
  const std::string value = "\0\0\0\0\1\x0e"s;
  SchemaDecoder decoding = decoder();
  model::EventView read = event(value);
  EXPECT_EQ(decoding.decode(read), Decoding::done) << "no key";
  read = event(value);
  read.has_key = true;
  read.key = "plain";
  EXPECT_EQ(decoding.decode(read), Decoding::fault);
  EXPECT_THAT(decoding.why().text(),
              HasSubstr("E6160: the key (5 bytes) is not in the wire format"));
  EXPECT_EQ(read.data, value);
  topic_.schemas->key->plain = schema::Plain::pass;
  SchemaDecoder passing = decoder();
  EXPECT_EQ(passing.decode(read), Decoding::done);
  EXPECT_EQ(read.key, "plain");
  EXPECT_EQ(read.data, R"({"n":7})");
  topic_.schemas->key->encode.emplace();
  topic_.schemas->key->encode->id = 1;
  SchemaEncoder encoder(topic_, registry_);
  ASSERT_TRUE(becomes_ready(encoder)) << encoder.why();
  model::BatchBuilder builder;
  builder.add(read);
  const auto encoded = encoder.encode(*builder.finish());
  ASSERT_EQ(encoded.unfit.size(), 1U);
  EXPECT_THAT(encoded.unfit[0].error.text(), HasSubstr("E6165: the key: "));
}

// Each is within its bounds, and all of them are a hundred times as large as they were.
TEST_F(ValuesWithSchemas, GrowWithinBoundsInABatch) {
  server_.answer(
      "GET /schemas/ids/2", 200,
      fmt::format(
          R"({{"schema":"{{\"type\":\"record\",\"name\":\"R\",\"fields\":[{{\"name\":\"a\",\"type\":\"string\",\"default\":\"{}\"}}]}}"}})",
          std::string(900'000, 'x')));
  topic_.schemas->value.encode.emplace();
  topic_.schemas->value.encode->id = 2;
  SchemaEncoder encoder(topic_, registry_);
  ASSERT_TRUE(becomes_ready(encoder)) << encoder.why();
  model::BatchBuilder builder;
  for (int i = 0; i < 100; ++i) builder.add(event("{}"));
  const auto encoded = encoder.encode(*builder.finish());
  EXPECT_EQ(encoded.batch->size(), 100U);
  EXPECT_LT(encoded.batch->bytes().size(), 36U << 20);
  ASSERT_GT(encoded.unfit.size(), 50U);
  EXPECT_GT(encoded.unfit.front().index, 10U) << "so that those that come again get on";
  EXPECT_EQ(encoded.unfit.front().error.kind, ErrorKind::overloaded) << "it costs no attempt";
}

}  // namespace
}  // namespace pelton::kafka
