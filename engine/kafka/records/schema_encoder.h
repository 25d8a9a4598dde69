// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/kafka/options.h"
#include "engine/kafka/produce/producer.h"
#include "engine/model/batch.h"
#include "engine/model/batch_builder.h"
#include "engine/schema/registry.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pelton::kafka {

// Encodes the data and keys of events for a topic whose records have schemas. One thread.
class SchemaEncoder {
 public:
  // The options have an `encode`.
  SchemaEncoder(const TopicOptions& topic, std::shared_ptr<schema::Registry> registry);

  // The schemas are known, as far as that has to be new. False: not yet; why() says what is
  // missing, once the registry has answered.
  bool ready();
  const std::string& why() const { return why_; }

  // Value. A batch as long as the one that was given; what could not be encoded is in it as it was.
  struct Encoded {
    model::BatchPtr batch;
    std::vector<Refused> unfit;  // ascending; invalid (E6165)
  };
  // Once ready() was true. Tombstones stay what they are; headers that say which schema the event
  // was read with (schema_decoder.h) are left out.
  Encoded encode(const model::Batch& batch);

  schema::Registry& registry() { return *registry_; }

 private:
  // The values, or the keys.
  struct Part {
    schema::EncodeOptions options;
    std::string end;  // of the subject: "-value"
    schema::Target target;
    schema::SchemaPtr schema{};
    bool loaded = false;  // the file
    std::string bytes{};
  };

  bool ready(Part& part);
  bool load(Part& part);
  Status encode(model::EventView& event);
  Status encode_value(model::EventView& event);
  Status encode_key(model::EventView& event);

  const std::string topic_;
  const std::shared_ptr<schema::Registry> registry_;  // shared by all who read or write with it
  std::optional<Part> value_, key_;
  std::string why_;
  model::BatchBuilder builder_;
};

// Null: what is written to the topic is not encoded.
std::unique_ptr<SchemaEncoder> schema_encoder(const TopicOptions& topic,
                                              schema::Registries& registries);

}  // namespace pelton::kafka
