// SPDX-License-Identifier: Apache-2.0
#include "connectors/s3/bucket.h"

#include "connectors/s3/uri.h"
#include "engine/base/hash.h"
#include "engine/base/units.h"

#include <thread>
#include <utility>

namespace pelton::s3 {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// A connector that connects cannot be stopped meanwhile.
constexpr std::chrono::seconds kCheckTime{10};

bool good(int status) {
  return status >= 200 && status < 300;
}

std::string path_of(const std::string& root, const std::string& key) {
  if (key.empty() && !root.empty()) return root;
  return root + "/" + uri_encoded(key, Slash::keep);
}

}  // namespace

Bucket::Bucket(std::string name, Endpoint endpoint, Credentials credentials,
               net::HttpClientOptions options, const Clock& clock, Retries retries)
    : name_(std::move(name)),
      endpoint_(std::move(endpoint)),
      credentials_(std::move(credentials)),
      clock_(clock),
      retries_(retries),
      client_(std::move(options)),
      random_(static_cast<std::uint32_t>(hash64(name_))) {}

void Bucket::start(Call call) {
  call_ = std::move(call);
  attempts_ = 0;
  again_at_.reset();
  attempt();
}

void Bucket::attempt() {
  ++attempts_;
  again_at_.reset();
  Unsigned plain{call_.method, endpoint_.host, path_of(endpoint_.root, call_.key),
                 call_.query,  call_.headers,  call_.body};
  net::HttpRequest request;
  request.method = call_.method;
  request.url = endpoint_.scheme + "://" + endpoint_.host + plain.path;
  if (!call_.query.empty()) request.url += "?" + query_text(call_.query);
  request.headers = call_.headers;
  for (net::HttpHeader& header : signature(plain, credentials_, endpoint_.region, clock_.now()))
    request.headers.push_back(std::move(header));
  request.body = call_.body;
  client_.start(request);
}

std::optional<Result<net::HttpResponse>> Bucket::wait(TimePoint deadline) {
  while (true) {
    if (again_at_) {
      std::this_thread::sleep_until(std::min(*again_at_, deadline));
      if (steady_clock::now() < *again_at_) return std::nullopt;
      attempt();
    }
    auto result = client_.wait(deadline);
    if (!result) return std::nullopt;
    if (const auto pause = pause_after(*result)) {
      again_at_ = steady_clock::now() + *pause;
      continue;
    }
    if (!*result) return std::unexpected(unreachable(result->error()));
    return result;
  }
}

// With jitter: what failed together is not to come back together.
std::optional<milliseconds> Bucket::pause_after(const Result<net::HttpResponse>& result) {
  const ErrorKind kind = !result                ? result.error().kind
                         : good(result->status) ? ErrorKind::invalid
                                                : error_of(*result, call_.action).kind;
  if (kind != ErrorKind::unavailable || attempts_ >= retries_.attempts) return std::nullopt;
  const auto longest = retries_.first.count() << (attempts_ - 1);
  return milliseconds(std::uniform_int_distribution<long>(longest / 2, longest)(random_));
}

Result<net::HttpResponse> Bucket::finish() {
  while (true)
    if (auto result = wait(steady_clock::now() + std::chrono::minutes(1)))
      return std::move(*result);
}

Result<net::HttpResponse> Bucket::send(Call call) {
  const std::string action = call.action;
  start(std::move(call));
  auto result = finish();
  if (result && !good(result->status)) return std::unexpected(error_of(*result, action));
  return result;
}

void Bucket::cancel() {
  again_at_.reset();
  client_.cancel();
}

Error Bucket::error_of(const net::HttpResponse& response, const std::string& action) const {
  return refusal({name_, endpoint_.url, action}, response);
}

Error Bucket::unreachable(const Error& error) const {
  if (error.kind == ErrorKind::invalid)
    return {ErrorKind::unavailable, "E7205",
            fmt::format("the answer of {} cannot be used: {}", endpoint_.url, error.message)};
  return {error.kind, "E7201", fmt::format("cannot reach {}: {}", endpoint_.url, error.message)};
}

Call list_call(const std::string& prefix, const std::string& token) {
  Call call{"GET", "", {{"list-type", "2"}, {"encoding-type", "url"}}, {}, {}, "s3:ListBucket"};
  if (!prefix.empty()) call.query.emplace_back("prefix", prefix);
  if (!token.empty()) call.query.emplace_back("continuation-token", token);
  return call;
}

Status check_access(Bucket& bucket, const std::string& prefix) {
  Call call = list_call(prefix, "");
  call.query.emplace_back("max-keys", "1");
  const std::string action = call.action;
  bucket.start(std::move(call));
  const auto answer = bucket.wait(steady_clock::now() + kCheckTime);
  if (!answer) {
    bucket.cancel();
    return fail(ErrorKind::unavailable, "E7201", "{} has not answered for {}",
                bucket.endpoint().url, format_duration(kCheckTime));
  }
  if (!*answer) return std::unexpected(answer->error());
  if (!good((*answer)->status)) return std::unexpected(bucket.error_of(**answer, action));
  const auto page = read_list((*answer)->body);
  return page ? Status{} : std::unexpected(page.error());
}

}  // namespace pelton::s3
