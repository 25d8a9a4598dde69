// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/access_log.h"

#include "engine/http/access_line.h"
#include "engine/observe/log.h"

#include <utility>

namespace pelton::runtime {

Result<std::unique_ptr<AccessLog>> AccessLog::open(const config::Listener& listener) {
  if (!listener.access_log) return nullptr;
  const auto& [file, format] = *listener.access_log;
  auto opened =
      observe::LineFile::open(file, [name = listener.name, file = file.string()](auto lines) {
        observe::log::warn("lines of an access log were dropped, since its file takes none",
                           {{"listener", name}, {"file", file}, {"lines", lines}});
      });
  if (!opened) return std::unexpected(opened.error());
  return std::unique_ptr<AccessLog>(new AccessLog(format, std::move(*opened)));
}

void AccessLog::add(const net::LoggedRequest& request) {
  file_->push(http::access_line(request, format_));
}

}  // namespace pelton::runtime
