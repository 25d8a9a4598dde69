// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/runtimes/lambda/trace.h"

#include "engine/base/hash.h"
#include "engine/model/invocation_headers.h"
#include "engine/worker/runtimes/lambda/document.h"

#include <algorithm>
#include <charconv>
#include <vector>

namespace pelton::worker::lambda {
namespace {

// "00-<32 hex>-<16 hex>-<2 hex>"
constexpr std::size_t kTraceparent = 55;
// "1-<8 hex>-<24 hex>"
constexpr std::size_t kRoot = 35;
constexpr std::size_t kParent = 16;
// Of a function in a lineage, and how many it has at most: a header stays short.
constexpr std::size_t kName = 8;
constexpr std::size_t kMostFunctions = 16;

bool is_hex(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_traceparent(std::string_view text) {
  return text.size() == kTraceparent && text.starts_with("00-") && text[35] == '-' &&
         text[52] == '-' && is_hex(text.substr(3, 32)) && is_hex(text.substr(36, 16)) &&
         is_hex(text.substr(53, 2));
}

bool is_root(std::string_view text) {
  return text.size() == kRoot && text.starts_with("1-") && text[10] == '-' &&
         is_hex(text.substr(2, 8)) && is_hex(text.substr(11));
}

// How often a function, by a hash of its name, has been called before.
struct Calls {
  std::string function;
  std::uint32_t rounds = 0;
};

// What is known of a trace; empty: nothing.
struct Trace {
  std::string root, parent, sampled;
  std::vector<Calls> lineage;
};

// "a87bd80c:1|68fd508a:5"; what is something else is left out.
std::vector<Calls> read_lineage(std::string_view text) {
  std::vector<Calls> lineage;
  while (!text.empty() && lineage.size() < kMostFunctions) {
    const auto end = std::min(text.find('|'), text.size());
    const std::string_view part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto colon = part.find(':');
    if (colon != kName || !is_hex(part.substr(0, kName))) continue;
    const char* const last = part.data() + part.size();
    std::uint32_t rounds = 0;
    const auto [at, error] = std::from_chars(part.data() + colon + 1, last, rounds);
    if (error == std::errc{} && at == last)
      lineage.push_back({std::string(part.substr(0, kName)), std::min(rounds, kMostRounds)});
  }
  return lineage;
}

// "Root=...;Parent=...;Sampled=1" in any order; parts that are something else are left out.
Trace read_trace(std::string_view text) {
  Trace trace;
  while (!text.empty()) {
    const auto end = std::min(text.find(';'), text.size());
    std::string_view part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    while (part.starts_with(' ')) part.remove_prefix(1);
    const auto equal = part.find('=');
    if (equal == std::string_view::npos) continue;
    const std::string_view name = part.substr(0, equal);
    const std::string_view value = part.substr(equal + 1);
    if (name == "Root" && is_root(value)) trace.root = value;
    if (name == "Parent" && value.size() == kParent && is_hex(value)) trace.parent = value;
    if (name == "Sampled" && (value == "0" || value == "1")) trace.sampled = value;
    if (name == "Lineage") trace.lineage = read_lineage(value);
  }
  return trace;
}

Trace read_traceparent(std::string_view parent) {
  return {fmt::format("1-{}-{}", parent.substr(3, 8), parent.substr(11, 24)),
          std::string(parent.substr(36, 16)),
          (parent[54] & 1) != 0 ? "1" : "0",
          {}};
}

// Nothing that is not of the trace's root.
Trace trace_of(const model::Frame& frame, std::uint32_t index) {
  if (frame.batch->header_bytes(index).empty()) return {};
  std::string_view header;
  if (frame.batch->find_header(index, model::kTraceHeader, header))
    if (Trace trace = read_trace(header); !trace.root.empty()) return trace;
  if (frame.batch->find_header(index, "traceparent", header) && is_traceparent(header))
    return read_traceparent(header);
  return {};
}

bool begins_traces(const config::Function& function) {
  const auto address = function.environment.find("AWS_XRAY_DAEMON_ADDRESS");
  return address != function.environment.end() && !address->second.empty();
}

std::string hashed_name(const config::Function& function) {
  return fmt::format("{:08x}", hash64(function.name) & 0xffffffff);
}

Calls* calls_of(Trace& trace, const std::string& name) {
  const auto at = std::ranges::find(trace.lineage, name, &Calls::function);
  return at == trace.lineage.end() ? nullptr : &*at;
}

// With this call in it.
std::string lineage_text(Trace& trace, const std::string& name) {
  if (Calls* calls = calls_of(trace, name)) {
    ++calls->rounds;
  } else {
    if (trace.lineage.size() == kMostFunctions) trace.lineage.erase(trace.lineage.begin());
    trace.lineage.push_back({name, 0});
  }
  std::string text;
  for (const Calls& calls : trace.lineage)
    text += fmt::format("{}{}:{}", text.empty() ? "" : "|", calls.function, calls.rounds);
  return text;
}

}  // namespace

std::uint32_t rounds(const model::Frame& frame, std::uint32_t index,
                     const config::Function& function) {
  Trace trace = trace_of(frame, index);
  if (trace.lineage.empty()) return 0;
  const Calls* calls = calls_of(trace, hashed_name(function));
  return calls == nullptr ? 0 : calls->rounds + 1;
}

std::string trace_id(const model::Frame& frame, std::uint32_t index,
                     const config::Function& function, WallTime now) {
  Trace trace = trace_of(frame, index);
  const std::string seed = fmt::format("{}{}", idempotency_key(frame, index), to_us(now));
  if (trace.root.empty()) {
    const Hash128 hash = hash128(seed);
    trace.root = fmt::format("1-{:08x}-{:08x}{:016x}", to_us(now) / 1'000'000,
                             hash.high & 0xffffffff, hash.low);
  }
  if (trace.parent.empty()) trace.parent = fmt::format("{:016x}", hash128(seed + "/").low);
  if (trace.sampled.empty()) trace.sampled = begins_traces(function) ? "1" : "0";
  return fmt::format("Root={};Parent={};Sampled={};Lineage={}", trace.root, trace.parent,
                     trace.sampled, lineage_text(trace, hashed_name(function)));
}

}  // namespace pelton::worker::lambda
