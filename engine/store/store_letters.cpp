// SPDX-License-Identifier: Apache-2.0
// Reading dead letters, of which some may be damaged.
#include "engine/model/batch_builder.h"
#include "engine/store/codec.h"
#include "engine/store/keys.h"
#include "engine/store/names.h"
#include "engine/store/store_impl.h"

namespace pelton::store {
namespace {

using Visit = std::function<bool(const model::DeadLetter&)>;

std::string prefix_of(BindingId binding) {
  std::string prefix;
  keys::put_u32(prefix, binding.value);
  return prefix;
}

Result<std::string> name_of(Database& database, BindingId binding) {
  auto all = names::all_bindings(database);
  if (!all) return std::unexpected(all.error());
  for (auto& [name, id] : *all)
    if (id == binding) return std::move(name);
  return std::string{};
}

// What can be said of a letter that cannot be read.
model::DeadLetter damaged_letter(const model::DeadLetterId& id, const std::string& binding,
                                 const Error& error) {
  model::DeadLetter letter;
  letter.id = id;
  letter.binding = binding;
  letter.reason = "damaged";
  model::Attempt& last = letter.retry.history.emplace_back();
  last.cause = "damaged";
  last.type = error.code;
  last.message = error.message;
  model::BatchBuilder builder;
  builder.add(model::EventView{});
  letter.event = builder.finish();
  return letter;
}

// Behind the last letter that was visited, one by one: the keys are kept apart from the letters.
Status visit_singly(Store& store, Database& database, BindingId binding, const std::string& from,
                    const Visit& visit) {
  const auto name = name_of(database, binding);
  if (!name) return std::unexpected(name.error());
  const std::string prefix = prefix_of(binding);
  return database.scan(Family::letter_keys, prefix, from, [&](auto key, auto) {
    const model::DeadLetterId id = keys::dead_letter_id(key);
    const auto letter = store.dead_letter(id);
    if (!letter) return visit(damaged_letter(id, *name, letter.error()));
    return !*letter || visit(**letter);
  });
}

}  // namespace

Status Store::dead_letters(BindingId binding, std::optional<model::DeadLetterId> after,
                           const Visit& visit) {
  const std::string prefix = prefix_of(binding);
  std::string from = after ? keys::dead_letter(*after) + '\0' : prefix;
  Status bad;
  auto read = impl_->database->scan(Family::dead_letters, prefix, from, [&](auto key, auto value) {
    auto letter = codec::decode_dead_letter(keys::dead_letter_id(key), value);
    if (!letter) bad = std::unexpected(letter.error());
    if (!letter) return false;
    from = std::string(key) + '\0';
    return visit(*letter);
  });
  if (read) read = bad;
  if (read || read.error().kind != ErrorKind::corrupt) return read;
  return visit_singly(*this, *impl_->database, binding, from, visit);
}

Result<std::optional<model::DeadLetter>> Store::dead_letter(const model::DeadLetterId& id) {
  const auto damaged = [&](Error error) {
    return std::unexpected(std::move(error).within(
        fmt::format("the dead letter of partition {}, offset {}", id.partition.value, id.offset)));
  };
  auto stored = impl_->database->get(Family::dead_letters, keys::dead_letter(id));
  if (!stored) return damaged(stored.error());
  if (!*stored) return std::nullopt;
  auto letter = codec::decode_dead_letter(id, **stored);
  if (!letter) return damaged(letter.error());
  return std::move(*letter);
}

}  // namespace pelton::store
