// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/store/database.h"

#include <boost/unordered/unordered_flat_set.hpp>

#include <map>
#include <mutex>
#include <optional>

namespace pelton::store {

// Thread-safe. What is known in memory of every binding: its cursors (retention waits for them,
// whether the binding is configured or not) and
// which dead letters it keeps (counted without reading).
class BindingState {
 public:
  explicit BindingState(Database& database) : database_(database) {}

  // Reads what is stored of a binding, once.
  Status open(BindingId binding);

  // ---- the store thread, as it writes (a failed write ends the engine)
  void set_cursor(BindingId binding, model::StreamPartition at, const model::Progress& cursor);
  void add_dead_letter(const model::DeadLetterId& id);
  void remove_dead_letter(const model::DeadLetterId& id);
  // Nothing of the stream's progress is kept any more; of the binding: nothing at all.
  void forget(StreamId stream);
  void forget(BindingId binding);
  void forget(BindingId binding, StreamId stream);

  // ---- any thread
  std::optional<Offset> cursor(BindingId binding, model::StreamPartition at) const;
  // Of all bindings that have one, configured or not.
  std::optional<Offset> lowest_cursor(model::StreamPartition at) const;
  bool has_dead_letter(const model::DeadLetterId& id) const;
  std::uint64_t dead_letters(BindingId binding) const;
  std::uint64_t all_letters() const;      // of all bindings
  std::uint64_t removed_letters() const;  // since the start

 private:
  struct LetterHash {
    std::size_t operator()(const model::DeadLetterId& id) const noexcept {
      return std::hash<std::uint64_t>{}((static_cast<std::uint64_t>(id.partition.value) << 48) ^
                                        static_cast<std::uint64_t>(id.offset) ^ id.stream.value);
    }
  };
  struct State {
    std::map<model::StreamPartition, Offset> cursors;
    boost::unordered_flat_set<model::DeadLetterId, LetterHash> letters;
  };

  Database& database_;
  mutable std::mutex mutex_;
  // guarded by mutex_
  std::map<BindingId, State> states_;
  std::uint64_t removed_letters_ = 0;
};

}  // namespace pelton::store
