// SPDX-License-Identifier: Apache-2.0
#include "engine/net/request_log.h"

#include <algorithm>
#include <utility>

namespace pelton::net {
namespace {

// Of a header: clients may send longer ones.
constexpr std::size_t kMostKept = 1024;

std::string kept(const Request& request, const char* name) {
  const std::string* value = request.header(name);
  return value == nullptr ? std::string() : value->substr(0, kMostKept);
}

}  // namespace

void RequestNote::begin(const Request& request, const std::string& connected, bool old) {
  if (log_ == nullptr) return;
  begun_ = std::chrono::steady_clock::now();
  request_ = LoggedRequest{.at = SystemClock().now(),
                           .connected = connected,
                           .client = request.peer,
                           .method = request.method,
                           .target = request.target,
                           .host = kept(request, "Host"),
                           .referer = kept(request, "Referer"),
                           .user_agent = kept(request, "User-Agent"),
                           .old = old,
                           .encrypted = request.encrypted};
}

void RequestNote::begin_unread(const std::string& connected) {
  if (request_) return;
  Request none;
  none.peer = connected;
  begin(none, connected, false);
}

void RequestNote::respond(unsigned status, std::size_t head) {
  if (request_) request_->status = status;
  head_ = head;
  sent_ = 0;
}

void RequestNote::end() {
  if (!request_) return;
  LoggedRequest ended = std::move(*request_);
  request_.reset();
  ended.took = std::chrono::steady_clock::now() - begun_;
  ended.bytes = sent_ - std::min(sent_, head_);
  log_->add(ended);
}

}  // namespace pelton::net
