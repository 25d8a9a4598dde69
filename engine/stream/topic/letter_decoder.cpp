// SPDX-License-Identifier: Apache-2.0
#include "engine/stream/topic/letter_decoder.h"

#include "engine/kafka/records/schema_decoder.h"
#include "engine/model/batch_builder.h"
#include "engine/schema/wire_format.h"

#include <utility>

namespace pelton::stream {
namespace {

using kafka::SchemaDecoder;

bool is_encoded(const model::Batch& event) {
  std::string_view id;
  return event.has_data(0) && !event.find_header(0, kafka::kSchemaId, id) &&
         schema::framed(event.data(0)).has_value();
}

}  // namespace

void LetterDecoder::decode(model::BatchPtr event, Decoded done) {
  if (!is_encoded(*event)) return done(std::move(event));
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
  const auto schema = registry->fetch(schema::framed(event.data(0))->id);
  if (!schema && schema.error().kind != ErrorKind::invalid) return std::unexpected(schema.error());
  SchemaDecoder decoder(options, registry);
  model::EventView view = event.event(0);
  const auto outcome = decoder.decode(view);
  model::BatchBuilder builder;
  builder.add(view);
  if (outcome != SchemaDecoder::Outcome::done) builder.fault(decoder.why());
  return builder.finish();
}

}  // namespace pelton::stream
