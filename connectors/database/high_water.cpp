// SPDX-License-Identifier: Apache-2.0
#include "connectors/database/high_water.h"

#include <array>
#include <charconv>
#include <string_view>

namespace pelton::database {
namespace {

using std::chrono::steady_clock;

// A write to the ledger waits for the disk.
constexpr std::chrono::seconds kKeepEvery{10};

std::string mark_key(PartitionId partition) {
  return fmt::format("written/{}", partition.value);
}

// A number and the space behind it; nothing else is expected of what we have written.
std::int64_t next_number(std::string_view& text) {
  std::int64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (text.starts_with(' ')) text.remove_prefix(1);
  return out;
}

}  // namespace

Offset done_of(const Progress& progress) {
  std::string_view text = progress.written;
  return static_cast<Offset>(next_number(text));
}

Result<HighWater::Mark*> HighWater::mark_of(const connector::SinkPosition& position) {
  const auto [at, fresh] = marks_.try_emplace(position.partition);
  Mark& mark = at->second;
  if (fresh) {
    const auto text = ledger_.get(mark_key(position.partition));
    if (!text) {
      marks_.erase(at);
      return std::unexpected(text.error());
    }
    std::string_view rest = *text ? std::string_view(**text) : std::string_view();
    mark.moved = next_number(rest);
    mark.done = static_cast<Offset>(next_number(rest));
    mark.place = rest;
  }
  // Another incarnation of the stream has offsets of its own.
  if (mark.place != position.lineage) mark = {std::string(position.lineage), 0, 0, std::nullopt};
  return &mark;
}

// A dead letter has a place of its own, which is forgotten some day.
Status HighWater::check(const connector::SinkPosition& position, const Progress& stored,
                        std::int64_t moved) {
  if (position.lineage.empty()) return {};
  const auto mark = mark_of(position);
  if (!mark) return std::unexpected(mark.error());
  // Somebody has moved the sink since: what the database had before does not matter any more.
  if (moved > (*mark)->moved) return {};
  const Offset done = stored.moved < (*mark)->moved ? 0 : done_of(stored);
  if (stored.moved > (*mark)->moved || done >= (*mark)->done) return {};
  return fail(ErrorKind::invalid, "E7248",
              "the database has gone back: of partition {} of {} it has the events before {}, and "
              "had those before {}. Was a backup restored, or is it another database? `pelton "
              "offsets seek` says from which event on it is to be written",
              position.partition.value, position.stream, done, (*mark)->done);
}

void HighWater::raise(const connector::SinkPosition& position, const Progress& committed) {
  if (position.lineage.empty()) return;
  const auto found = mark_of(position);
  if (!found) return;  // the next write asks again
  Mark& mark = **found;
  const bool moved = mark.moved != committed.moved;
  mark.moved = committed.moved;
  mark.done = done_of(committed);
  const auto now = steady_clock::now();
  if (!moved && mark.kept && now < *mark.kept + kKeepEvery) return;
  const std::array entries{connector::LedgerEntry{
      mark_key(position.partition), fmt::format("{} {} {}", mark.moved, mark.done, mark.place)}};
  // A mark that is older than it could be holds nobody up.
  if (ledger_.put(entries)) mark.kept = now;
}

}  // namespace pelton::database
