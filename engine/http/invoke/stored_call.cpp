// SPDX-License-Identifier: Apache-2.0
#include "engine/http/invoke/stored_call.h"

#include "engine/http/invoke/function_response.h"

#include <charconv>
#include <string_view>
#include <utility>

namespace pelton::http {
namespace {

using config::Exchange;

constexpr std::string_view kKeyHeader = ":idempotency-key";
constexpr std::string_view kRequestHeader = ":request";
constexpr std::string_view kWhoseHeader = ":whose";
constexpr std::string_view kExchangeHeader = ":event";

constexpr std::pair<Exchange, std::string_view> kExchanges[] = {
    {Exchange::native, "native"},
    {Exchange::gateway_v1, "apigateway/v1"},
    {Exchange::gateway_v2, "apigateway/v2"}};

// One that the header does not name was not stored here.
Exchange exchange_of(const model::Batch& call) {
  std::string_view name;
  call.find_header(0, kExchangeHeader, name);
  for (const auto& [exchange, text] : kExchanges)
    if (text == name) return exchange;
  return Exchange::native;
}

std::optional<Hash128> parse_hash(std::string_view text) {
  Hash128 hash;
  if (text.size() != 32) return std::nullopt;
  const char* const middle = text.data() + 16;
  const auto high = std::from_chars(text.data(), middle, hash.high, 16);
  const auto low = std::from_chars(middle, middle + 16, hash.low, 16);
  if (high.ptr != middle || low.ptr != middle + 16) return std::nullopt;
  return hash;
}

std::string hash_text(const Hash128& hash) {
  return fmt::format("{:016x}{:016x}", hash.high, hash.low);
}

}  // namespace

Hash128 RequestKey::fingerprint() const {
  return hash128(whose ? hash_text(*whose) + key : key);
}

std::vector<net::Field> call_headers(const std::optional<RequestKey>& key, Exchange exchange) {
  std::vector<net::Field> headers;
  const auto add = [&](std::string_view name, std::string value) {
    headers.push_back({std::string(name), std::move(value)});
  };
  for (const auto& [known, text] : kExchanges)
    if (known == exchange) add(kExchangeHeader, std::string(text));
  if (!key) return headers;
  add(kKeyHeader, key->key);
  add(kRequestHeader, hash_text(key->request));
  if (key->whose) add(kWhoseHeader, hash_text(*key->whose));
  return headers;
}

std::optional<RequestKey> request_key(const model::Batch& batch, std::size_t event) {
  std::string_view key, request;
  if (!batch.find_header(event, kKeyHeader, key) ||
      !batch.find_header(event, kRequestHeader, request))
    return std::nullopt;
  const auto hash = parse_hash(request);
  if (!hash) return std::nullopt;
  std::string_view whose;
  if (!batch.find_header(event, kWhoseHeader, whose)) return RequestKey{std::string(key), *hash};
  const auto owner = parse_hash(whose);
  if (!owner) return std::nullopt;
  return RequestKey{std::string(key), *hash, owner};
}

std::optional<ResultKey> result_key(const model::Batch& results, std::size_t event, Offset offset) {
  const auto key = request_key(results, event);
  if (!key) return std::nullopt;
  return ResultKey{key->fingerprint(), short_hash(key->request), call_hash(results.id(event)),
                   offset, results.time_us(event)};
}

std::uint64_t short_hash(const Hash128& request) {
  return request.high ^ request.low;
}

std::uint64_t call_hash(std::string_view id) {
  return hash128(id).low;
}

void add_result(const model::Batch& call, const net::Response& response, WallTime now,
                model::BatchBuilder& to) {
  const std::string status = fmt::format("{}", response.status);
  model::EventView event;
  event.id = call.id(0);
  event.source = call.source(0);
  event.type = "http.response";
  event.subject = call.subject(0);
  event.content_type = response.content_type;
  event.time_us = to_us(now);
  event.data = response.body;
  event.headers.push_back({kStatusHeader, status});
  for (const std::string_view own : {kKeyHeader, kRequestHeader, kWhoseHeader})
    if (std::string_view value; call.find_header(0, own, value))
      event.headers.push_back({own, value});
  for (const net::Field& field : response.headers)
    event.headers.push_back({field.name, field.value});
  to.add(event);
}

Result<net::Response> response_of(const model::Batch& call, const model::BatchPtr& outputs) {
  return function_response(exchange_of(call), outputs);
}

net::Response response_of(const model::Batch& call, const CallFailure& failure) {
  return failure_response(exchange_of(call), failure);
}

net::Response stored_response(const model::Batch& results, std::size_t event) {
  net::Response response{200, std::string(results.content_type(event)),
                         std::string(results.data(event))};
  for (const model::Header& header : results.headers(event)) {
    if (header.name == kStatusHeader)
      std::from_chars(header.value.data(), header.value.data() + header.value.size(),
                      response.status);
    else if (!header.name.starts_with(':'))
      response.headers.push_back({std::string(header.name), std::string(header.value)});
  }
  return response;
}

}  // namespace pelton::http
