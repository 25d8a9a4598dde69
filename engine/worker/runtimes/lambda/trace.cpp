// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/runtimes/lambda/trace.h"

#include "engine/base/hash.h"
#include "engine/worker/runtimes/lambda/document.h"

#include <algorithm>

namespace pelton::worker::lambda {
namespace {

// "00-<32 hex>-<16 hex>-<2 hex>"
constexpr std::size_t kTraceparent = 55;

bool is_hex(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_traceparent(std::string_view text) {
  return text.size() == kTraceparent && text.starts_with("00-") && text[35] == '-' &&
         text[52] == '-' && is_hex(text.substr(3, 32)) && is_hex(text.substr(36, 16)) &&
         is_hex(text.substr(53, 2));
}

}  // namespace

std::string trace_id(const model::Frame& frame, std::uint32_t index, WallTime now) {
  std::string_view parent;
  if (!frame.batch->header_bytes(index).empty() &&
      frame.batch->find_header(index, "traceparent", parent) && is_traceparent(parent))
    return fmt::format("Root=1-{}-{};Parent={};Sampled={}", parent.substr(3, 8),
                       parent.substr(11, 24), parent.substr(36, 16), (parent[54] & 1) != 0 ? 1 : 0);
  const Hash128 hash = hash128(fmt::format("{}{}", idempotency_key(frame, index), to_us(now)));
  return fmt::format("Root=1-{:08x}-{:08x}{:016x};Sampled=0", to_us(now) / 1'000'000,
                     hash.high & 0xffffffff, hash.low);
}

}  // namespace pelton::worker::lambda
