// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/ids.h"
#include "engine/base/result.h"
#include "engine/model/event.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace pelton::model {

class Batch;
// Shared: the in-memory tail of a partition and the windows of the dispatchers that read it own a
// batch together, and neither outlives the other in a fixed order.
using BatchPtr = std::shared_ptr<const Batch>;

// Consecutive events of one partition in their one encoding, pelton.v1.EventBatch
// (proto/pelton/v1/batch.proto says what columns and blobs are). Deeply immutable, so any thread
// may read it. Views returned live as long as the batch. An index must be below size().
//
//   auto batch = Batch::parse(std::move(bytes));
//   if (!batch) return batch.error();              // kind corrupt, says which field
//   for (std::size_t i = 0; i < (*batch)->size(); ++i) use((*batch)->data(i));
class Batch {
 public:
  // Checks the whole layout once (lengths, ends ascending, dictionary indices), so that the
  // accessors need not. Cost is per column, not per event, but for the check of ends. Own code
  // instead of the Protobuf runtime: that would copy and allocate every column.
  static Result<BatchPtr> parse(std::string bytes);

  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  std::size_t size() const { return count_; }
  // The encoding: what is stored and what a frame carries.
  std::string_view bytes() const { return bytes_; }
  // About what it takes in memory, with all that belongs to it.
  std::uint64_t memory() const { return kOverhead + bytes_.size(); }
  // About what `events` of `bytes` come to one by one. A column in which all events agree takes
  // nothing in the encoding, but it does once they are joined with others or written out: what is
  // joined or read at once is bounded in this.
  static std::uint64_t unpacked(std::uint64_t bytes, std::uint64_t events) {
    return bytes + events * kUnpackedEvent;
  }
  std::uint64_t unpacked() const { return unpacked(bytes_.size(), count_); }

  std::string_view data(std::size_t i) const { return data_.at(i); }
  bool has_key(std::size_t i) const { return (flag(i) & kHasKey) != 0; }
  bool has_data(std::size_t i) const { return (flag(i) & kNoData) == 0; }
  std::string_view key(std::size_t i) const { return key_.at(i); }
  std::string_view subject(std::size_t i) const { return subject_.at(i); }
  std::string_view id(std::size_t i) const { return id_.at(i); }
  std::int64_t time_us(std::size_t i) const { return time_.at(i, 0); }
  std::string_view type(std::size_t i) const { return word(type_, i); }
  std::string_view source(std::size_t i) const { return word(source_, i); }
  std::string_view content_type(std::size_t i) const { return word(content_type_, i); }
  // The encoded HeaderSet of event i; empty: no headers.
  std::string_view header_bytes(std::size_t i) const { return headers_.at(i); }
  // Decodes the headers of event i in order (allocates; for edges and filters that name a header).
  std::vector<Header> headers(std::size_t i) const;
  // The first header of that name; nothing allocated. False when absent.
  bool find_header(std::size_t i, std::string_view name, std::string_view& value) const;

  // offset of event i = base offset of the batch + delta(i).
  Offset delta(std::size_t i) const {
    return offset_delta_.count == 0 ? static_cast<Offset>(i) : offset_delta_.at(i, 0);
  }
  // What the batch takes of its partition's offsets: delta of the last event + 1.
  Offset span() const { return delta(count_ - 1) + 1; }
  bool consecutive() const { return offset_delta_.count == 0; }

  EventView event(std::size_t i) const;

  // Why event i cannot be processed: what it came from could not be decoded, and its data is what
  // came. Null: nothing is wrong with it. Not part of the encoding: a batch that is parsed has
  // none.
  bool has_faults() const { return !faults_.empty(); }
  const Error* fault(std::size_t i) const;

 private:
  friend class BatchBuilder;
  friend class ClaimedBatch;
  struct Layout;

  static constexpr std::uint64_t kUnpackedEvent = 48;
  static constexpr std::uint64_t kOverhead = 640;  // itself, its dictionary, the allocations
  static constexpr std::uint8_t kHasKey = 1;
  static constexpr std::uint8_t kNoData = 2;

  // A packed fixed-width field in place: no entry, one for all, or one an event.
  template <typename T>
  struct Column {
    const char* start = nullptr;
    std::size_t count = 0;
    T at(std::size_t i, T absent) const {
      if (count == 0) return absent;
      T value;
      std::memcpy(&value, start + (count == 1 ? 0 : i) * sizeof(T), sizeof(T));
      return value;
    }
  };
  struct Blob {
    std::string_view bytes;
    Column<std::uint32_t> end;
    std::string_view at(std::size_t i) const {
      if (end.count == 0) return {};
      const std::uint32_t from = i == 0 ? 0 : end.at(i - 1, 0);
      return bytes.substr(from, end.at(i, 0) - from);
    }
  };

  struct Fault {
    std::uint32_t index = 0;
    Error error;
  };

  explicit Batch(std::string bytes) : bytes_(std::move(bytes)) {}
  // Shared: as BatchPtr.
  static Result<std::shared_ptr<Batch>> read(std::string bytes);
  Status index();
  Status read_field(std::uint32_t field, std::string_view value);
  Status check() const;
  Status check_blob(const Blob& blob, const char* name) const;
  Status check_words(const Column<std::uint32_t>& column, const char* name) const;

  std::uint8_t flag(std::size_t i) const { return flags_.at(i, 0); }
  std::string_view word(const Column<std::uint32_t>& column, std::size_t i) const {
    return dictionary_.empty() ? std::string_view{} : dictionary_[column.at(i, 0)];
  }

  const std::string bytes_;
  std::size_t count_ = 0;
  Blob data_, key_, subject_, id_, headers_;
  Column<std::uint8_t> flags_;
  Column<std::int64_t> time_;
  Column<std::uint32_t> type_, source_, content_type_, offset_delta_;
  std::vector<std::string_view> dictionary_;
  std::vector<Fault> faults_;                      // ascending
  mutable std::atomic<std::uint64_t> holders_{0};  // as ClaimedBatch counts them
};

}  // namespace pelton::model
