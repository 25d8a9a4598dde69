// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/result_follower.h"

#include "engine/observe/log.h"

#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <utility>

namespace pelton::runtime {
namespace {

// How exactly deadlines are kept.
constexpr std::chrono::milliseconds kDeadlines{20};
constexpr std::chrono::seconds kAgain{1};

void tell_results(http::KeptCalls& kept, const model::PlacedBatch& placed, Offset from) {
  for (std::size_t i = 0; i < placed.batch->size(); ++i) {
    const Offset offset = placed.base + placed.batch->delta(i);
    if (offset >= from) kept.result(*placed.batch, i, offset);
  }
}

// Those that are under way.
void tell_calls(http::KeptCalls& kept, const model::PlacedBatch& placed,
                const model::Progress& progress) {
  for (std::size_t i = 0; i < placed.batch->size(); ++i) {
    const Offset offset = placed.base + placed.batch->delta(i);
    const bool settled =
        offset < progress.settled ||
        std::ranges::any_of(progress.completed, [offset](const OffsetRange& range) {
          return range.begin <= offset && offset < range.end;
        });
    if (!settled) kept.restore(*placed.batch, i);
  }
}

stream::ReadRequest page_from(Offset offset) {
  stream::ReadRequest request;
  request.from = {stream::ReadRequest::From::Kind::offset, offset, {}};
  return request;
}

}  // namespace

ResultFollower::ResultFollower(Setup setup)
    : setup_(std::move(setup)),
      mailbox_(setup_.mailbox),
      timer_(setup_.io),
      next_(setup_.settled.settled) {}

ResultFollower::~ResultFollower() {
  setup_.appends.remove(*this);
}

void ResultFollower::start() {
  setup_.appends.add(*this);
  setup_.kept->on_waiting([to = mailbox_.sender(), this] { to.post([this] { look(); }); });
  look();
  read();
}

void ResultFollower::appended(const model::PlacedBatch& placed) {
  end_ = placed.base + placed.batch->span();
  if (stage_ == Stage::live && !reading_ && placed.base == next_) {
    tell_results(*setup_.kept, placed, next_);
    next_ = end_;
  } else {
    read();
  }
}

void ResultFollower::end_moved(PartitionId, Offset end) {
  end_ = std::max(end_, end);
  read();
}

void ResultFollower::read() {
  if (reading_ || (stage_ == Stage::live && next_ >= end_)) return;
  reading_ = true;
  const bool calls = stage_ == Stage::calls;
  setup_.reading.run([kept = setup_.kept, from = next_, calls,
                      reader = calls ? setup_.read_calls : setup_.read_results,
                      settled = setup_.settled, to = mailbox_.sender(), this] {
    reader->read(page_from(from), [&](Result<stream::ReadAnswer> read) {
      Result<Page> page = std::unexpected(read ? Error{} : read.error());
      if (read) {
        page = Page{read->next, read->at_end};
        for (const model::PlacedBatch& placed : read->batches)
          calls ? tell_calls(*kept, placed, settled) : tell_results(*kept, placed, from);
      }
      to.post([this, page = std::move(page)] { took(page); });
    });
  });
}

void ResultFollower::took(const Result<Page>& page) {
  if (!page) {
    observe::log::warn("results of durable calls cannot be read", {{"error", page.error().text()}});
    setup_.reading.run_after(kAgain, [to = mailbox_.sender(), this] {
      to.post([this] {
        reading_ = false;
        read();
      });
    });
    return;
  }
  reading_ = false;
  next_ = page->next;
  if (page->at_end && stage_ == Stage::calls) {
    stage_ = Stage::results;
    next_ = 0;
  } else if (page->at_end && stage_ == Stage::results) {
    stage_ = Stage::live;
    setup_.kept->loaded();
  }
  read();
}

void ResultFollower::look() {
  if (std::exchange(looking_, true)) return;
  timer_.after(kDeadlines, [this] {
    looking_ = false;
    if (setup_.kept->look(std::chrono::steady_clock::now())) look();
  });
}

}  // namespace pelton::runtime
