// SPDX-License-Identifier: Apache-2.0
#include "engine/stream/topic/letter_decoder.h"

#include "engine/kafka/records/schema_decoder.h"
#include "engine/model/batch_builder.h"
#include "engine/schema/wire_format.h"

#include <utility>
#include <vector>

namespace pelton::stream {
namespace {

using kafka::SchemaDecoder;

// The ids of the schemas that it was written with; none of an event that was decoded.
std::vector<std::uint32_t> schemas_of(const schema::SchemaOptions& options,
                                      const model::Batch& event) {
  std::vector<std::uint32_t> ids;
  std::string_view id;
  if (event.find_header(0, kafka::kSchemaId, id) || event.find_header(0, kafka::kKeySchemaId, id))
    return ids;
  const auto add = [&ids](bool decodes, std::string_view bytes) {
    const auto framed = decodes ? schema::framed(bytes) : std::nullopt;
    if (framed) ids.push_back(framed->id);
  };
  add(options.value.decodes() && event.has_data(0), event.data(0));
  add(options.key && options.key->decodes() && event.has_key(0), event.key(0));
  return ids;
}

}  // namespace

void LetterDecoder::decode(model::BatchPtr event, Decoded done) {
  if (schemas_of(options_, *event).empty()) return done(std::move(event));
  registry_->run(
      [self = shared_from_this(), event = std::move(event), done = std::move(done)]() mutable {
        auto answer = decoded(self->options_, self->registry_, *event);
        self->mailbox_.post([answer = std::move(answer), done = std::move(done)]() mutable {
          done(std::move(answer));
        });
      });
}

Result<model::BatchPtr> LetterDecoder::decoded(const schema::SchemaOptions& options,
                                               const std::shared_ptr<schema::Registry>& registry,
                                               const model::Batch& event) {
  for (const std::uint32_t id : schemas_of(options, event)) {
    const auto schema = registry->fetch(id);
    if (!schema && schema.error().kind != ErrorKind::invalid)
      return std::unexpected(schema.error());
  }
  SchemaDecoder decoder(options, registry);
  model::EventView view = event.event(0);
  const auto outcome = decoder.decode(view);
  model::BatchBuilder builder;
  builder.add(view);
  if (outcome != SchemaDecoder::Outcome::done) builder.fault(decoder.why());
  return builder.finish();
}

}  // namespace pelton::stream
