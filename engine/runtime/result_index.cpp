// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/result_index.h"

#include "engine/store/keys.h"
#include "engine/store/ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace pelton::runtime {
namespace {

using http::ResultKey;

constexpr std::string_view kPrefix = "results/";
constexpr std::size_t kNumber = 8;
constexpr std::size_t kKey = 6 * kNumber;
// What is removed with one entry that is written.
constexpr std::size_t kMostRemoved = 64;

void put_key(const ResultKey& key, std::string& out) {
  for (const std::uint64_t number :
       {key.key.high, key.key.low, key.request, key.call, static_cast<std::uint64_t>(key.offset),
        static_cast<std::uint64_t>(key.time_us)})
    store::keys::put_u64(out, number);
}

ResultKey take_key(std::string_view& in) {
  ResultKey key;
  key.key.high = store::keys::take_u64(in);
  key.key.low = store::keys::take_u64(in);
  key.request = store::keys::take_u64(in);
  key.call = store::keys::take_u64(in);
  key.offset = static_cast<Offset>(store::keys::take_u64(in));
  key.time_us = static_cast<std::int64_t>(store::keys::take_u64(in));
  return key;
}

// Where the results that an entry is about end; nothing: it is none.
std::optional<Offset> take_end(std::string_view& entry) {
  if (entry.size() % kKey != kNumber) return std::nullopt;
  return static_cast<Offset>(store::keys::take_u64(entry));
}

// Of an entry about the results from there on.
std::string name(Offset from) {
  return fmt::format("{}{:016x}", kPrefix, static_cast<std::uint64_t>(from));
}

}  // namespace

ResultIndex::ResultIndex(store::Store& store, StreamId results)
    : store_(store), results_(results), ledger_(store::ledger_of(results)), oldest_(kPrefix) {}

Result<Offset> ResultIndex::earliest() {
  const auto bounds = store_.bounds({results_, PartitionId{0}});
  if (!bounds) return std::unexpected(bounds.error());
  return bounds->earliest;
}

// Where entries leave something out, the stream is read from there on.
Result<Offset> ResultIndex::load(const std::function<void(const ResultKey&)>& visit) {
  const auto first = earliest();
  if (!first) return std::unexpected(first.error());
  next_ = *first;
  const auto read = store_.ledger().scan(
      ledger_, kPrefix, kPrefix, [&](std::string_view key, std::string_view entry) {
        const auto end = take_end(entry);
        if (!end || key > name(next_)) return false;
        for (; !entry.empty();)
          if (const ResultKey result = take_key(entry); result.offset >= next_) visit(result);
        next_ = std::max(next_, *end);
        return true;
      });
  if (!read) return std::unexpected(read.error());
  from_ = next_;
  return next_;
}

void ResultIndex::add(const std::optional<ResultKey>& key, Offset offset, std::uint64_t bytes) {
  if (offset < next_ || failed_) return;
  if (key) fresh_.push_back(*key);
  next_ = offset + 1;
  bytes_ += bytes;
}

Status ResultIndex::write() {
  const auto first = earliest();
  const Status ok = first ? put(*first) : std::unexpected(first.error());
  failed_ = !ok;
  from_ = next_;
  fresh_.clear();
  bytes_ = 0;
  return ok;
}

Status ResultIndex::put(Offset earliest) {
  std::string entry;
  entry.reserve(kNumber + fresh_.size() * kKey);
  store::keys::put_u64(entry, static_cast<std::uint64_t>(next_));
  for (const ResultKey& key : fresh_) put_key(key, entry);
  std::vector<store::Ledger::KeyValue> changes{{name(from_), std::move(entry)}};
  std::string oldest = oldest_;
  const auto read = store_.ledger().scan(
      ledger_, kPrefix, oldest_, [&](std::string_view key, std::string_view old) {
        oldest = key;
        const auto end = take_end(old);
        if ((end && *end > earliest) || changes.size() > kMostRemoved) return false;
        changes.push_back({std::string(key), std::nullopt});
        return true;
      });
  if (!read) return read;
  oldest_ = std::move(oldest);
  return store_.ledger().put(ledger_, changes);
}

}  // namespace pelton::runtime
