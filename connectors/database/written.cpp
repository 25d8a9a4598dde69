// SPDX-License-Identifier: Apache-2.0
#include "connectors/database/written.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace pelton::database {
namespace {

bool take_number(std::string_view& rest, Offset& out) {
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), out);
  if (error != std::errc{}) return false;
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  return true;
}

bool take(std::string_view& rest, char c) {
  if (!rest.starts_with(c)) return false;
  rest.remove_prefix(1);
  return true;
}

std::optional<model::Progress> parse(std::string_view text) {
  model::Progress out;
  if (!take_number(text, out.settled)) return std::nullopt;
  char before = ';';
  while (!text.empty()) {
    OffsetRange range;
    const bool good = take(text, before) && take_number(text, range.begin) && take(text, '-') &&
                      take_number(text, range.end) && range.begin < range.end;
    if (!good) return std::nullopt;
    out.completed.push_back(range);
    before = ',';
  }
  return out;
}

std::string text_of(const model::Progress& progress) {
  std::string out = std::to_string(progress.settled);
  char before = ';';
  for (const OffsetRange& range : progress.completed) {
    fmt::format_to(std::back_inserter(out), "{}{}-{}", before, range.begin, range.end);
    before = ',';
  }
  return out;
}

}  // namespace

Result<Written> Written::from(const Progress& stored, std::int64_t moved,
                              const connector::SinkPosition& position) {
  Written out;
  out.letter_ = position.lineage.empty();
  out.base_ = position.base;
  out.moved_ = std::max(stored.moved, moved);
  out.settled_ = out.letter_ ? 0 : position.settled;
  if (moved > stored.moved) {
    // Somebody wants the events again: what was written before does not count.
    out.known_settled_ = out.settled_;
    out.ranges_ = model::OffsetRanges({out.settled_, {}});
    return out;
  }
  const auto written = parse(stored.written);
  if (!written)
    return fail(ErrorKind::invalid, "E7243",
                "the progress \"{}\" is not what a sink writes; was the table changed by hand?",
                stored.written);
  out.known_settled_ = static_cast<Offset>(stored.settled);
  out.settled_ = std::max(out.settled_, out.known_settled_);
  out.ranges_ = model::OffsetRanges(*written);
  out.ranges_.add(0, out.settled_);
  return out;
}

Offset Written::offset(const model::Batch& batch, std::size_t i) const {
  return letter_ ? Offset{0} : base_ + batch.delta(i);
}

bool Written::has(const model::Batch& batch, std::size_t i) const {
  return ranges_.contains(offset(batch, i));
}

void Written::add(const model::Batch& batch, std::size_t i) {
  const Offset at = offset(batch, i);
  ranges_.add(at, at + 1);
}

bool Written::behind(const model::Batch& batch, std::size_t i) const {
  return !letter_ && offset(batch, i) < known_settled_;
}

Progress Written::progress() const {
  return {moved_, static_cast<std::int64_t>(settled_), text_of(ranges_.stored())};
}

// The first part of either name is the sink's.
std::string place_of(const connector::SinkPosition& position, const std::string& group) {
  const std::string_view name = position.lineage.empty() ? position.letter : position.lineage;
  if (name.empty())
    return fmt::format("{}/{}/{}/", group, position.stream, position.partition.value);
  return group + std::string(name.substr(std::min(name.find('/'), name.size())));
}

}  // namespace pelton::database
