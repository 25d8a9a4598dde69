// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/ids.h"
#include "engine/model/batch.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace pelton::model {

// Collects events and encodes them once. Reusable: finish() empties it but keeps its buffers.
// Columns in which all events agree are written as one entry, columns of defaults not at all. One
// thread at a time.
//
//   BatchBuilder builder;
//   builder.add(event);
//   BatchPtr batch = builder.finish();
class BatchBuilder {
 public:
  // Copies the event. Its blobs may reach 4 GiB together; callers bound a batch far below.
  void add(const EventView& event);
  // Copies event i of another batch, headers undecoded.
  void add(const Batch& from, std::size_t i);
  // Copies events [first, first + count) of a batch with consecutive offsets: blobs in one piece
  // each.
  void add_range(const Batch& from, std::size_t first, std::size_t count);
  // As add with a given offset delta, for batches whose offsets are not consecutive. Either all
  // events of a batch are added with a delta or none.
  void add_at(const Batch& from, std::size_t i, std::uint32_t offset_delta);
  void add_at(const EventView& event, std::uint32_t offset_delta);

  // The event that was added last cannot be processed (Batch::fault()). Copies of an event keep it.
  void fault(Error why);

  std::size_t size() const { return count_; }
  bool empty() const { return count_ == 0; }
  // Bytes of data, keys and headers so far, and of faults: what frame and batch limits count.
  std::size_t payload_bytes() const;

  // The encoding of all that was added (at least one event).
  std::string encode();
  // The same as a batch.
  BatchPtr finish();
  void clear();

 private:
  struct Blob {
    std::string bytes;
    std::vector<std::uint32_t> end;
    bool used = false;  // some value is not empty
    void add(std::string_view value);
    void add_range(const Batch::Blob& from, std::size_t first, std::size_t count);
    void write(std::string& out, std::uint32_t field) const;
    void clear();
  };
  template <typename T>
  struct Column {
    std::vector<T> values;
    bool uniform = true;
    void add(T value) {
      uniform = uniform && (values.empty() || values.front() == value);
      values.push_back(value);
    }
    void clear() {
      values.clear();
      uniform = true;
    }
  };

  void add_plain(const Batch& from, std::size_t i);
  void note_delta(std::uint32_t offset_delta);
  // Adds the words of one dictionary column, looking each word of `from` up once.
  void add_words(Column<std::uint32_t>& to, const Batch& from,
                 const Batch::Column<std::uint32_t>& column, std::size_t first, std::size_t count);
  std::uint32_t word(std::string_view text);
  template <typename T>
  static void write_column(std::string& out, std::uint32_t field, const Column<T>& column);
  static void write_values(std::string& out, std::uint32_t field, const void* values,
                           std::size_t bytes);

  std::size_t count_ = 0;
  Blob data_, key_, subject_, id_, headers_;
  Column<std::uint8_t> flags_;
  Column<std::int64_t> time_;
  Column<std::uint32_t> type_, source_, content_type_;
  std::vector<std::uint32_t> offset_delta_;
  std::vector<std::string> dictionary_;
  std::string last_word_[3];
  std::uint32_t last_index_[3] = {0, 0, 0};
  std::unordered_map<std::string, std::uint32_t> words_;
  std::vector<Batch::Fault> faults_;
  std::size_t fault_bytes_ = 0;
};

// Encodes headers as a HeaderSet.
std::string encode_headers(const std::vector<Header>& headers);

// Which partition of `partitions` event i belongs to: Kafka's murmur2 of its key. An event without
// a key goes to `keyless`, which the caller moves on from batch to batch.
std::uint32_t partition_of(const Batch& batch, std::size_t i, std::uint32_t partitions,
                           std::uint32_t keyless);

// What of a batch belongs to a partition.
struct PartitionPart {
  std::uint32_t partition = 0;
  BatchPtr batch;
};
// Splits a batch by partition, keeping order within each: those that something belongs to,
// ascending. When all events belong to one, the batch itself is passed on uncopied. Costs what the
// batch has, however many partitions there are.
std::vector<PartitionPart> split_by_partition(const BatchPtr& batch, std::uint32_t partitions,
                                              std::uint32_t keyless);

}  // namespace pelton::model
