// SPDX-License-Identifier: Apache-2.0
// What forgetting a name comes to.
#include "engine/store/keys.h"
#include "engine/store/names.h"

namespace pelton::store::names {
namespace {

constexpr std::string_view kForgottenStreams = "forgotten/stream/";
constexpr std::string_view kForgottenBindings = "forgotten/binding/";

std::string numbered(std::string_view prefix, std::uint32_t number) {
  std::string key(prefix);
  keys::put_u32(key, number);
  return key;
}

template <typename Id>
Result<std::vector<Id>> all_behind(Database& database, std::string_view prefix) {
  std::vector<Id> found;
  auto read = database.scan(Family::meta, prefix, prefix, [&](auto key, auto) {
    key.remove_prefix(prefix.size());
    if (key.size() == 4) found.push_back(Id{keys::take_u32(key)});
    return true;
  });
  if (!read) return std::unexpected(read.error());
  return found;
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
  changes.put(Family::meta, numbered(kForgottenBindings, binding.value), "");
}

void forget_stream(std::string_view name, StreamId stream, Changes& changes) {
  for (const char* prefix : {"stream/", "partitions/", "identity/"})
    changes.remove(Family::meta, prefix + std::string(name));
  changes.put(Family::meta, numbered(kForgottenStreams, stream.value), "");
}

Result<std::vector<StreamId>> forgotten_streams(Database& database) {
  return all_behind<StreamId>(database, kForgottenStreams);
}

Result<std::vector<BindingId>> forgotten_bindings(Database& database) {
  return all_behind<BindingId>(database, kForgottenBindings);
}

void end_forgotten(StreamId stream, Changes& changes) {
  changes.remove(Family::meta, numbered(kForgottenStreams, stream.value));
}

void end_forgotten(BindingId binding, Changes& changes) {
  changes.remove(Family::meta, numbered(kForgottenBindings, binding.value));
}

}  // namespace pelton::store::names
