// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/dispatch/dispatcher_fixture.h"

#include "engine/model/batch_builder.h"
#include "engine/model/histories.h"
#include "engine/model/offset_ranges.h"

#include <algorithm>
#include <sstream>
#include <utility>

namespace pelton::dispatch {

model::BatchPtr batch_of(std::string_view words) {
  model::BatchBuilder builder;
  std::istringstream in{std::string(words)};
  std::string word;
  for (std::size_t i = 0; in >> word; ++i) {
    const std::size_t colon = word.find(':');
    const std::string key = word.substr(0, colon);
    const std::string data =
        colon == std::string::npos ? key + std::to_string(i) : word.substr(colon + 1);
    model::EventView event;
    event.has_key = key != "-";
    if (event.has_key) event.key = key;
    event.data = data;
    event.time_us = 1'000'000 + static_cast<std::int64_t>(i);
    builder.add(event);
  }
  return builder.finish();
}

DispatcherTest::DispatcherTest() {
  options.id = BindingId{3};
  options.binding = "bill";
  options.function = "charge";
  options.stream_id = StreamId{1};
  options.stream = "orders";
  options.delivery.batch = {1000, 1U << 30, Duration{0}};
  options.delivery.retry.attempts = 3;
  options.delivery.retry.first = std::chrono::seconds(1);
  options.delivery.retry.max = std::chrono::minutes(5);
  options.delivery.retry.jitter = 0;
  options.delivery.breaker.failures = 0;
}

Dispatcher& DispatcherTest::dispatcher() {
  if (dispatcher_) return *dispatcher_;
  dispatcher_ = std::make_unique<Dispatcher>(options);
  for (const auto& keys : keys_) dispatcher_->restore(keys, now);
  for (std::uint32_t p = 0; p < partitions; ++p) {
    model::Restored restored;
    restored.progress = cursors_[p];
    for (const auto& [place, state] : retries_)
      if (place.first == p)
        restored.retries.push_back(
            {options.id, {options.stream_id, PartitionId{p}}, place.second, state});
    dispatcher_->assign(PartitionId{p}, restored);
  }
  return *dispatcher_;
}

void DispatcherTest::restart() {
  dispatcher_.reset();
  pending_.clear();
  for (const auto& [p, placed] : stream_)
    for (const auto& batch : placed) {
      dispatcher().offer(PartitionId{p}, batch.base, batch.batch, now, commits_);
      take_commits();
    }
}

void DispatcherTest::offer(std::string_view words, std::uint32_t partition) {
  offer_batch(batch_of(words), partition);
}

void DispatcherTest::offer_batch(const model::BatchPtr& batch, std::uint32_t partition) {
  const Offset base = end_[partition];
  end_[partition] += batch->span();
  stream_[partition].push_back({{options.stream_id, PartitionId{partition}}, base, batch});
  dispatcher().offer(PartitionId{partition}, base, batch, now, commits_);
  take_commits();
}

std::string DispatcherTest::pull(std::uint64_t worker) {
  auto frame = dispatcher().pull(WorkerId{worker}, limits, now, commits_);
  take_commits();
  if (!frame) return "";
  frame_ = std::move(*frame);
  given_[worker].push_back({frame_.id, frame_.batch->size()});
  return text(frame_);
}

std::string DispatcherTest::text(const model::Frame& frame) {
  std::string text;
  for (std::size_t i = 0; i < frame.batch->size(); ++i)
    text += fmt::format("{}{}{}", text.empty() ? "" : " ",
                        frame.batch->has_key(i) ? frame.batch->key(i) : "-",
                        frame.base + frame.batch->delta(i));
  return text;
}

model::FrameResult DispatcherTest::all_done(const model::Frame& frame) {
  model::FrameResult result;
  result.count = static_cast<std::uint32_t>(frame.batch->size());
  return result;
}

model::FrameResult DispatcherTest::outputs(const model::Frame& frame, std::string_view words,
                                           std::vector<std::uint32_t> parents) {
  model::FrameResult result = all_done(frame);
  result.outputs = batch_of(words);
  result.output_parents = std::move(parents);
  return result;
}

void DispatcherTest::finish(model::FrameResult result, std::optional<model::Frame> of,
                            std::uint64_t worker) {
  const FrameId id = of ? of->id : frame_.id;
  for (Given& given : given_[worker])
    if (given.frame == id) given.unanswered -= result.count;
  std::erase_if(given_[worker], [](const Given& given) { return given.unanswered == 0; });
  auto taken = dispatcher().finished(WorkerId{worker}, id, std::move(result), now, commits_);
  EXPECT_TRUE(taken) << taken.error().message;
  take_commits();
}

void DispatcherTest::done(std::optional<model::Frame> of, std::uint64_t worker) {
  finish(all_done(of ? *of : frame_), of, worker);
}

void DispatcherTest::fail(std::vector<std::uint32_t> indices, model::OutcomeCode code) {
  model::FrameResult result = all_done(frame_);
  for (const std::uint32_t i : indices)
    result.not_done.push_back({i, code, "ValueError", "no", "", std::nullopt, true});
  finish(std::move(result));
}

void DispatcherTest::answer(std::string_view outcomes) {
  model::FrameResult result;
  result.count = static_cast<std::uint32_t>(outcomes.size());
  for (std::uint32_t i = 0; i < result.count; ++i) {
    const char c = outcomes[i];
    if (c == 'd') continue;
    const model::OutcomeCode code = c == 'f'   ? model::OutcomeCode::fail
                                    : c == 's' ? model::OutcomeCode::skipped
                                               : model::OutcomeCode::retry;
    result.not_done.push_back({i, code, "ValueError", "no", "", std::nullopt, c != 'i'});
  }
  finish(std::move(result));
}

Status DispatcherTest::refuse(model::FrameResult result) {
  const std::size_t before = commits_.size();
  auto taken = dispatcher().finished(WorkerId{1}, frame_.id, std::move(result), now, commits_);
  EXPECT_EQ(commits_.size(), before);
  return taken;
}

void DispatcherTest::lose(std::uint64_t worker,
                          std::optional<std::pair<FrameId, std::uint32_t>> blame,
                          std::string cause) {
  model::WorkerLoss loss = loss_of(worker);
  loss.cause = std::move(cause);
  if (blame) {
    loss.frame = blame->first;
    loss.index = blame->second;
  } else if (!given_[worker].empty()) {
    loss.frame = given_[worker].front().frame;
  }
  lose(worker, loss);
}

void DispatcherTest::lose_at(std::uint64_t worker, std::optional<FrameId> frame) {
  model::WorkerLoss loss = loss_of(worker);
  loss.frame = frame;
  lose(worker, loss);
}

model::WorkerLoss DispatcherTest::loss_of(std::uint64_t worker) const {
  model::WorkerLoss loss;
  loss.worker = fmt::format("charge-{}", worker);
  loss.cause = "crash";
  loss.type = "signal 9";
  return loss;
}

void DispatcherTest::lose(std::uint64_t worker, const model::WorkerLoss& loss) {
  given_.erase(worker);
  dispatcher().worker_lost(WorkerId{worker}, loss, now, commits_);
  take_commits();
}

void DispatcherTest::give_back(const model::Frame& frame, std::uint32_t first) {
  dispatcher().give_back(WorkerId{1}, frame.id, first, now, commits_);
  take_commits();
}

void DispatcherTest::pass(Duration time) {
  now += time;
  dispatcher().on_timer(now, commits_);
  take_commits();
}

bool DispatcherTest::replay(const model::DeadLetter& letter) {
  return dispatcher().replay(letter, now);
}

void DispatcherTest::release_commits() {
  held_ = false;
  take_commits();
}

void DispatcherTest::take_commits() {
  for (Commit& commit : std::exchange(commits_, {})) pending_.push_back(std::move(commit));
  if (held_) return;
  for (const Commit& commit : std::exchange(pending_, {})) {
    write(commit.transaction);
    dispatcher().committed(commit.token);
  }
}

void DispatcherTest::write(const model::Transaction& transaction) {
  for (const auto& update : transaction.progress) {
    model::Progress& stored = cursors_[update.at.partition.value];
    model::OffsetRanges settled(stored);
    model::apply(update, settled);
    stored = settled.stored();
  }
  auto letters = transaction.dead_letters;
  for (const auto& update : transaction.retries) {
    const auto place = std::pair(update.at.partition.value, update.offset);
    if (update.state) {
      model::apply(update, retries_[place]);
      continue;
    }
    const auto of_letter = [&](const model::DeadLetter& letter) {
      return letter.id.partition == update.at.partition && letter.id.offset == update.offset;
    };
    const auto letter = std::ranges::find_if(letters, of_letter);
    if (update.appends) prepend_history(*letter, retries_[place]);
    retries_.erase(place);
  }
  letters_.insert(letters_.end(), letters.begin(), letters.end());
  for (const auto& id : transaction.dead_letters_removed)
    std::erase_if(letters_, [&](const auto& letter) { return letter.id == id; });
  for (const auto& keys : transaction.idempotency) keys_.push_back(keys);
  written_.push_back(transaction);
}

std::string DispatcherTest::cursor(std::uint32_t partition) const {
  const auto found = cursors_.find(partition);
  if (found == cursors_.end()) return "none";
  std::string text = std::to_string(found->second.settled);
  for (const auto& range : found->second.completed)
    text += fmt::format(" {}-{}", range.begin, range.end);
  return text;
}

std::vector<std::string> DispatcherTest::letters() const {
  std::vector<std::string> texts;
  for (const auto& letter : letters_)
    texts.push_back(
        fmt::format("{}/{} {}", letter.id.partition.value, letter.id.offset, letter.reason));
  return texts;
}

std::string DispatcherTest::stored_outputs(std::uint32_t partition) const {
  std::string text;
  for (const auto& transaction : written_)
    for (const auto& append : transaction.appends)
      for (std::size_t i = 0; append.to.partition.value == partition && i < append.batch->size();
           ++i)
        text += fmt::format("{}{}", text.empty() ? "" : " ", append.batch->data(i));
  return text;
}

}  // namespace pelton::dispatch
