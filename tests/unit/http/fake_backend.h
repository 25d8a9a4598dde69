// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/http/admin/router.h"

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace pelton::http {

// An engine in memory: streams of which each event is a batch of its own, dead letters, and what it
// was asked to do. Thread-safe; set up before the server starts.
class FakeBackend final : public stream::Access,
                          public pelton::dead_letters::Access,
                          public Operations,
                          public Metering,
                          public Functions {
 public:
  AdminBackend all() { return {*this, *this, *this, *this, *this}; }
  // A stream with so many partitions.
  void stream(const std::string& name, std::uint32_t partitions);
  // Appends events to a partition; any thread.
  void append(const std::string& name, std::uint32_t partition,
              const std::vector<std::string>& data);
  // A dead letter of "job/0/<offset>".
  void letter(Offset offset, const std::string& error, const std::string& key = "k");
  // From now on every request fails so.
  void fail_with(std::optional<Error> error);
  // So many requests to append succeed, then so many fail so and append nothing.
  void fail_appends(Error error, int after, int times);
  // From now on answers are kept until release() or for ever.
  void hold();
  void release();
  std::size_t held();

  // What seek, replay and purge were asked for.
  SeekRequest last_seek;
  // What seek answers: partition 0 goes back by 5, 1 stays, 2 is another engine's.
  SeekOutcome seek_outcome{{{0, 9, 4}, {1, 2, 2}},
                           {{2, {ErrorKind::unavailable, "E5022", "another engine has it"}}}};
  std::vector<UsageRow> used;  // what usage() answers, from the day that was asked for
  // What functions answer; the call comes with its event.
  std::function<CallAnswer(const Call&)> called;
  std::vector<std::string> replayed;
  std::vector<std::string> purged;
  std::atomic<int> reads = 0;
  bool replays_fail_again = false;
  bool already_running = false;
  ConfigReview::Outcome outcome = ConfigReview::Outcome::fine;  // of plan() and reload()
  std::string review;  // their answer; empty: which of them it was
  // Changes what status() answers; on the thread that asks.
  std::function<void(observe::StatusReport&)> change_report;

  void status(Answer<observe::StatusReport> answer) override;
  void produce(const std::string& stream, model::BatchPtr events,
               std::optional<std::uint32_t> partition,
               Answer<std::vector<stream::Produced>> answer) override;
  Result<std::shared_ptr<stream::StreamReader>> reader(const std::string& stream) override;
  // What its readers answer.
  void partitions(const std::string& stream, Answer<std::uint32_t> answer);
  void read(const std::string& stream, const stream::ReadRequest& request,
            Answer<stream::ReadAnswer> answer);
  void dead_letters(const pelton::dead_letters::Query& query,
                    Answer<pelton::dead_letters::Page> answer) override;
  void dead_letter(const std::string& id, Answer<model::DeadLetter> answer) override;
  void count_dead_letters(const pelton::dead_letters::Query& query,
                          Answer<std::uint64_t> answer) override;
  void find_dead_letters(const std::vector<std::string>& ids,
                         Answer<std::vector<pelton::dead_letters::Brief>> answer) override;
  void replay(const std::vector<std::string>& ids,
              Answer<pelton::dead_letters::ReplayCount> answer) override;
  void purge(const std::vector<std::string>& ids, Answer<std::uint64_t> answer) override;
  void seek(const SeekRequest& request, Answer<SeekOutcome> answer) override;
  void usage(const std::string& since, Answer<std::vector<UsageRow>> answer) override;
  Result<bool> takes_documents(const std::string& function) override;
  void call(Call&& call) override;
  void restart(const std::string& function, Answer<std::uint64_t> answer) override;
  void pause(const std::string& binding, bool on, Answer<void> answer) override;
  void plan(const std::vector<std::string>& files, Answer<ConfigReview> answer) override;
  void reload(Answer<ConfigReview> answer) override;
  void forget(Kept what, const std::string& name, Answer<Forgotten> answer) override;

  std::size_t stored(const std::string& name);

 private:
  using Partition = std::vector<model::BatchPtr>;

  template <typename T>
  void reply(Answer<T> answer, Result<T> result);
  observe::StatusReport report();

  std::mutex mutex_;
  std::map<std::string, std::vector<Partition>> streams_;
  std::vector<model::DeadLetter> letters_;
  std::optional<Error> error_;
  Error append_error_;
  int appends_before_error_ = 0, append_errors_ = 0;
  bool holding_ = false;
  std::vector<std::move_only_function<void()>> held_;
};

}  // namespace pelton::http
