// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/ids.h"
#include "engine/base/result.h"
#include "engine/dead_letters/dead_letter_topic.h"

#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace pelton::dead_letters {

// A binding or sink by its name, with its number and the topic of its dead letters (null: those are
// in the store).
struct KnownBinding {
  std::string name;
  BindingId id;
  StreamId stream;  // that it reads
  DeadLetterTopic* letters = nullptr;

  bool operator==(const KnownBinding&) const = default;
};

// The bindings and sinks that requests may name. Thread-safe; what it answers with lives as long as
// it, also once the binding has been removed.
class KnownBindings {
 public:
  // These are there from now on, in this order.
  void set(const std::vector<KnownBinding>& bindings);
  std::vector<const KnownBinding*> all() const;
  // Null: there is none of that name.
  const KnownBinding* find(std::string_view name) const;
  // One that is or was there.
  const KnownBinding& of(BindingId id) const;

 private:
  mutable std::mutex mutex_;
  std::deque<KnownBinding> ever_;             // guarded by mutex_; only grows
  std::vector<const KnownBinding*> present_;  // guarded by mutex_
};

// invalid (E5001): there is none of that name.
Result<const KnownBinding*> find_binding(const KnownBindings& bindings, std::string_view name);

}  // namespace pelton::dead_letters
