// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/usage_meter.h"

#include "engine/base/units.h"
#include "engine/observe/log.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <optional>
#include <utility>

namespace pelton::runtime {
namespace {

namespace json = boost::json;

// Not a name that a connector can have.
constexpr std::string_view kLedger = "/usage";
constexpr Duration kStoreInterval = std::chrono::seconds(5);
constexpr Duration kKept = std::chrono::hours(24 * 400);

std::string day_of(WallTime time) {
  return format_time(time).substr(0, 10);
}

// Names have no NUL.
std::string key_of(const UsageMeter::Name& name) {
  return name.day + '\0' + name.function + '\0' + name.binding;
}
UsageMeter::Name name_of(std::string_view key) {
  const auto first = key.find('\0');
  const auto second = key.find('\0', first + 1);
  return {std::string(key.substr(0, first)), std::string(key.substr(first + 1, second - first - 1)),
          std::string(key.substr(second + 1))};
}

std::string encode(const model::Usage& usage) {
  return json::serialize(json::object{{"invocations", usage.invocations},
                                      {"events", usage.events},
                                      {"failed", usage.failed},
                                      {"cold_starts", usage.cold_starts},
                                      {"busy_ns", usage.busy.count()},
                                      {"starting_ns", usage.starting.count()},
                                      {"billed_ms", usage.billed_ms},
                                      {"mib_ms", usage.mib_ms},
                                      {"peak_memory", usage.peak_memory}});
}

std::uint64_t number(const json::object& from, std::string_view name) {
  const json::value* const value = from.if_contains(name);
  std::error_code error;
  return value == nullptr ? 0 : value->to_number<std::uint64_t>(error);
}

// Nothing: it cannot be read.
std::optional<model::Usage> decode(std::string_view text) {
  std::error_code error;
  const json::value value = json::parse(text, error);
  if (error || !value.is_object()) return std::nullopt;
  const json::object& from = value.as_object();
  model::Usage usage;
  usage.invocations = number(from, "invocations");
  usage.events = number(from, "events");
  usage.failed = number(from, "failed");
  usage.cold_starts = number(from, "cold_starts");
  usage.busy = std::chrono::nanoseconds(number(from, "busy_ns"));
  usage.starting = std::chrono::nanoseconds(number(from, "starting_ns"));
  usage.billed_ms = number(from, "billed_ms");
  usage.mib_ms = number(from, "mib_ms");
  usage.peak_memory = number(from, "peak_memory");
  return usage;
}

}  // namespace

Status UsageMeter::load() {
  return store_.ledger().scan(kLedger, "", "", [&](std::string_view key, std::string_view value) {
    const Name name = name_of(key);
    if (const auto usage = decode(value))
      rows_[name] = *usage;
    else
      observe::log::warn("the stored usage of a function cannot be read and is dropped",
                         {{"function", name.function}, {"day", name.day}});
    return true;
  });
}

model::Usage& UsageMeter::open(const std::string& function, const std::string& binding) {
  return open_[{function, binding}];
}

void UsageMeter::count(WallTime now) {
  const std::string day = day_of(now);
  for (auto& [names, usage] : open_) {
    if (usage.empty()) continue;
    const Name name{day, names.first, names.second};
    rows_[name].add(usage);
    changed_[name] = true;
    usage = {};
  }
}

std::vector<store::Ledger::KeyValue> UsageMeter::changes() {
  std::vector<store::Ledger::KeyValue> entries;
  for (const auto& [name, changed] : std::exchange(changed_, {}))
    entries.push_back({key_of(name), encode(rows_[name])});
  return entries;
}

void UsageMeter::sample(WallTime now) {
  count(now);
  // A clock that is set back waits for nothing.
  if (changed_.empty() || (now >= stored_ && now - stored_ < kStoreInterval)) return;
  stored_ = now;
  model::Transaction transaction;
  for (auto& entry : changes())
    transaction.ledger.push_back(
        {std::string(kLedger), std::move(entry.key), std::move(entry.value)});
  const std::string oldest = day_of(now - kKept);
  while (!rows_.empty() && rows_.begin()->first.day < oldest) {
    transaction.ledger.push_back({std::string(kLedger), key_of(rows_.begin()->first), {}});
    rows_.erase(rows_.begin());
  }
  // A store that fails ends the engine by itself.
  (void)store_.submit(std::move(transaction), store::Origin::engine, [](const auto&) {});
}

UsageMeter::Rows UsageMeter::since(const std::string& day, WallTime now) {
  count(now);
  return {rows_.lower_bound({day, "", ""}), rows_.end()};
}

Status UsageMeter::finish(WallTime now) {
  count(now);
  if (changed_.empty()) return {};
  return store_.ledger().put(kLedger, changes());
}

}  // namespace pelton::runtime
