// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/http/invoke/result_keys.h"
#include "engine/store/store.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace pelton::runtime {

// What is remembered of the results of a durable route, beside their stream: so a start reads some
// 50 bytes of each and not the responses. It is written when many are new, after them, and says
// how far it goes; what is not in it is read from the stream. In the stream's ledger
// (docs/formats.md). One thread at a time.
class ResultIndex {
 public:
  // The store lives longer. `results` has one partition.
  ResultIndex(store::Store& store, StreamId results);

  // Gives what it has of results that are still stored, in their order. From where on they have to
  // be read.
  Result<Offset> load(const std::function<void(const http::ResultKey&)>& visit);

  // A result, of so many bytes, and what is remembered of it; in the order of their offsets.
  void add(const std::optional<http::ResultKey>& key, Offset offset, std::uint64_t bytes);
  // There is enough to be written.
  bool due() const { return fresh_.size() >= kMostKeys || bytes_ >= kMostBytes; }
  // Makes durable what was added, and removes what is about results that are not stored any more.
  // After an error nothing is added any more.
  Status write();

 private:
  static constexpr std::size_t kMostKeys = 1024;
  static constexpr std::uint64_t kMostBytes = 8U << 20;

  Result<Offset> earliest();
  Status put(Offset earliest);

  store::Store& store_;
  const StreamId results_;
  const std::string ledger_;
  Offset from_ = 0;  // of what was added and not written
  Offset next_ = 0;
  std::vector<http::ResultKey> fresh_;
  std::uint64_t bytes_ = 0;
  std::string oldest_;  // no entry is before that
  bool failed_ = false;
};

}  // namespace pelton::runtime
