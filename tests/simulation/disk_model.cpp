// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/disk_model.h"

#include "engine/model/offset_ranges.h"

namespace pelton::simulation {

std::vector<model::PlacedBatch> place(const model::Transaction& transaction, DiskModel& disk) {
  std::vector<model::PlacedBatch> placed;
  for (const model::Append& append : transaction.appends) {
    DiskModel::Log& log = disk.logs[append.to];
    log.batches.push_back({append.to, log.end, append.batch});
    log.end += append.batch->span();
    placed.push_back(log.batches.back());
  }
  return placed;
}

void apply(const model::Transaction& transaction, DiskModel& disk) {
  for (const auto& update : transaction.progress) {
    model::Progress& stored = disk.cursors[update.at.partition];
    model::OffsetRanges settled(stored);
    model::apply(update, settled);
    stored = settled.stored();
  }
  for (const auto& update : transaction.retries) {
    const auto key = std::pair(update.at.partition, update.offset);
    if (update.state)
      model::apply(update, disk.retries[key]);
    else
      disk.retries.erase(key);
  }
  for (const auto& letter : transaction.dead_letters)
    if (letter.replays == 0 || disk.letters.contains(letter.id)) disk.letters[letter.id] = letter;
  for (const auto& id : transaction.dead_letters_removed) disk.letters.erase(id);
  for (const auto& keys : transaction.idempotency) disk.idempotency.push_back(keys);
}

}  // namespace pelton::simulation
