// SPDX-License-Identifier: Apache-2.0
#include "engine/store/names.h"

#include "engine/store/keys.h"

namespace pelton::store::names {
namespace {

Result<std::uint32_t> next_number(Database& database, std::string_view counter) {
  auto stored = database.get(Family::meta, counter);
  if (!stored) return std::unexpected(stored.error());
  if (!*stored) return 1;
  if ((*stored)->size() != 4) return fail(ErrorKind::corrupt, "E4001", "a counter is damaged");
  std::string_view bytes = **stored;
  return keys::take_u32(bytes);
}

void put_number(Changes& changes, std::string key, std::uint32_t number) {
  std::string value;
  keys::put_u32(value, number);
  changes.put(Family::meta, std::move(key), std::move(value));
}

// The number behind `key`, given now when it is new.
Result<std::uint32_t> number_of(Database& database, const WriteChanges& write,
                                const std::string& key, const std::string& counter) {
  auto stored = database.get(Family::meta, key);
  if (!stored) return std::unexpected(stored.error());
  if (*stored) {
    if ((*stored)->size() != 4) return fail(ErrorKind::corrupt, "E4001", "a name is damaged");
    std::string_view bytes = **stored;
    return keys::take_u32(bytes);
  }
  auto number = next_number(database, counter);
  if (!number) return number;
  Changes changes;
  put_number(changes, key, *number);
  put_number(changes, counter, *number + 1);
  if (auto ok = write(std::move(changes)); !ok) return std::unexpected(ok.error());
  return number;
}

}  // namespace

Result<StreamId> stream(Database& database, const WriteChanges& write, std::string_view name,
                        std::uint32_t partitions) {
  auto number = number_of(database, write, "stream/" + std::string(name), "next/stream");
  if (!number) return std::unexpected(number.error());
  const std::string key = "partitions/" + std::string(name);
  auto stored = database.get(Family::meta, key);
  if (!stored) return std::unexpected(stored.error());
  std::uint32_t known = 0;
  if (*stored && (*stored)->size() == 4) {
    std::string_view bytes = **stored;
    known = keys::take_u32(bytes);
  }
  if (partitions == 0 && known > 0)
    return fail(ErrorKind::invalid, "E4103",
                "stream {} is kept in this data folder; a topic in its place needs another name",
                name);
  if (known > partitions)
    return fail(ErrorKind::invalid, "E4103",
                "stream {} has {} partitions; the config says {}, but partitions cannot be taken "
                "away",
                name, known, partitions);
  if (known != partitions) {
    Changes changes;
    put_number(changes, key, partitions);
    if (auto ok = write(std::move(changes)); !ok) return std::unexpected(ok.error());
  }
  return StreamId{*number};
}

Result<BindingId> binding(Database& database, const WriteChanges& write, std::string_view name) {
  auto number = number_of(database, write, "binding/" + std::string(name), "next/binding");
  if (!number) return std::unexpected(number.error());
  return BindingId{*number};
}

Result<std::vector<model::StreamPartition>> all_partitions(Database& database) {
  constexpr std::string_view kPrefix = "partitions/";
  std::vector<model::StreamPartition> found;
  Status bad;
  auto read = database.scan(Family::meta, kPrefix, kPrefix, [&](auto key, auto value) {
    auto number = database.get(Family::meta, "stream/" + std::string(key.substr(kPrefix.size())));
    if (!number) bad = std::unexpected(number.error());
    if (!number || !*number || (*number)->size() != 4 || value.size() != 4) return bad.has_value();
    std::string_view bytes = **number;
    const StreamId stream{keys::take_u32(bytes)};
    const std::uint32_t partitions = keys::take_u32(value);
    for (std::uint32_t p = 0; p < partitions; ++p) found.push_back({stream, PartitionId{p}});
    return true;
  });
  if (!read) return std::unexpected(read.error());
  if (!bad) return std::unexpected(bad.error());
  return found;
}

std::string bounds_key(model::StreamPartition at) {
  return "bounds/" + keys::partition(at);
}

}  // namespace pelton::store::names
