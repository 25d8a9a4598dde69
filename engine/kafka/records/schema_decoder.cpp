// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/records/schema_decoder.h"

#include "engine/schema/wire_format.h"

#include <utility>

namespace pelton::kafka {
namespace {

// Schemas that are found without the registry's lock.
constexpr std::size_t kMostKnown = 100;
constexpr std::size_t kMostKnownBytes = 8U << 20;
constexpr std::string_view kJson = "application/json";

void drop_schema_headers(model::EventView& event) {
  std::erase_if(event.headers, [](const model::Header& h) { return is_schema_header(h.name); });
}

}  // namespace

SchemaDecoder::SchemaDecoder(const schema::SchemaOptions& options,
                             std::shared_ptr<schema::Registry> registry)
    : decode_(options.decode), plain_(options.plain), registry_(std::move(registry)) {}

bool SchemaDecoder::takes(schema::Format format) const {
  switch (decode_) {
    case schema::Decode::avro:
      return format == schema::Format::avro;
    case schema::Decode::protobuf:
      return format == schema::Format::protobuf;
    case schema::Decode::json_schema:
      return format == schema::Format::json_schema;
    default:
      return true;
  }
}

SchemaDecoder::Outcome SchemaDecoder::refuse(Error error) {
  why_ = std::move(error);
  return outcome_ = why_.kind == ErrorKind::invalid ? Outcome::fault : Outcome::waits;
}

const SchemaDecoder::Known* SchemaDecoder::find(std::uint32_t id) {
  if (last_ != nullptr && id == last_id_) return last_;
  auto known = known_.find(id);
  if (known == known_.end()) {
    auto answer = registry_->find(id);
    if (!answer) {
      refuse({ErrorKind::unavailable, "", ""});
      return nullptr;
    }
    if (!*answer) {
      Error error = std::move(answer->error());
      if (error.code == "E6161")
        error.message = fmt::format("the schema registry has no schema {}: {}", id, error.message);
      refuse(std::move(error));
      return nullptr;
    }
    known_bytes_ += (**answer)->bytes;
    if (known_.size() >= kMostKnown || known_bytes_ > kMostKnownBytes) {
      known_.clear();
      known_bytes_ = (**answer)->bytes;
    }
    known = known_.emplace(id, Known{std::move(**answer), std::to_string(id)}).first;
  }
  last_id_ = id;
  last_ = &known->second;
  return last_;
}

SchemaDecoder::Outcome SchemaDecoder::decode(model::EventView& event) {
  if (!event.has_data || decode_ == schema::Decode::off) {
    drop_schema_headers(event);
    return Outcome::done;
  }
  const auto framed = schema::framed(event.data);
  if (!framed && plain_ == schema::Plain::pass) {
    drop_schema_headers(event);
    return Outcome::done;
  }
  if (!framed)
    return refuse(
        {ErrorKind::invalid, "E6160",
         fmt::format("the value ({} bytes) is not in the wire format of a schema "
                     "registry: it does not begin with a zero byte and the id of a schema",
                     event.data.size())});
  const Known* known = find(framed->id);
  if (known == nullptr) return outcome_;
  if (!takes(known->schema->format))
    return refuse({ErrorKind::invalid, "E6162",
                   fmt::format("schema {} is of the format {}, which `decode` excludes", known->id,
                               schema::name_of(known->schema->format))});
  json_.clear();
  if (auto ok = known->schema->codec->decode(framed->bytes, json_); !ok) {
    ok.error().message += fmt::format(" (schema {})", known->id);
    return refuse(std::move(ok.error()));
  }
  drop_schema_headers(event);
  event.headers.push_back({kSchemaId, known->id});
  const std::string_view name = known->schema->codec->name(framed->bytes);
  if (!name.empty()) event.headers.push_back({kSchemaName, name});
  event.data = json_;
  event.content_type = kJson;
  return Outcome::done;
}

std::unique_ptr<SchemaDecoder> schema_decoder(const std::optional<schema::SchemaOptions>& options,
                                              schema::Registries& registries) {
  if (!options || options->decode == schema::Decode::off) return nullptr;
  return std::make_unique<SchemaDecoder>(*options, registries.of(options->registry));
}

}  // namespace pelton::kafka
