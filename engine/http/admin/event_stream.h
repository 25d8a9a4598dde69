// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/http/admin/parameters.h"
#include "engine/net/message.h"
#include "engine/stream/access.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace pelton::http {

// The events of a stream as lines, read page by page while they are sent. Without `follow`: one
// partition after another, each up to the end that it had when it was begun. With it: the
// partitions in turn, for ever. Stops at the limit. On the http thread; its answers may come on
// any.
class EventStream final : public net::BodyStream, public std::enable_shared_from_this<EventStream> {
 public:
  EventStream(std::shared_ptr<stream::StreamReader> reader, std::string stream,
              const std::vector<std::uint32_t>& partitions, const ConsumeParameters& parameters);
  void next(net::PieceAnswer answer) override;

 private:
  struct PartitionRead {
    std::uint32_t partition = 0;
    stream::ReadRequest::From from;
    Offset stop = -1;  // -1: not known yet
    bool at_end = false;
  };

  net::Piece take(const stream::ReadAnswer& read);
  // Appends the lines of the page until a piece is full. Returns where the next one begins.
  Offset write(const stream::ReadAnswer& read, Offset stop, std::string& out);
  // Behind a page of the current place: on to the next one, or to the end.
  net::Piece::Then advance();

  bool waits(const Error& error) const;

  // The stream's own; shared with reads that are under way when it goes.
  const std::shared_ptr<stream::StreamReader> reader_;
  const std::string stream_;
  const bool follow_;
  std::uint64_t left_;
  std::vector<PartitionRead> reads_;
  std::size_t current_ = 0;
};

}  // namespace pelton::http
