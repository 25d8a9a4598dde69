// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/http/admin/parameters.h"
#include "engine/http/admin/work_thread.h"
#include "engine/http/ndjson.h"
#include "engine/net/message.h"
#include "engine/stream/access.h"

#include <memory>
#include <string>

namespace pelton::http {

// What one request may append; more is refused with 413 (E5011).
inline constexpr std::size_t kMaxRequestEvents = 100'000;

// Appends the events of a body to a stream: the lines are parsed while they come, and appended
// together once all are good.
class ProduceRequest : public std::enable_shared_from_this<ProduceRequest> {
 public:
  ProduceRequest(stream::Access& streams, WorkThread& work, std::string stream,
                 const ProduceParameters& parameters, net::Reply&& reply);
  // Shared with its connection.
  void read(std::shared_ptr<net::RequestBody> body);

 private:
  void next();
  void take(Result<std::string>&& piece);
  void append();

  stream::Access& streams_;
  WorkThread& work_;
  const std::string stream_;
  const ProduceParameters parameters_;
  net::Reply reply_;
  std::shared_ptr<net::RequestBody> body_;  // shared with its connection
  model::BatchBuilder builder_;
  EventLines lines_;
};

}  // namespace pelton::http
