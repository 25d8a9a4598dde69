// SPDX-License-Identifier: Apache-2.0
#include "engine/store/names.h"

#include "engine/base/hash.h"
#include "engine/store/keys.h"

#include <random>

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

std::string stream_key(std::string_view name) {
  return "stream/" + std::string(name);
}
std::string partitions_key(std::string_view name) {
  return "partitions/" + std::string(name);
}
std::string identity_key(std::string_view name) {
  return "identity/" + std::string(name);
}

struct Identity {
  Incarnation incarnation;
  std::uint64_t named = 0;  // of a topic: hash of what the config says; 0: the engine's own
};
std::string encode(const Identity& identity) {
  std::string out;
  keys::put_u64(out, identity.incarnation.value);
  keys::put_u64(out, identity.named);
  return out;
}

Identity identity_of(const StreamSpec& spec) {
  if (spec.partitions == 0) {
    const std::uint64_t named = hash128(spec.topic).high;
    return {Incarnation{named}, named};
  }
  std::random_device random;
  return {Incarnation{(static_cast<std::uint64_t>(random()) << 32) | random()}, 0};
}

struct Known {
  std::optional<std::uint32_t> number;
  std::uint32_t partitions = 0;
  Identity identity;
};

Result<Known> read_stream(Database& database, std::string_view name) {
  Known known;
  const auto read = [&](const std::string& key, std::size_t size, const auto& take) -> Status {
    auto stored = database.get(Family::meta, key);
    if (!stored) return std::unexpected(stored.error());
    if (!*stored) return {};
    if ((*stored)->size() != size) return fail(ErrorKind::corrupt, "E4001", "a name is damaged");
    std::string_view bytes = **stored;
    take(bytes);
    return {};
  };
  auto ok = read(stream_key(name), 4, [&](auto& in) { known.number = keys::take_u32(in); });
  if (ok)
    ok = read(partitions_key(name), 4, [&](auto& in) { known.partitions = keys::take_u32(in); });
  if (ok)
    ok = read(identity_key(name), 16, [&](auto& in) {
      known.identity.incarnation.value = keys::take_u64(in);
      known.identity.named = keys::take_u64(in);
    });
  return ok ? Result<Known>(known) : std::unexpected(ok.error());
}

Status check_partitions(const StreamSpec& spec, std::uint32_t known) {
  if (spec.partitions == 0 && known > 0)
    return fail(ErrorKind::invalid, "E4103",
                "stream {} is kept in this data folder; before a topic can take its place, delete "
                "its events with `pelton streams forget {}`, or give the topic another name",
                spec.name, spec.name);
  if (known > spec.partitions)
    return fail(ErrorKind::invalid, "E4103",
                "stream {} has {} partitions; the config says {}, but partitions cannot be taken "
                "away",
                spec.name, known, spec.partitions);
  return {};
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

Result<std::vector<std::pair<std::string, std::uint32_t>>> all_numbers(Database& database,
                                                                       std::string_view prefix) {
  std::vector<std::pair<std::string, std::uint32_t>> found;
  Status bad;
  auto read = database.scan(Family::meta, prefix, prefix, [&](auto key, auto value) {
    if (value.size() == 4)
      found.emplace_back(key.substr(prefix.size()), keys::take_u32(value));
    else
      bad = fail(ErrorKind::corrupt, "E4001", "a name is damaged");
    return bad.has_value();
  });
  if (!read) return std::unexpected(read.error());
  if (!bad) return std::unexpected(bad.error());
  return found;
}

template <typename Id>
Result<std::vector<std::pair<std::string, Id>>> all_of(Database& database,
                                                       std::string_view prefix) {
  auto numbers = all_numbers(database, prefix);
  if (!numbers) return std::unexpected(numbers.error());
  std::vector<std::pair<std::string, Id>> found;
  for (auto& [name, number] : *numbers) found.emplace_back(std::move(name), Id{number});
  return found;
}

}  // namespace

Result<Stream> stream(Database& database, const WriteChanges& write, const StreamSpec& spec) {
  auto known = read_stream(database, spec.name);
  if (!known) return std::unexpected(known.error());
  if (auto ok = check_partitions(spec, known->partitions); !ok) return std::unexpected(ok.error());
  const Identity named = identity_of(spec);
  const bool renew = known->number && known->identity.named != named.named;
  Changes changes;
  if (renew)
    if (auto ok = forget_progress(database, StreamId{*known->number}, std::nullopt, changes); !ok)
      return std::unexpected(ok.error());
  if (renew || !known->number) {
    auto number = next_number(database, "next/stream");
    if (!number) return std::unexpected(number.error());
    known->number = *number;
    known->identity = named;
    put_number(changes, "next/stream", *number + 1);
    put_number(changes, stream_key(spec.name), *number);
    changes.put(Family::meta, identity_key(spec.name), encode(named));
  }
  if (!changes.empty() || known->partitions != spec.partitions)
    put_number(changes, partitions_key(spec.name), spec.partitions);
  if (!changes.empty())
    if (auto ok = write(std::move(changes)); !ok) return std::unexpected(ok.error());
  return Stream{StreamId{*known->number}, known->identity.incarnation};
}

Result<Identified> identify(Database& database, const WriteChanges& write, const std::string& name,
                            StreamId stream, std::string_view identity) {
  auto known = read_stream(database, name);
  if (!known) return std::unexpected(known.error());
  Identity now = known->identity;
  now.incarnation = Incarnation{hash128(identity).high};
  if (now.incarnation == known->identity.incarnation) return Identified{now.incarnation};
  // Before it was known for the first time, the name stood for it.
  const bool renewed = known->identity.incarnation.value != known->identity.named;
  Changes changes;
  if (renewed)
    if (auto ok = forget_progress(database, stream, std::nullopt, changes); !ok)
      return std::unexpected(ok.error());
  changes.put(Family::meta, identity_key(name), encode(now));
  if (auto ok = write(std::move(changes)); !ok) return std::unexpected(ok.error());
  return Identified{now.incarnation, renewed};
}

Result<BindingId> binding(Database& database, const WriteChanges& write, std::string_view name) {
  auto number = number_of(database, write, "binding/" + std::string(name), "next/binding");
  if (!number) return std::unexpected(number.error());
  return BindingId{*number};
}

Result<std::vector<std::pair<std::string, BindingId>>> all_bindings(Database& database) {
  return all_of<BindingId>(database, "binding/");
}

Result<std::vector<std::pair<std::string, StreamId>>> all_streams(Database& database) {
  return all_of<StreamId>(database, "stream/");
}

Result<std::vector<model::StreamPartition>> all_partitions(Database& database) {
  auto streams = all_streams(database);
  if (!streams) return std::unexpected(streams.error());
  std::vector<model::StreamPartition> found;
  for (const auto& [name, id] : *streams) {
    auto known = read_stream(database, name);
    if (!known) return std::unexpected(known.error());
    for (std::uint32_t p = 0; p < known->partitions; ++p) found.push_back({id, PartitionId{p}});
  }
  return found;
}

std::string bounds_key(model::StreamPartition at) {
  return "bounds/" + keys::partition(at);
}

std::string bounds_prefix(StreamId stream) {
  std::string prefix = "bounds/";
  keys::put_u32(prefix, stream.value);
  return prefix;
}

}  // namespace pelton::store::names
