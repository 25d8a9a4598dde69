// SPDX-License-Identifier: Apache-2.0
// The reading half of Store, and the ledgers.
#include "engine/model/histories.h"
#include "engine/store/codec.h"
#include "engine/store/keys.h"
#include "engine/store/store_impl.h"

namespace pelton::store {

Result<std::vector<model::PlacedBatch>> Store::read(model::StreamPartition at, Offset from,
                                                    std::size_t max_bytes) {
  return impl_->logs->read(at, from, max_bytes);
}
Result<std::optional<std::vector<model::PlacedBatch>>> Store::read_tail(model::StreamPartition at,
                                                                        Offset from,
                                                                        std::size_t max_bytes) {
  return impl_->logs->read_tail(at, from, max_bytes);
}
Result<StreamBounds> Store::bounds(model::StreamPartition at) {
  return impl_->logs->bounds(at);
}
Result<Offset> Store::offset_at(model::StreamPartition at, WallTime time) {
  return impl_->logs->offset_at(at, time);
}
Result<PartitionStats> Store::stats(model::StreamPartition at) {
  return impl_->logs->stats(at);
}

Result<std::optional<model::Progress>> Store::cursor(BindingId binding, model::StreamPartition at) {
  auto stored = impl_->database->get(Family::cursors, keys::cursor(binding, at));
  if (!stored) return std::unexpected(stored.error());
  if (!*stored) return std::nullopt;
  auto cursor = codec::decode_cursor(**stored);
  if (!cursor) return std::unexpected(cursor.error());
  return std::move(*cursor);
}

Result<std::vector<model::Transaction::RetryUpdate>> Store::retries(BindingId binding,
                                                                    model::StreamPartition at) {
  std::vector<model::Transaction::RetryUpdate> found;
  Status bad;
  const std::string prefix = keys::cursor(binding, at);
  auto read = impl_->database->scan(Family::retries, prefix, prefix, [&](auto key, auto value) {
    key.remove_prefix(prefix.size());
    auto state = codec::decode_retry(value);
    if (!state) bad = std::unexpected(state.error());
    if (!state) return false;
    forget_history(*state);
    found.push_back({binding, at, static_cast<Offset>(keys::take_u64(key)), std::move(*state)});
    return true;
  });
  if (!read) return std::unexpected(read.error());
  if (!bad) return std::unexpected(bad.error());
  return found;
}

Result<model::RetryState> Store::retry(BindingId binding, model::StreamPartition at,
                                       Offset offset) {
  auto stored = impl_->database->get(Family::retries, keys::retry(binding, at, offset));
  if (!stored) return std::unexpected(stored.error());
  return *stored ? codec::decode_retry(**stored) : model::RetryState{};
}

std::uint64_t Store::dead_letter_count(BindingId binding) const {
  return impl_->bindings->dead_letters(binding);
}

Status Store::completed_keys(BindingId binding, WallTime since,
                             const std::function<void(const model::CompletedKeys&)>& visit) {
  const std::string from = keys::idempotency_from(binding, since);
  Status bad;
  auto read = impl_->database->scan(
      Family::idempotency, from.substr(0, 4), from, [&](auto key, auto value) {
        auto fingerprints = codec::decode_fingerprints(value);
        if (!fingerprints) bad = std::unexpected(fingerprints.error());
        if (fingerprints) visit({binding, keys::idempotency_time(key), std::move(*fingerprints)});
        return bad.has_value();
      });
  return read ? bad : read;
}

void Store::set_idempotency_ttl(BindingId binding, Duration ttl) {
  impl_->maintenance->garbage().set_ttl(binding, ttl);
}

std::shared_ptr<const void> Store::hold(model::StreamPartition at, Offset offset) {
  return impl_->maintenance->hold(at, offset);
}

Ledger& Store::ledger() {
  return *impl_->named.ledger;
}

}  // namespace pelton::store
