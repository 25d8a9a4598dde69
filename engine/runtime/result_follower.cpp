// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/result_follower.h"

#include "engine/model/offset_ranges.h"
#include "engine/observe/log.h"

#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <utility>

namespace pelton::runtime {
namespace {

// How exactly deadlines are kept.
constexpr std::chrono::milliseconds kDeadlines{20};
constexpr std::chrono::seconds kAgain{1};

void tell_result(http::KeptCalls& kept, ResultIndex& index, const model::Batch& results,
                 std::size_t event, Offset offset) {
  const auto key = kept.result(results, event, offset);
  index.add(key, offset, results.data(event).size());
}

// Reads a page of the stream from an offset on, and passes each of its events to `tell`.
template <typename Page>
Result<Page> read_page(stream::StreamReader& reader, Offset from,
                       const std::function<void(const model::Batch&, std::size_t, Offset)>& tell) {
  stream::ReadRequest request;
  request.from = {stream::ReadRequest::From::Kind::offset, from, {}};
  Result<Page> page = Page{};
  // Streams of the engine answer at once.
  reader.read(request, [&](Result<stream::ReadAnswer> read) {
    if (!read) {
      page = std::unexpected(read.error());
      return;
    }
    for (const model::PlacedBatch& placed : read->batches)
      for (std::size_t i = 0; i < placed.batch->size(); ++i)
        tell(*placed.batch, i, placed.base + placed.batch->delta(i));
    page = Page{read->next, read->at_end};
  });
  return page;
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

// One that continues for another knows what is under way.
void ResultFollower::start() {
  setup_.appends.add(*this);
  setup_.kept->on_waiting([to = mailbox_.sender(), this] { to.post([this] { look(); }); });
  if (setup_.kept->is_loaded()) stage_ = Stage::index;
  look();
  work();
}

void ResultFollower::passed_over(OffsetRange calls) {
  passed_over_.push_back(calls);
  work();
}

void ResultFollower::appended(const model::PlacedBatch& placed) {
  end_ = placed.base + placed.batch->span();
  if (stage_ == Stage::live && !working_ && placed.base == next_) {
    for (std::size_t i = 0; i < placed.batch->size(); ++i)
      tell_result(*setup_.kept, *setup_.index, *placed.batch, i,
                  placed.base + placed.batch->delta(i));
    next_ = end_;
  }
  work();
}

void ResultFollower::end_moved(PartitionId, Offset end) {
  end_ = std::max(end_, end);
  work();
}

// ---- on the other thread

void ResultFollower::work() {
  if (working_) return;
  if (setup_.index->due()) return write_index();
  switch (stage_) {
    case Stage::calls:
      return read_calls();
    case Stage::index:
      return load_index();
    case Stage::results:
      return read_results();
    case Stage::live:
      if (next_ < end_) return read_results();
      if (!passed_over_.empty()) pass_over();
  }
}

void ResultFollower::run(std::move_only_function<Result<Page>()> job, Then then) {
  working_ = true;
  setup_.reading.run([job = std::move(job), to = mailbox_.sender(), this, then]() mutable {
    to.post([this, then, page = job()] { did(page, then); });
  });
}

void ResultFollower::did(const Result<Page>& page, Then then) {
  if (!page) {
    observe::log::warn("results of durable calls cannot be read", {{"error", page.error().text()}});
    setup_.reading.run_after(kAgain, [to = mailbox_.sender(), this] {
      to.post([this] {
        working_ = false;
        work();
      });
    });
    return;
  }
  working_ = false;
  (this->*then)(*page);
  work();
}

void ResultFollower::read_calls() {
  run(
      [kept = setup_.kept, reader = setup_.read_calls,
       settled = model::OffsetRanges(setup_.settled), from = next_] {
        return read_page<Page>(*reader, from, [&](const auto& calls, auto event, Offset offset) {
          if (!settled.contains(offset)) kept->restore(calls, event);
        });
      },
      &ResultFollower::have_calls);
}

void ResultFollower::have_calls(const Page& page) {
  next_ = page.next;
  if (page.at_end) stage_ = Stage::index;
}

void ResultFollower::load_index() {
  run(
      [kept = setup_.kept, index = setup_.index]() -> Result<Page> {
        const bool known = kept->is_loaded();
        const auto next = index->load([&](const http::ResultKey& key) {
          if (!known) kept->restore(key);
        });
        if (!next) return std::unexpected(next.error());
        return Page{*next, false};
      },
      &ResultFollower::have_index);
}

void ResultFollower::have_index(const Page& page) {
  next_ = page.next;
  stage_ = Stage::results;
}

void ResultFollower::read_results() {
  run(
      [kept = setup_.kept, index = setup_.index, reader = setup_.read_results, from = next_] {
        return read_page<Page>(*reader, from, [&](const auto& results, auto event, Offset offset) {
          if (offset >= from) tell_result(*kept, *index, results, event, offset);
        });
      },
      &ResultFollower::have_results);
}

void ResultFollower::have_results(const Page& page) {
  next_ = page.next;
  if (!page.at_end || stage_ == Stage::live) return;
  stage_ = Stage::live;
  setup_.kept->loaded();
}

void ResultFollower::pass_over() {
  run(
      [kept = setup_.kept, reader = setup_.read_calls, over = passed_over_.front()] {
        return read_page<Page>(*reader, over.begin,
                               [&](const auto& calls, auto event, Offset offset) {
                                 if (over.begin <= offset && offset < over.end)
                                   kept->passed_over(calls, event);
                               });
      },
      &ResultFollower::have_passed_over);
}

void ResultFollower::have_passed_over(const Page& page) {
  OffsetRange& over = passed_over_.front();
  over.begin = page.next;
  if (page.at_end || over.begin >= over.end) passed_over_.pop_front();
}

void ResultFollower::write_index() {
  run(
      [index = setup_.index]() -> Result<Page> {
        if (auto ok = index->write(); !ok)
          observe::log::warn("a start will read results of durable calls again",
                             {{"error", ok.error().text()}});
        return Page{};
      },
      &ResultFollower::have_nothing);
}

void ResultFollower::look() {
  if (std::exchange(looking_, true)) return;
  timer_.after(kDeadlines, [this] {
    looking_ = false;
    if (setup_.kept->look(std::chrono::steady_clock::now())) look();
  });
}

}  // namespace pelton::runtime
