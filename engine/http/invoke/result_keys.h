// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/hash.h"
#include "engine/base/ids.h"

#include <boost/unordered/unordered_flat_set.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>

namespace pelton::http {

// The result of a call that had a key.
struct ResultKey {
  Hash128 key;                // RequestKey::fingerprint()
  std::uint64_t request = 0;  // hash of the request
  std::uint64_t call = 0;     // hash of the call's id
  Offset offset = 0;          // in the stream of results
  std::int64_t time_us = 0;   // when it was stored
};

// Value, of one place. The newest result of each key, in the order in which they were stored: some
// 60 bytes each.
class ResultKeys {
 public:
  ResultKeys() = default;
  ResultKeys(const ResultKeys&) = delete;
  ResultKeys& operator=(const ResultKeys&) = delete;

  // Null: the key has none. Good until the next call of a method that is not const.
  const ResultKey* find(const Hash128& key) const;
  // In place of an earlier one with its key.
  void put(const ResultKey& result);
  // Forgets those that were stored then or earlier, up to the first that was not.
  void expire(std::int64_t time_us);

  std::size_t size() const { return numbers_.size(); }
  std::uint64_t bytes() const;

 private:
  // Of an entry, or what it is looked up by.
  struct HashOf {
    using is_transparent = void;
    const ResultKeys* keys;
    std::size_t operator()(std::uint32_t number) const { return keys->at(number).key.low; }
    std::size_t operator()(const Hash128& key) const { return key.low; }
  };
  struct SameKey {
    using is_transparent = void;
    const ResultKeys* keys;
    bool operator()(std::uint32_t a, std::uint32_t b) const { return a == b; }
    bool operator()(const Hash128& key, std::uint32_t number) const {
      return keys->at(number).key == key;
    }
    bool operator()(std::uint32_t number, const Hash128& key) const { return (*this)(key, number); }
  };

  const ResultKey& at(std::uint32_t number) const { return stored_[number - first_]; }

  std::deque<ResultKey> stored_;  // those that were replaced as well
  std::uint32_t first_ = 0;       // number of the first one; it wraps around
  boost::unordered_flat_set<std::uint32_t, HashOf, SameKey> numbers_{0, HashOf{this},
                                                                     SameKey{this}};
};

}  // namespace pelton::http
