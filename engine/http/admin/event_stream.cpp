// SPDX-License-Identifier: Apache-2.0
#include "engine/http/admin/event_stream.h"

#include "engine/http/ndjson.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace pelton::http {
namespace {

// What one piece is made of, and about what it comes to as text.
constexpr std::size_t kPieceBytes = 1U << 20;

}  // namespace

EventStream::EventStream(std::shared_ptr<stream::StreamReader> reader, std::string stream,
                         const std::vector<std::uint32_t>& partitions,
                         const ConsumeParameters& parameters)
    : reader_(std::move(reader)),
      stream_(std::move(stream)),
      follow_(parameters.follow),
      left_(parameters.limit) {
  for (const std::uint32_t partition : partitions)
    reads_.push_back({partition, parameters.from, -1, false});
}

void EventStream::next(net::PieceAnswer answer) {
  if (left_ == 0 || reads_.empty()) return answer(net::Piece{"", net::Piece::Then::end});
  const PartitionRead& current = reads_[current_];
  const stream::ReadRequest request{current.partition, current.from, kPieceBytes};
  // Shared by the connection, which may close first, and the read that is under way.
  reader_->read(request, [self = shared_from_this(),
                          answer = std::move(answer)](Result<stream::ReadAnswer> read) mutable {
    if (!read && self->waits(read.error())) return answer(net::Piece{"", net::Piece::Then::later});
    if (!read) return answer(std::unexpected(read.error()));
    answer(self->take(*read));
  });
}

// Who follows a topic, and has seen something of it, is there when its brokers are back.
bool EventStream::waits(const Error& error) const {
  return follow_ && error.kind == ErrorKind::unavailable &&
         std::ranges::any_of(reads_, [](const PartitionRead& read) { return read.stop >= 0; });
}

net::Piece EventStream::take(const stream::ReadAnswer& read) {
  PartitionRead& current = reads_[current_];
  if (current.stop < 0) current.stop = read.end;
  const Offset stop = follow_ ? std::numeric_limits<Offset>::max() : current.stop;
  net::Piece piece;
  const Offset next = write(read, stop, piece.bytes);
  current.at_end = (read.at_end && next == read.next) || next >= stop;
  current.from = {stream::ReadRequest::From::Kind::offset, next, {}};
  piece.then = left_ == 0 ? net::Piece::Then::end : advance();
  return piece;
}

// Small encodings may hold many events: the rest of them is read again.
Offset EventStream::write(const stream::ReadAnswer& read, Offset stop, std::string& out) {
  for (const model::PlacedBatch& placed : read.batches)
    for (std::size_t i = 0; i < placed.batch->size() && left_ > 0; ++i) {
      const Offset offset = placed.base + placed.batch->delta(i);
      if (offset < read.from || offset >= stop) continue;
      if (out.size() >= kPieceBytes) return offset;
      out += event_line(stream_, placed, i);
      --left_;
    }
  return read.next;
}

net::Piece::Then EventStream::advance() {
  if (!follow_) {
    if (reads_[current_].at_end) ++current_;
    return current_ == reads_.size() ? net::Piece::Then::end : net::Piece::Then::more;
  }
  current_ = (current_ + 1) % reads_.size();
  const bool idle = current_ == 0 && std::ranges::all_of(reads_, &PartitionRead::at_end);
  return idle ? net::Piece::Then::later : net::Piece::Then::more;
}

}  // namespace pelton::http
