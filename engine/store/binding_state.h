// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/store/database.h"

#include <boost/unordered/unordered_flat_set.hpp>

#include <map>
#include <mutex>
#include <optional>

namespace pelton::store {

// Thread-safe. What is known in memory of every binding: its cursors (retention waits for them) and
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

  // ---- any thread
  std::optional<Offset> cursor(BindingId binding, model::StreamPartition at) const;
  std::uint64_t dead_letters(BindingId binding) const;
  std::uint64_t all_letters() const;      // of all bindings
  std::uint64_t removed_letters() const;  // since the start

 private:
  struct LetterHash {
    std::size_t operator()(const std::pair<std::uint32_t, Offset>& at) const noexcept {
      return std::hash<std::uint64_t>{}((static_cast<std::uint64_t>(at.first) << 48) ^
                                        static_cast<std::uint64_t>(at.second));
    }
  };
  struct State {
    std::map<model::StreamPartition, Offset> cursors;
    boost::unordered_flat_set<std::pair<std::uint32_t, Offset>, LetterHash> letters;
  };

  Database& database_;
  mutable std::mutex mutex_;
  // guarded by mutex_
  std::map<BindingId, State> states_;
  std::uint64_t removed_letters_ = 0;
};

}  // namespace pelton::store
