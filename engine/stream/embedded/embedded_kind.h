// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/memory_budget.h"
#include "engine/stream/connections.h"
#include "engine/stream/embedded/append_feed.h"
#include "engine/stream/embedded/embedded_streams.h"
#include "engine/thread/job_thread.h"

namespace pelton::stream {

// Streams that the engine keeps: read from the tail and the log, appended to by transactions.
class EmbeddedKind final : public StreamKind {
 public:
  // All live longer.
  struct Setup {
    store::Store& store;
    MemoryBudget& memory;
    thread::Mailbox& mailbox;
    thread::JobThread& reader;
    AppendFeed& appends;
    EmbeddedStreams& streams;
  };
  explicit EmbeddedKind(const Setup& setup) : setup_(setup) {}

  Result<Connections> connect(const Route& route) override;
  model::OutputStream output_stream(const config::Stream& to) const;
  Result<AppendTarget> append_target(const config::Stream& stream) override;

 private:
  const Setup setup_;
};

}  // namespace pelton::stream
