// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/s3/answers.h"
#include "connectors/s3/credentials.h"
#include "connectors/s3/endpoint.h"
#include "connectors/s3/signature.h"
#include "engine/base/clock.h"
#include "engine/base/result.h"
#include "engine/net/http_client.h"

#include <chrono>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace pelton::s3 {

// Value. How requests that may succeed later are repeated: this often, with delays that double.
struct Retries {
  unsigned attempts = 4;
  std::chrono::milliseconds first{100};
};

// Value. A request to a bucket: to it as a whole, or to one of its objects.
struct Call {
  std::string method;
  std::string key;  // empty: the bucket
  Query query{};
  std::vector<net::HttpHeader> headers{};  // names in lower case
  std::string_view body{};                 // borrowed until the call has ended
  std::string action;                      // the right that it takes: "s3:ListBucket"
};

// Requests to one bucket, signed, one at a time. What may succeed later (no connection, 5xx,
// SlowDown) is repeated a few times first. One thread.
//
// Errors: E7201 unavailable: no connection, no answer in time; those of refusal().
class Bucket {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  Bucket(std::string name, Endpoint endpoint, Credentials credentials,
         net::HttpClientOptions options, const Clock& clock, Retries retries = {});

  const std::string& name() const { return name_; }
  const Endpoint& endpoint() const { return endpoint_; }

  // Begins a call; one that has not ended is given up.
  void start(Call call);
  // Its answer, of any status that is not repeated; nothing: the deadline came first.
  std::optional<Result<net::HttpResponse>> wait(TimePoint deadline);
  // The same, however long that takes.
  Result<net::HttpResponse> finish();
  // start() and finish(), with a status other than 2xx as an error.
  Result<net::HttpResponse> send(Call call);
  void cancel();

  // The error of an answer other than 2xx.
  Error error_of(const net::HttpResponse& response, const std::string& action) const;

 private:
  void attempt();
  std::optional<std::chrono::milliseconds> pause_after(const Result<net::HttpResponse>& result);
  Error unreachable(const Error& error) const;

  const std::string name_;
  const Endpoint endpoint_;
  const Credentials credentials_;
  const Clock& clock_;
  const Retries retries_;
  net::HttpClient client_;
  std::minstd_rand random_;
  Call call_;
  unsigned attempts_ = 0;              // of the call
  std::optional<TimePoint> again_at_;  // it is repeated then
};

// Listings, 1000 objects a page.
Call list_call(const std::string& prefix, const std::string& token);

// Whether the bucket answers, within ten seconds, and may be listed.
Status check_access(Bucket& bucket, const std::string& prefix);

}  // namespace pelton::s3
