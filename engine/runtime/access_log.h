// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/parts/listener.h"
#include "engine/net/request_log.h"
#include "engine/observe/line_file.h"

#include <memory>

namespace pelton::runtime {

// The access log of a listener.
class AccessLog final : public net::RequestLog {
 public:
  // Null: the listener has none. E5032: its file cannot be written to.
  static Result<std::unique_ptr<AccessLog>> open(const config::Listener& listener);

  void add(const net::LoggedRequest& request) override;
  // Lines that were lost. Any thread.
  std::uint64_t dropped() const { return file_->dropped(); }

 private:
  AccessLog(config::AccessLogFormat format, std::unique_ptr<observe::LineFile> file)
      : format_(format), file_(std::move(file)) {}

  const config::AccessLogFormat format_;
  const std::unique_ptr<observe::LineFile> file_;
};

}  // namespace pelton::runtime
