// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/records/schema_encoder.h"

#include "engine/kafka/records/schema_decoder.h"
#include "engine/schema/key_text.h"
#include "engine/schema/wire_format.h"

#include <fstream>
#include <sstream>
#include <utility>

namespace pelton::kafka {
namespace {

std::string_view content_type_of(schema::Format format) {
  switch (format) {
    case schema::Format::avro:
      return "application/avro";
    case schema::Format::protobuf:
      return "application/protobuf";
    case schema::Format::json_schema:
      break;
  }
  return "application/json";
}

schema::Target target_of(const schema::EncodeOptions& options) {
  schema::Target target;
  target.id = options.id;
  target.add = options.register_file;
  target.message = options.record;
  target.refresh = options.refresh;
  return target;
}

// Defaults may make much of small outputs. Those that follow come again in a batch of their own.
constexpr std::size_t kMostGrown = 32U << 20;
Status too_much() {
  return fail(ErrorKind::overloaded, "E6165", "the outputs before it have become too large");
}

}  // namespace

SchemaEncoder::SchemaEncoder(const TopicOptions& topic, std::shared_ptr<schema::Registry> registry)
    : topic_(topic.topic), registry_(std::move(registry)) {
  const auto part = [](const schema::PartOptions& options, const char* end) {
    return options.encode ? std::optional(Part{*options.encode, end, target_of(*options.encode)})
                          : std::nullopt;
  };
  value_ = part(topic.schemas->value, "-value");
  if (topic.schemas->key) key_ = part(*topic.schemas->key, "-key");
}

// Reads the file, and finds the name of the subject.
bool SchemaEncoder::load(Part& part) {
  std::string record = part.target.message;
  const std::filesystem::path& file = part.options.file;
  if (!file.empty()) {
    std::ifstream stream(file);
    std::stringstream content;
    content << stream.rdbuf();
    if (!stream) {
      why_ = fmt::format("E6166: {} cannot be read", file.string());
      return false;
    }
    const auto format = part.options.format ? *part.options.format : *schema::format_of(file);
    part.target.source = schema::Source{format, content.str()};
    const auto codec = schema::compile(*part.target.source, part.target.message);
    const Status usable = codec ? (*codec)->writable() : std::unexpected(codec.error());
    if (!usable) {
      why_ = fmt::format("E6166: {}: {}", file.string(), usable.error().text());
      return false;
    }
    if (record.empty()) record = (*codec)->name({});
  }
  switch (part.options.subject) {
    case schema::SubjectStrategy::topic:
      part.target.subject = topic_ + part.end;
      break;
    case schema::SubjectStrategy::record:
      part.target.subject = record;
      break;
    case schema::SubjectStrategy::topic_record:
      part.target.subject = topic_ + "-" + record;
  }
  return part.loaded = true;
}

bool SchemaEncoder::ready() {
  return (!value_ || ready(*value_)) && (!key_ || ready(*key_));
}

bool SchemaEncoder::ready(Part& part) {
  if (!part.loaded && !load(part)) return false;
  auto answer = registry_->find(part.target);
  if (!answer) return part.schema != nullptr;
  if (*answer) {
    part.schema = std::move(**answer);
    return true;
  }
  why_ = answer->error().text();
  // A registry that is away leaves what is known; one that has it no more does not.
  if (answer->error().code == "E6166") part.schema.reset();
  return part.schema != nullptr;
}

SchemaEncoder::Encoded SchemaEncoder::encode(const model::Batch& batch) {
  Encoded encoded;
  const std::size_t most = kMostGrown + 2 * batch.bytes().size();
  for (std::uint32_t i = 0; i < batch.size(); ++i) {
    model::EventView event = batch.event(i);
    std::erase_if(event.headers, [](const model::Header& h) { return is_schema_header(h.name); });
    auto ok = builder_.payload_bytes() > most ? too_much() : encode(event);
    if (!ok) encoded.unfit.push_back({i, std::move(ok.error()), {}});
    builder_.add(event);
  }
  encoded.batch = builder_.finish();
  return encoded;
}

Status SchemaEncoder::encode(model::EventView& event) {
  if (auto ok = encode_key(event); !ok) return ok;
  return encode_value(event);
}

Status SchemaEncoder::encode_value(model::EventView& event) {
  if (!value_ || !event.has_data) return {};
  value_->bytes.clear();
  schema::append_frame(value_->bytes, value_->schema->id);
  if (auto ok = value_->schema->codec->encode(event.data, value_->bytes); !ok) return ok;
  event.data = value_->bytes;
  event.content_type = content_type_of(value_->schema->format);
  return {};
}

Status SchemaEncoder::encode_key(model::EventView& event) {
  if (!key_ || !event.has_key) return {};
  key_->bytes.clear();
  schema::append_frame(key_->bytes, key_->schema->id);
  if (auto ok = schema::encode_key(*key_->schema->codec, event.key, key_->bytes); !ok) {
    ok.error().message = "the key: " + ok.error().message;
    return ok;
  }
  event.key = key_->bytes;
  return {};
}

std::unique_ptr<SchemaEncoder> schema_encoder(const TopicOptions& topic,
                                              schema::Registries& registries) {
  if (!topic.schemas || !topic.schemas->encodes()) return nullptr;
  return std::make_unique<SchemaEncoder>(topic, registries.of(topic.schemas->registry));
}

}  // namespace pelton::kafka
