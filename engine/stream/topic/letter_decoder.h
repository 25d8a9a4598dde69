// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/kafka/client/poll_loop.h"
#include "engine/kafka/options.h"
#include "engine/model/batch.h"
#include "engine/schema/registry.h"
#include "engine/stream/connections.h"
#include "engine/thread/mailbox.h"

#include <memory>

namespace pelton::stream {

// Decodes the events of dead letters that are to be replayed and have their record's bytes: those
// that could not be decoded, and those of a dead-letter topic, which keeps records byte for byte.
// The schema registry is asked again, on its thread. Shard-confined.
class LetterDecoder : public std::enable_shared_from_this<LetterDecoder> {
 public:
  // The options have schemas. The mailbox lives longer.
  LetterDecoder(const schema::SchemaOptions& options, kafka::PollLoop& loop,
                thread::Mailbox& mailbox)
      : options_(lenient(options)),
        registry_(loop.registries().of(options.registry)),
        mailbox_(mailbox) {}

  // One event in a batch. What cannot be decoded has a fault in the batch that is answered; one
  // that is no encoded value is answered as it is. unavailable (E6164): the registry is away.
  void decode(model::BatchPtr event, Decoded done);

 private:
  // A part that is not encoded, such as one that was edited, is taken as it is.
  static schema::SchemaOptions lenient(schema::SchemaOptions options) {
    options.value.plain = schema::Plain::pass;
    if (options.key) options.key->plain = schema::Plain::pass;
    return options;
  }
  static Result<model::BatchPtr> decoded(const schema::SchemaOptions& options,
                                         const std::shared_ptr<schema::Registry>& registry,
                                         const model::Batch& event);

  const schema::SchemaOptions options_;
  const std::shared_ptr<schema::Registry> registry_;  // shared by all who read or write with it
  thread::Mailbox& mailbox_;
};

}  // namespace pelton::stream
