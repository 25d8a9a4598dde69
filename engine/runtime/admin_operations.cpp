// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/admin_operations.h"

#include "engine/observe/log.h"
#include "engine/runtime/offset_seek.h"
#include "engine/runtime/operator_pause.h"

#include <utility>

namespace pelton::runtime {
namespace {

http::ConfigReview review_of(const config::Review& review) {
  using Outcome = http::ConfigReview::Outcome;
  const Outcome outcome = review.outcome == "invalid"   ? Outcome::invalid
                          : review.outcome == "refused" ? Outcome::refused
                          : review.outcome == "failed"  ? Outcome::failed
                                                        : Outcome::fine;
  return {outcome, config::to_json(review)};
}

}  // namespace

void AdminOperations::status(Answer<observe::StatusReport> answer) {
  shard_.post([this, answer = std::move(answer)]() mutable {
    observe::StatusReport report;
    report_(report);
    answer(std::move(report));
  });
}

void AdminOperations::seek(const http::SeekRequest& request, Answer<http::SeekOutcome> answer) {
  auto binding = dead_letters::find_binding(reloader_.bindings(), request.binding);
  if (!binding) return answer(std::unexpected(binding.error()));
  seek_offsets(shard_, request, std::move(answer));
}

void AdminOperations::restart(const std::string& function, Answer<std::uint64_t> answer) {
  shard_.post([this, function, answer = std::move(answer)]() mutable {
    FunctionRunner* const runner = shard_.find_function(function);
    if (runner == nullptr)
      return answer(fail(ErrorKind::invalid, "E5001", "no function named \"{}\"", function));
    observe::log::info("starting new workers", {{"function", function}});
    runner->renew([answer = std::move(answer)](Result<std::size_t> ended) mutable {
      answer(std::move(ended));
    });
  });
}

// Remembered first: a binding that a reload is about to start reads it then.
void AdminOperations::pause(const std::string& name, bool on, Answer<void> answer) {
  auto binding = dead_letters::find_binding(reloader_.bindings(), name);
  if (!binding) return answer(std::unexpected(binding.error()));
  if (auto ok = remember_pause(store_, name, on); !ok) return answer(std::move(ok));
  shard_.post([this, name, on, answer = std::move(answer)]() mutable {
    if (BindingRunner* const runner = shard_.find_binding(name)) runner->hold(Hold::paused, on);
    observe::log::info(on ? "binding paused by an operator" : "binding resumed by an operator",
                       {{"binding", name}});
    answer({});
  });
}

void AdminOperations::forget(Kept what, const std::string& name, Answer<http::Forgotten> answer) {
  using http::Forgotten;
  Status done = what == Kept::stream ? store_.forget_stream(name) : store_.forget_binding(name);
  // What is stored of a sink has a name of its own, which nobody outside needs to know.
  if (what == Kept::binding && !done && done.error().code == "E4109")
    if (Status sink = store_.forget_binding(stored_sink_name(name));
        sink || sink.error().code != "E4109")
      done = std::move(sink);
  if (!done) return answer(std::unexpected(done.error()));
  const bool configured =
      what == Kept::binding && dead_letters::find_binding(reloader_.bindings(), name).has_value();
  if (what == Kept::binding && !configured)
    if (Status resumed = remember_pause(store_, name, false); !resumed)
      return answer(std::unexpected(resumed.error()));
  answer(configured ? Forgotten::progress_elsewhere : Forgotten::everything);
}

void AdminOperations::plan(const std::vector<std::string>& files,
                           Answer<http::ConfigReview> answer) {
  reloader_.plan({files.begin(), files.end()},
                 [answer = std::move(answer)](const config::Review& review) mutable {
                   answer(review_of(review));
                 });
}

void AdminOperations::reload(Answer<http::ConfigReview> answer) {
  reloader_.reload([answer = std::move(answer)](const config::Review& review) mutable {
    answer(review_of(review));
  });
}

}  // namespace pelton::runtime
