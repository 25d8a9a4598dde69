// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/stream/access.h"
#include "engine/stream/embedded/embedded_streams.h"
#include "engine/stream/topic/topic_access.h"
#include "engine/store/store.h"

#include <memory>
#include <string>

namespace pelton::stream {

// The admin API's view of the streams: those that the engine keeps, of which any thread may read
// and append in the store, and those that are topics. Called on the thread that answers admin
// requests.
class AdminStreams final : public Access {
 public:
  // All live longer.
  AdminStreams(store::Store& store, EmbeddedStreams& streams, TopicAccess& topics)
      : store_(store), streams_(streams), topics_(topics) {}

  void produce(const std::string& stream, model::BatchPtr events,
               std::optional<std::uint32_t> partition,
               Answer<std::vector<Produced>> answer) override;
  // Shared as Access says.
  Result<std::shared_ptr<StreamReader>> reader(const std::string& stream) override;

 private:
  // One that the engine keeps.
  Result<EmbeddedStreams::TargetPtr> find(const std::string& name);

  store::Store& store_;
  EmbeddedStreams& streams_;
  TopicAccess& topics_;
};

}  // namespace pelton::stream
