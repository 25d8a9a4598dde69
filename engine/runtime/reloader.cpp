// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/reloader.h"

#include "engine/config/config_text.h"
#include "engine/observe/log.h"
#include "engine/runtime/kinds.h"

#include <algorithm>
#include <utility>

namespace pelton::runtime {
namespace {

// Why nothing was applied, in one line.
std::string reason_of(const config::Review& review) {
  if (review.outcome == "invalid") {
    const auto first =
        std::ranges::find(review.problems, config::Severity::error, &config::Diagnostic::severity);
    return first == review.problems.end() ? "the file is invalid" : first->text();
  }
  if (review.outcome == "refused")
    return review.plan.refusals.front().code + ": " + review.plan.refusals.front().message;
  return review.error;
}

bool succeeded(const config::Review& review) {
  return review.outcome == "applied" || review.outcome == "unchanged";
}

}  // namespace

Reloader::Reloader(Setup setup, config::Config config)
    : setup_(std::move(setup)),
      listeners_({setup_.assembly.shard, *setup_.assembly.notices, *setup_.assembly.durable_routes,
                  setup_.assembly.streams}),
      switchover_({setup_.assembly, bindings_, sources_, listeners_, ending_, thread_.stopping()}),
      current_(std::make_shared<const config::Config>(std::move(config))) {
  status_.generation = 1;
  status_.loaded = setup_.clock.now();
}

void Reloader::start() {
  switchover_.begin_sources(*current());
  thread_.start();
  planning_.start();
}

void Reloader::finish(std::function<void()> then) {
  ending_ = true;
  thread_.run([then = std::move(then)] { then(); });
}

std::shared_ptr<const config::Config> Reloader::current() const {
  std::lock_guard lock(mutex_);
  return current_;
}

observe::ConfigStatus Reloader::status() const {
  std::lock_guard lock(mutex_);
  return status_;
}

void Reloader::stop() {
  ending_ = true;
  thread_.stop();
  planning_.stop();
}

void Reloader::plan(std::vector<std::filesystem::path> files, Answer answer) {
  planning_.run([this, files = std::move(files), answer = std::move(answer)]() mutable {
    std::optional<config::Config> loaded;
    answer(compare(files.empty() ? current()->files : files, loaded));
  });
}

void Reloader::reload(Answer answer) {
  {
    std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(answer));
    if (waiting_.size() > 1) return;
  }
  thread_.run([this] {
    std::vector<Answer> answers;
    {
      std::lock_guard lock(mutex_);
      answers.swap(waiting_);
    }
    const config::Review review = reload_now();
    note(review);
    for (Answer& each : answers) each(review);
  });
}

config::Review Reloader::compare(const std::vector<std::filesystem::path>& files,
                                 std::optional<config::Config>& loaded) const {
  const std::string names = config::shown_names(files);
  if (std::ranges::find(files, config::kStandardInput) != files.end())
    return config::review(names, {}, config::not_read_again());
  config::Loaded read = setup_.load(files);
  loaded = std::move(read.config);
  if (!loaded) return {"invalid", names, std::move(read.problems), {}, {}};
  return config::review(names, std::move(read.problems),
                        config::plan(*current(), *loaded, kinds(setup_.assembly.connectors)));
}

config::Review Reloader::reload_now() {
  const auto stopping = [this] {
    config::Review review;
    review.outcome = "failed";
    review.file = config::shown_names(current()->files);
    review.error = "the engine is stopping";
    return review;
  };
  if (ending_) return stopping();
  std::optional<config::Config> loaded;
  config::Review review = compare(current()->files, loaded);
  if (ending_) return stopping();
  if (review.outcome == "changes" || review.outcome == "unchanged") {
    apply(std::move(*loaded), review);
  }
  return review;
}

void Reloader::apply(config::Config&& loaded, config::Review& review) {
  const auto before = current();
  const auto after = std::make_shared<const config::Config>(std::move(loaded));
  bool broken = false;
  const Changeover change = changeover(*before, *after, review.plan);
  const auto deadline = std::chrono::steady_clock::now() + before->engine.shutdown_timeout;
  Status done;
  if (review.outcome == "changes")
    done = switchover_.change(*before, *after, change, deadline, broken);
  if (!done) {
    review.outcome = "failed";
    review.error = done.error().text();
    if (broken) setup_.broken(done.error());
    return;
  }
  setup_.apply(after->engine);
  if (review.outcome == "changes") review.outcome = "applied";
  std::lock_guard lock(mutex_);
  current_ = after;
}

void Reloader::note(const config::Review& review) {
  const std::string why = succeeded(review) ? "" : reason_of(review);
  if (!why.empty())
    observe::log::error("the config was not reloaded; the engine continues with the old one",
                        {{"config", review.file}, {"error", why}});
  else
    observe::log::info(review.outcome == "applied" ? "the config was reloaded"
                                                   : "the config was reloaded: no changes",
                       {{"config", review.file}, {"changes", review.plan.changes.size()}});
  std::lock_guard lock(mutex_);
  status_.last_error = why;
  if (!why.empty()) {
    ++status_.reloads_failed;
    return;
  }
  ++status_.reloads_ok;
  status_.last_success = setup_.clock.now();
  if (review.outcome != "applied") return;
  ++status_.generation;
  status_.loaded = *status_.last_success;
}

}  // namespace pelton::runtime
