// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/kafka/options.h"
#include "engine/kafka/produce/producer.h"
#include "engine/model/batch.h"
#include "engine/model/batch_builder.h"
#include "engine/schema/registry.h"

#include <memory>
#include <string>
#include <vector>

namespace pelton::kafka {

// Encodes the data of events for a topic whose values have a schema. One thread.
class SchemaEncoder {
 public:
  // The options have `encode`.
  SchemaEncoder(const TopicOptions& topic, std::shared_ptr<schema::Registry> registry);

  // The schema is known, as far as that has to be new. False: not yet; why() says what is missing,
  // once the registry has answered.
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
  bool load();

  const std::filesystem::path file_;
  const std::optional<schema::Format> format_;
  schema::Target target_;
  const schema::SubjectStrategy strategy_;
  const std::string topic_;
  const std::shared_ptr<schema::Registry> registry_;  // shared by all who read or write with it
  schema::SchemaPtr schema_;
  std::string why_;
  bool loaded_ = false;  // the file
  model::BatchBuilder builder_;
  std::string value_;
};

// Null: what is written to the topic is not encoded.
std::unique_ptr<SchemaEncoder> schema_encoder(const TopicOptions& topic,
                                              schema::Registries& registries);

}  // namespace pelton::kafka
