// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/store/store.h"
#include "engine/stream/access.h"
#include "engine/stream/embedded/embedded_streams.h"

#include <memory>
#include <string>

namespace pelton::stream {

// What an operator appends to and reads of the streams that the engine keeps: any thread may do
// both in the store. invalid (E5001): there is no stream of that name.
class EmbeddedAccess final : public Access {
 public:
  // Both live longer.
  EmbeddedAccess(store::Store& store, EmbeddedStreams& streams)
      : store_(store), streams_(streams) {}

  void produce(const std::string& stream, model::BatchPtr events,
               std::optional<std::uint32_t> partition,
               Answer<std::vector<Produced>> answer) override;
  // Shared as Access says.
  Result<std::shared_ptr<StreamReader>> reader(const std::string& stream) override;

 private:
  Result<EmbeddedStreams::TargetPtr> find(const std::string& name);

  store::Store& store_;
  EmbeddedStreams& streams_;
};

}  // namespace pelton::stream
