// SPDX-License-Identifier: Apache-2.0
// What forgetting a name comes to.
#include "engine/store/keys.h"
#include "engine/store/names.h"

namespace pelton::store::names {
namespace {

// Everything that begins with the number.
void remove_all(Family family, std::uint32_t number, Changes& changes) {
  std::string from;
  std::string to;
  keys::put_u32(from, number);
  keys::put_u32(to, number + 1);
  changes.remove_range(family, std::move(from), std::move(to));
}

}  // namespace

Status forget_progress(Database& database, StreamId stream, std::optional<BindingId> binding,
                       Changes& changes) {
  std::string prefix;
  if (binding) keys::put_u32(prefix, binding->value);
  for (const Family family : {Family::cursors, Family::retries}) {
    auto read = database.scan(family, prefix, prefix, [&](auto key, auto) {
      std::string_view rest = key.substr(4);
      if (keys::take_u32(rest) == stream.value) changes.remove(family, std::string(key));
      return true;
    });
    if (!read) return read;
  }
  return {};
}

void forget_binding(std::string_view name, BindingId binding, Changes& changes) {
  changes.remove(Family::meta, "binding/" + std::string(name));
  for (const Family family : {Family::cursors, Family::retries, Family::dead_letters,
                              Family::letter_keys, Family::idempotency})
    remove_all(family, binding.value, changes);
}

Status forget_stream(Database& database, std::string_view name, StreamId stream, Changes& changes) {
  for (const std::string& key : {"stream/" + std::string(name), "partitions/" + std::string(name),
                                 "identity/" + std::string(name)})
    changes.remove(Family::meta, key);
  std::string bounds = "bounds/";
  keys::put_u32(bounds, stream.value);
  std::string behind = "bounds/";
  keys::put_u32(behind, stream.value + 1);
  changes.remove_range(Family::meta, std::move(bounds), std::move(behind));
  remove_all(Family::index, stream.value, changes);
  remove_all(Family::extents, stream.value, changes);
  return forget_progress(database, stream, std::nullopt, changes);
}

}  // namespace pelton::store::names
