// SPDX-License-Identifier: Apache-2.0
#include "engine/http/admin/produce.h"

#include <utility>

namespace pelton::http {
namespace {

net::Response produced_response(const std::vector<stream::Produced>& produced) {
  std::string list;
  std::uint64_t count = 0;
  for (const stream::Produced& p : produced) {
    list += fmt::format(R"({}{{"partition":{},"offset":{},"count":{}}})", list.empty() ? "" : ",",
                        p.partition, p.base, p.count);
    count += p.count;
  }
  return {200, "application/json",
          fmt::format(R"({{"count":{},"produced":[{}]}})", count, list) + "\n"};
}

}  // namespace

ProduceRequest::ProduceRequest(stream::Access& streams, WorkThread& work, std::string stream,
                               const ProduceParameters& parameters, net::Reply&& reply)
    : streams_(streams),
      work_(work),
      stream_(std::move(stream)),
      parameters_(parameters),
      reply_(std::move(reply)),
      lines_(SystemClock{}.now(), builder_, parameters.first_line, kMaxRequestEvents) {}

void ProduceRequest::read(std::shared_ptr<net::RequestBody> body) {
  body_ = std::move(body);
  next();
}

void ProduceRequest::next() {
  body_->read(work_.answer<std::string>(
      [self = shared_from_this()](Result<std::string> piece) { self->take(std::move(piece)); }));
}

void ProduceRequest::take(Result<std::string>&& piece) {
  if (!piece) return reply_(net::error_response(piece.error()));
  const auto good = piece->empty() ? lines_.finish() : lines_.add(*piece);
  if (!good) return reply_(net::error_response(good.error()));
  if (!piece->empty()) return next();
  append();
}

void ProduceRequest::append() {
  if (builder_.empty())
    return reply_(net::error_response({ErrorKind::invalid, "E5003", "no events in the body"}));
  streams_.produce(stream_, builder_.finish(), parameters_.partition,
                   [self = shared_from_this()](Result<std::vector<stream::Produced>> produced) {
                     self->reply_(produced ? produced_response(*produced)
                                           : net::error_response(produced.error()));
                   });
}

}  // namespace pelton::http
