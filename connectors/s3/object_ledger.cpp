// SPDX-License-Identifier: Apache-2.0
#include "connectors/s3/object_ledger.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace pelton::s3 {
namespace {

template <typename T>
bool take_number(std::string_view& text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end == text.data() + text.size() || *end != ' ') return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
  return true;
}

// "<sequence> <size> <etag>"
std::string value_of(const Known& known) {
  return fmt::format("{} {} {}", known.sequence, known.size, known.etag);
}

// What cannot be read counts as another version.
Known parse(std::string_view value) {
  Known known;
  if (take_number(value, known.sequence) && take_number(value, known.size)) known.etag = value;
  return known;
}

}  // namespace

ObjectLedger::ObjectLedger(connector::Ledger& ledger, std::string bucket)
    : ledger_(ledger), objects_("k" + bucket + "/"), facts_("b" + std::move(bucket)) {}

Status ObjectLedger::open() {
  in_flight_.clear();
  taken_.clear();
  newest_removal_ = 0;
  surveyed_ = false;
  // Behind whatever is still on its way to the ledger.
  if (auto behind = ledger_.put({}); !behind) return behind;
  const auto value = ledger_.get(facts_);
  if (!value) return std::unexpected(value.error());
  if (!*value) return {};
  std::string_view text = **value;
  take_number(text, newest_removal_);
  surveyed_ = text == "surveyed";
  return {};
}

const std::optional<Known>* ObjectLedger::on_its_way(const std::string& key) const {
  const auto at = in_flight_.find(key);
  return at == in_flight_.end() ? nullptr : &at->second.now;
}

Result<std::optional<Known>> ObjectLedger::find(const std::string& key) {
  if (const auto* now = on_its_way(key)) return *now;
  const auto value = ledger_.get(entry_key(key));
  if (!value) return std::unexpected(value.error());
  return *value ? std::optional(parse(**value)) : std::nullopt;
}

Status ObjectLedger::each(const std::string& prefix, const std::string& from,
                          const std::function<bool(const std::string&, const Known&)>& visit) {
  return ledger_.scan(entry_key(prefix), entry_key(from),
                      [&](std::string_view entry, std::string_view value) {
                        const std::string key(entry.substr(objects_.size()));
                        const auto at = in_flight_.find(key);
                        if (at == in_flight_.end()) return visit(key, parse(value));
                        return !at->second.now || visit(key, *at->second.now);
                      });
}

Known ObjectLedger::next(const ObjectVersion& object, const std::optional<Known>& before) const {
  std::int64_t sequence = to_us(object.modified);
  // The object may have been removed and created again within the resolution of its time.
  if (sequence <= newest_removal_) sequence = newest_removal_ + 1;
  if (before) sequence = std::max(sequence, before->sequence + 1);
  return {object.etag, object.size, sequence};
}

std::int64_t ObjectLedger::removal_of(const Known& before) {
  newest_removal_ = std::max(newest_removal_, before.sequence + 1);
  return before.sequence + 1;
}

connector::LedgerEntry ObjectLedger::entry(const std::string& key,
                                           const std::optional<Known>& now) const {
  return {entry_key(key), now ? std::optional(value_of(*now)) : std::nullopt};
}

connector::LedgerEntry ObjectLedger::facts() const {
  return {facts_, fmt::format("{} {}", newest_removal_, surveyed_ ? "surveyed" : "-")};
}

std::vector<connector::LedgerEntry> ObjectLedger::take(connector::AckToken token,
                                                       const std::string& key,
                                                       const std::optional<Known>& now) {
  in_flight_[key] = {token, now};
  taken_[token].push_back(key);
  std::vector<connector::LedgerEntry> entries{entry(key, now)};
  if (!now) entries.push_back(facts());
  return entries;
}

void ObjectLedger::release(connector::AckToken token) {
  const auto node = taken_.extract(token);
  if (!node) return;
  for (const std::string& key : node.mapped()) {
    const auto at = in_flight_.find(key);
    // A later read may have taken the key again.
    if (at != in_flight_.end() && at->second.token == token) in_flight_.erase(at);
  }
}

Status ObjectLedger::mark(const std::vector<Mark>& marks) {
  if (marks.empty()) return {};
  std::vector<connector::LedgerEntry> entries;
  entries.reserve(marks.size() + 1);
  for (const Mark& mark : marks) entries.push_back(entry(mark.key, mark.now));
  entries.push_back(facts());
  return ledger_.put(entries);
}

Status ObjectLedger::set_surveyed() {
  surveyed_ = true;
  const auto now = facts();
  return ledger_.put({&now, 1});
}

}  // namespace pelton::s3
