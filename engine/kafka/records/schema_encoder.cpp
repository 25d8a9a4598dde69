// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/records/schema_encoder.h"

#include "engine/kafka/records/schema_decoder.h"
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
    : file_(topic.schemas->encode->file),
      format_(topic.schemas->encode->format),
      target_(target_of(*topic.schemas->encode)),
      strategy_(topic.schemas->encode->subject),
      topic_(topic.topic),
      registry_(std::move(registry)) {}

// Reads the file, and finds the name of the subject.
bool SchemaEncoder::load() {
  std::string record = target_.message;
  if (!file_.empty()) {
    std::ifstream stream(file_);
    std::stringstream content;
    content << stream.rdbuf();
    if (!stream) {
      why_ = fmt::format("E6166: {} cannot be read", file_.string());
      return false;
    }
    target_.source = schema::Source{format_ ? *format_ : *schema::format_of(file_), content.str()};
    const auto codec = schema::compile(*target_.source, target_.message);
    const Status usable = codec ? (*codec)->writable() : std::unexpected(codec.error());
    if (!usable) {
      why_ = fmt::format("E6166: {}: {}", file_.string(), usable.error().text());
      return false;
    }
    if (record.empty()) record = (*codec)->name({});
  }
  switch (strategy_) {
    case schema::SubjectStrategy::topic:
      target_.subject = topic_ + "-value";
      break;
    case schema::SubjectStrategy::record:
      target_.subject = record;
      break;
    case schema::SubjectStrategy::topic_record:
      target_.subject = topic_ + "-" + record;
  }
  return loaded_ = true;
}

bool SchemaEncoder::ready() {
  if (!loaded_ && !load()) return false;
  auto answer = registry_->find(target_);
  if (!answer) return schema_ != nullptr;
  if (*answer) {
    schema_ = std::move(**answer);
    return true;
  }
  why_ = answer->error().text();
  // A registry that is away leaves what is known; one that has it no more does not.
  if (answer->error().code == "E6166") schema_.reset();
  return schema_ != nullptr;
}

SchemaEncoder::Encoded SchemaEncoder::encode(const model::Batch& batch) {
  Encoded encoded;
  const std::size_t most = kMostGrown + 2 * batch.bytes().size();
  for (std::uint32_t i = 0; i < batch.size(); ++i) {
    model::EventView event = batch.event(i);
    std::erase_if(event.headers, [](const model::Header& h) { return is_schema_header(h.name); });
    if (event.has_data) {
      value_.clear();
      schema::append_frame(value_, schema_->id);
      auto ok =
          builder_.payload_bytes() > most ? too_much() : schema_->codec->encode(event.data, value_);
      if (ok) {
        event.data = value_;
        event.content_type = content_type_of(schema_->format);
      } else {
        encoded.unfit.push_back({i, std::move(ok.error()), {}});
      }
    }
    builder_.add(event);
  }
  encoded.batch = builder_.finish();
  return encoded;
}

std::unique_ptr<SchemaEncoder> schema_encoder(const TopicOptions& topic,
                                              schema::Registries& registries) {
  if (!topic.schemas || !topic.schemas->encode) return nullptr;
  return std::make_unique<SchemaEncoder>(topic, registries.of(topic.schemas->registry));
}

}  // namespace pelton::kafka
