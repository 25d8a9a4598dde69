// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/http/fake_backend.h"

#include "engine/model/batch_builder.h"
#include "engine/model/dead_letter_text.h"

#include <algorithm>

namespace pelton::http {
namespace {

model::BatchPtr one(const model::EventView& event) {
  model::BatchBuilder builder;
  builder.add(event);
  return builder.finish();
}

std::string id_of(const model::DeadLetter& letter) {
  return model::dead_letter_text(letter.binding, letter.id);
}

Offset resolve(const stream::ReadRequest::From& from, Offset end) {
  using Kind = stream::ReadRequest::From::Kind;
  if (from.kind == Kind::latest) return end;
  return from.kind == Kind::offset ? std::min(from.offset, end) : 0;
}

}  // namespace

void FakeBackend::stream(const std::string& name, std::uint32_t partitions) {
  streams_[name].resize(partitions);
}

void FakeBackend::append(const std::string& name, std::uint32_t partition,
                         const std::vector<std::string>& data) {
  std::lock_guard lock(mutex_);
  for (const std::string& text : data) {
    model::EventView event;
    event.data = text;
    streams_.at(name)[partition].push_back(one(event));
  }
}

void FakeBackend::letter(Offset offset, const std::string& error, const std::string& key) {
  model::DeadLetter letter;
  letter.id = {BindingId{1}, PartitionId{0}, offset};
  letter.binding = "job";
  letter.stream = "input";
  letter.function = "work";
  letter.reason = "attempts";
  letter.retry.attempts = 3;
  letter.retry.history.push_back({3, {}, "error", "ValueError", error, "line 1\nline 2", "w1"});
  model::EventView event;
  event.key = key;
  event.has_key = true;
  event.data = R"({"big":12345678901234567890123})";
  event.content_type = "application/json";
  letter.event = one(event);
  letters_.push_back(letter);
}

void FakeBackend::fail_with(std::optional<Error> error) {
  std::lock_guard lock(mutex_);
  error_ = std::move(error);
}

void FakeBackend::fail_appends(Error error, int after, int times) {
  std::lock_guard lock(mutex_);
  append_error_ = std::move(error);
  appends_before_error_ = after;
  append_errors_ = times;
}

void FakeBackend::hold() {
  std::lock_guard lock(mutex_);
  holding_ = true;
}

void FakeBackend::release() {
  std::vector<std::move_only_function<void()>> held;
  {
    std::lock_guard lock(mutex_);
    holding_ = false;
    held.swap(held_);
  }
  for (auto& answer : held) answer();
}

std::size_t FakeBackend::held() {
  std::lock_guard lock(mutex_);
  return held_.size();
}

std::size_t FakeBackend::stored(const std::string& name) {
  std::lock_guard lock(mutex_);
  std::size_t total = 0;
  for (const Partition& partition : streams_.at(name)) total += partition.size();
  return total;
}

template <typename T>
void FakeBackend::reply(Answer<T> answer, Result<T> result) {
  {
    std::lock_guard lock(mutex_);
    if (error_) result = std::unexpected(*error_);
    if (holding_) {
      held_.push_back([answer = std::move(answer), result = std::move(result)]() mutable {
        answer(std::move(result));
      });
      return;
    }
  }
  answer(std::move(result));
}

observe::StatusReport FakeBackend::report() {
  std::lock_guard lock(mutex_);
  observe::StatusReport report;
  report.version = "1.2.3";
  report.state = "running";
  report.ready = true;
  for (const auto& [name, partitions] : streams_) {
    observe::StreamStatus stream;
    stream.name = name;
    for (std::size_t p = 0; p < partitions.size(); ++p)
      stream.partitions.push_back(
          {static_cast<std::uint32_t>(p), 0, static_cast<Offset>(partitions[p].size()), 100});
    report.streams.push_back(stream);
  }
  observe::BindingStatus binding;
  binding.name = "job";
  binding.stream = "input";
  binding.function = "work";
  binding.partitions.push_back({0, 5, 9, 4, 1.5, 1, 2, 3});
  binding.dead_letters = letters_.size();
  binding.parked.push_back({0, 5, "key\x1b[31m", 2, {}, "boom"});
  report.bindings.push_back(binding);
  observe::FunctionStatus function;
  function.name = "work";
  report.functions.push_back(function);
  if (change_report) change_report(report);
  return report;
}

void FakeBackend::status(Answer<observe::StatusReport> answer) {
  reply(std::move(answer), Result<observe::StatusReport>(report()));
}

void FakeBackend::produce(const std::string& stream, model::BatchPtr events,
                          std::optional<std::uint32_t> partition,
                          Answer<std::vector<stream::Produced>> answer) {
  Result<std::vector<stream::Produced>> result;
  {
    std::lock_guard lock(mutex_);
    const auto at = streams_.find(stream);
    if (at == streams_.end()) {
      result = fail(ErrorKind::invalid, "E5001", "no stream named \"{}\"", stream);
    } else if (append_errors_ > 0 && appends_before_error_-- <= 0) {
      --append_errors_;
      result = std::unexpected(append_error_);
    } else if (!error_) {
      Partition& to = at->second.at(partition.value_or(0));
      result->push_back({partition.value_or(0), static_cast<Offset>(to.size()),
                         static_cast<std::uint32_t>(events->size())});
      for (std::size_t i = 0; i < events->size(); ++i) to.push_back(one(events->event(i)));
    }
  }
  reply(std::move(answer), std::move(result));
}

Result<std::shared_ptr<stream::StreamReader>> FakeBackend::reader(const std::string& stream) {
  class Reader final : public stream::StreamReader {
   public:
    Reader(FakeBackend& backend, std::string stream)
        : backend_(backend), stream_(std::move(stream)) {}
    void partitions(Answer<std::uint32_t> answer) override {
      backend_.partitions(stream_, std::move(answer));
    }
    void read(const stream::ReadRequest& request, Answer<stream::ReadAnswer> answer) override {
      backend_.read(stream_, request, std::move(answer));
    }

   private:
    FakeBackend& backend_;
    const std::string stream_;
  };
  return std::make_shared<Reader>(*this, stream);
}

void FakeBackend::partitions(const std::string& stream, Answer<std::uint32_t> answer) {
  Result<std::uint32_t> result;
  {
    std::lock_guard lock(mutex_);
    const auto at = streams_.find(stream);
    if (at == streams_.end())
      result = fail(ErrorKind::invalid, "E5001", "no stream named \"{}\"", stream);
    else
      result = static_cast<std::uint32_t>(at->second.size());
  }
  reply(std::move(answer), std::move(result));
}

void FakeBackend::read(const std::string& stream, const stream::ReadRequest& request,
                       Answer<stream::ReadAnswer> answer) {
  ++reads;
  Result<stream::ReadAnswer> result;
  {
    std::lock_guard lock(mutex_);
    const auto at = streams_.find(stream);
    if (at == streams_.end() || request.partition >= at->second.size()) {
      result = fail(ErrorKind::invalid, "E5001", "no such stream or partition");
    } else {
      const Partition& from = at->second[request.partition];
      result->end = static_cast<Offset>(from.size());
      result->from = resolve(request.from, result->end);
      result->next = result->from;
      std::size_t bytes = 0;
      for (Offset offset = result->from; offset < result->end && bytes < request.max_bytes;
           ++offset) {
        const auto& batch = from[static_cast<std::size_t>(offset)];
        result->batches.push_back({{StreamId{1}, PartitionId{request.partition}}, offset, batch});
        bytes += batch->bytes().size();
        result->next = offset + 1;
      }
      result->at_end = result->next >= result->end;
    }
  }
  reply(std::move(answer), std::move(result));
}

void FakeBackend::dead_letters(const dead_letters::Query& query,
                               Answer<dead_letters::Page> answer) {
  dead_letters::Page page;
  {
    std::lock_guard lock(mutex_);
    bool reached = !query.after;
    for (const model::DeadLetter& letter : letters_) {
      const bool fits =
          letter.retry.history.back().message.find(query.contains) != std::string::npos;
      if (reached && fits && page.letters.size() < query.limit) page.letters.push_back(letter);
      reached = reached || id_of(letter) == *query.after;
    }
  }
  page.more = page.letters.size() >= query.limit;
  reply(std::move(answer), Result<dead_letters::Page>(std::move(page)));
}

void FakeBackend::find_dead_letters(const std::vector<std::string>& ids,
                                    Answer<std::vector<dead_letters::Brief>> answer) {
  std::vector<dead_letters::Brief> found;
  {
    std::lock_guard lock(mutex_);
    for (const model::DeadLetter& letter : letters_)
      if (std::ranges::find(ids, id_of(letter)) != ids.end())
        found.push_back({id_of(letter), letter.replays});
  }
  reply(std::move(answer), Result<std::vector<dead_letters::Brief>>(std::move(found)));
}

void FakeBackend::dead_letter(const std::string& id, Answer<model::DeadLetter> answer) {
  Result<model::DeadLetter> result = fail(ErrorKind::invalid, "E5001", "no dead letter \"{}\"", id);
  {
    std::lock_guard lock(mutex_);
    for (const model::DeadLetter& letter : letters_)
      if (id_of(letter) == id) result = letter;
  }
  reply(std::move(answer), std::move(result));
}

void FakeBackend::count_dead_letters(const dead_letters::Query&, Answer<std::uint64_t> answer) {
  reply(std::move(answer), Result<std::uint64_t>(letters_.size()));
}

void FakeBackend::replay(const std::vector<std::string>& ids,
                         Answer<dead_letters::ReplayCount> answer) {
  dead_letters::ReplayCount count;
  {
    std::lock_guard lock(mutex_);
    (already_running ? count.running : count.accepted) = ids.size();
    replayed.insert(replayed.end(), ids.begin(), ids.end());
    for (model::DeadLetter& letter : letters_)
      if (replays_fail_again) ++letter.replays;
    if (!replays_fail_again)
      std::erase_if(letters_,
                    [&](const auto& l) { return std::ranges::find(ids, id_of(l)) != ids.end(); });
  }
  reply(std::move(answer), Result<dead_letters::ReplayCount>(count));
}

void FakeBackend::purge(const std::vector<std::string>& ids, Answer<std::uint64_t> answer) {
  {
    std::lock_guard lock(mutex_);
    purged.insert(purged.end(), ids.begin(), ids.end());
  }
  reply(std::move(answer), Result<std::uint64_t>(ids.size()));
}

void FakeBackend::seek(const SeekRequest& request, Answer<SeekOutcome> answer) {
  last_seek = request;
  Result<SeekOutcome> result = seek_outcome;
  if (request.binding != "job")
    result = fail(ErrorKind::invalid, "E5001", "no binding named \"{}\"", request.binding);
  reply(std::move(answer), std::move(result));
}

void FakeBackend::plan(const std::vector<std::string>& files, Answer<ConfigReview> answer) {
  std::string names;
  for (const std::string& file : files) names += (names.empty() ? "" : ", ") + file;
  reply<ConfigReview>(
      std::move(answer),
      ConfigReview{outcome, review.empty() ? "{\"file\":\"" + names + "\"}" : review});
}

void FakeBackend::reload(Answer<ConfigReview> answer) {
  reply<ConfigReview>(std::move(answer),
                      ConfigReview{outcome, review.empty() ? "{\"reloaded\":true}" : review});
}

void FakeBackend::restart(const std::string& function, Answer<std::uint64_t> answer) {
  Result<std::uint64_t> result = 2U;
  if (function != "work")
    result = fail(ErrorKind::invalid, "E5001", "no function named \"{}\"", function);
  reply(std::move(answer), std::move(result));
}

// The function "documents" takes them, "none" is none.
Result<bool> FakeBackend::takes_documents(const std::string& function) {
  if (function == "none") return fail(ErrorKind::invalid, "E5001", "no function named \"none\"");
  return function == "documents";
}

void FakeBackend::call(Call&& call) {
  call.answer(called(call));
}

void FakeBackend::usage(const std::string& since, Answer<std::vector<UsageRow>> answer) {
  std::vector<UsageRow> rows;
  for (const UsageRow& row : used)
    if (row.day >= since) rows.push_back(row);
  reply(std::move(answer), Result<std::vector<UsageRow>>(std::move(rows)));
}

void FakeBackend::pause(const std::string& binding, bool, Answer<void> answer) {
  reply(std::move(answer),
        binding == "job" ? Status{}
                         : fail(ErrorKind::invalid, "E5001", "no binding named \"{}\"", binding));
}

void FakeBackend::forget(Kept what, const std::string& name, Answer<Forgotten> answer) {
  if (what == Kept::binding && name == "job")
    return reply(std::move(answer), Result<Forgotten>(Forgotten::progress_elsewhere));
  const bool known = name == (what == Kept::stream ? "old-stream" : "old-binding");
  reply(std::move(answer),
        known ? Result<Forgotten>(Forgotten::everything)
              : fail(ErrorKind::invalid, "E4109", "nothing is stored under the name {}", name));
}

}  // namespace pelton::http
