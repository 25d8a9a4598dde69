// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/records/schema_decoder.h"

#include "engine/schema/key_text.h"
#include "engine/schema/wire_format.h"

#include <utility>

namespace pelton::kafka {
namespace {

// Schemas that are found without the registry's lock.
constexpr std::size_t kMostKnown = 100;
constexpr std::size_t kMostKnownBytes = 8U << 20;
constexpr std::string_view kJson = "application/json";

bool takes(schema::Decode decode, schema::Format format) {
  switch (decode) {
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

void drop_schema_headers(model::EventView& event) {
  std::erase_if(event.headers, [](const model::Header& h) { return is_schema_header(h.name); });
}

}  // namespace

SchemaDecoder::SchemaDecoder(const schema::SchemaOptions& options,
                             std::shared_ptr<schema::Registry> registry)
    : registry_(std::move(registry)), value_{options.value, "value", {}} {
  if (options.key) key_.emplace(Part{*options.key, "key", {}});
}

SchemaDecoder::Outcome SchemaDecoder::refuse(Error error) {
  why_ = std::move(error);
  return outcome_ = why_.kind == ErrorKind::invalid ? Outcome::fault : Outcome::waits;
}

void SchemaDecoder::forget_some() {
  if (known_.size() < kMostKnown && known_bytes_ < kMostKnownBytes) return;
  known_.clear();
  known_bytes_ = 0;
  value_.known = nullptr;
  if (key_) key_->known = nullptr;
}

const SchemaDecoder::Known* SchemaDecoder::find(std::uint32_t id) {
  if (const auto known = known_.find(id); known != known_.end()) return &known->second;
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
  return &known_.emplace(id, Known{std::move(**answer), std::to_string(id)}).first->second;
}

SchemaDecoder::Outcome SchemaDecoder::decode(Part& part, bool is_there, std::string_view bytes) {
  part.known = nullptr;
  if (!is_there || !part.options.decodes()) return Outcome::done;
  const auto framed = schema::framed(bytes);
  if (!framed && part.options.plain == schema::Plain::pass) return Outcome::done;
  if (!framed)
    return refuse(
        {ErrorKind::invalid, "E6160",
         fmt::format("the {} ({} bytes) is not in the wire format of a schema "
                     "registry: it does not begin with a zero byte and the id of a schema",
                     part.name, bytes.size())});
  const Known* known = find(framed->id);
  if (known == nullptr) return outcome_;
  if (!takes(part.options.decode, known->schema->format))
    return refuse({ErrorKind::invalid, "E6162",
                   fmt::format("schema {} is of the format {}, which `decode` excludes", known->id,
                               schema::name_of(known->schema->format))});
  part.text.clear();
  if (auto ok = known->schema->codec->decode(framed->bytes, part.text); !ok) {
    ok.error().message +=
        fmt::format(" ({}schema {})", &part == &value_ ? "" : "the key's ", known->id);
    return refuse(std::move(ok.error()));
  }
  part.known = known;
  return Outcome::done;
}

SchemaDecoder::Outcome SchemaDecoder::decode(model::EventView& event) {
  forget_some();
  if (const auto outcome = decode(value_, event.has_data, event.data); outcome != Outcome::done)
    return outcome;
  if (key_)
    if (const auto outcome = decode(*key_, event.has_key, event.key); outcome != Outcome::done)
      return outcome;
  drop_schema_headers(event);
  if (value_.known != nullptr) {
    event.headers.push_back({kSchemaId, value_.known->id});
    const auto bytes = schema::framed(event.data)->bytes;
    const std::string_view name = value_.known->schema->codec->name(bytes);
    if (!name.empty()) event.headers.push_back({kSchemaName, name});
    event.data = value_.text;
    event.content_type = kJson;
  }
  if (key_ && key_->known != nullptr) {
    event.headers.push_back({kKeySchemaId, key_->known->id});
    schema::unquote(key_->text);
    event.key = key_->text;
  }
  return Outcome::done;
}

std::unique_ptr<SchemaDecoder> schema_decoder(const std::optional<schema::SchemaOptions>& options,
                                              schema::Registries& registries) {
  if (!options || !options->decodes()) return nullptr;
  return std::make_unique<SchemaDecoder>(*options, registries.of(options->registry));
}

}  // namespace pelton::kafka
