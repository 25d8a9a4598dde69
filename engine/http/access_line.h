// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/parts/listener.h"
#include "engine/net/request_log.h"

#include <string>

namespace pelton::http {

// A request as a line of an access log, without its end. Whatever clients send, it is one line of
// that format. A client that left before it was answered has the status 499, as in nginx.
std::string access_line(const net::LoggedRequest& request, config::AccessLogFormat format);

}  // namespace pelton::http
