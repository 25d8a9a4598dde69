// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"
#include "engine/net/tls.h"

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pelton::net {

// Values. A request as it goes out, and what came back.
struct HttpHeader {
  std::string name;  // of a response in lower case
  std::string value;
};
struct HttpRequest {
  std::string method;
  std::string url;  // sent as it is: dots and escapes of its path are not touched
  std::vector<HttpHeader> headers;
  std::string_view body;  // borrowed until the request has ended
};
struct HttpResponse {
  int status = 0;
  std::vector<HttpHeader> headers;
  std::string body;

  // The first of that name (lower case); null: none.
  const std::string* header(std::string_view name) const;
};

// Value. How a client connects, and what it takes.
struct HttpClientOptions {
  Tls tls;
  std::chrono::milliseconds connect_time{5'000};
  std::chrono::milliseconds time{30'000};  // of a whole exchange
  std::size_t max_body = 16U << 20;        // of a response
  std::size_t max_headers = 64U << 10;     // of a response
};

// Sends one request at a time over connections that it keeps. Redirects are answers like others.
// One thread.
//
// Errors: unavailable: no connection, no certificate that can be verified, or no whole answer in
// time; invalid: a response beyond the bounds, a URL that is none.
class HttpClient {
 public:
  explicit HttpClient(HttpClientOptions options);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Begins a request; one that has not ended is given up.
  void start(const HttpRequest& request);
  // Until its answer is there or the deadline: then nothing, and the request goes on.
  std::optional<Result<HttpResponse>> wait(std::chrono::steady_clock::time_point deadline);
  // start() and wait() for as long as the options allow.
  Result<HttpResponse> send(const HttpRequest& request);
  // Gives up the request that has not ended.
  void cancel();

 private:
  class Transfer;
  const std::unique_ptr<Transfer> transfer_;
};

}  // namespace pelton::net
