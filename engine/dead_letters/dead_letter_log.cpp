// SPDX-License-Identifier: Apache-2.0
#include "engine/dead_letters/dead_letter_log.h"

#include "engine/base/units.h"
#include "engine/base/utf8.h"
#include "engine/model/dead_letter_text.h"
#include "engine/observe/log.h"

namespace pelton::dead_letters {
namespace {

constexpr std::size_t kShownError = 300;

std::string last_error(const model::RetryState& retry) {
  if (retry.history.empty()) return {};
  const model::Attempt& last = retry.history.back();
  const std::string text = last.type.empty() || last.message.empty()
                               ? last.type + last.message
                               : last.type + ": " + last.message;
  return shortened(text, kShownError);
}

void tell_attempts(const std::string& binding, const model::Transaction& transaction) {
  for (const auto& update : transaction.retries) {
    if (!update.state || update.state->history.empty()) continue;
    const model::Attempt& last = update.state->history.back();
    observe::log::debug("an attempt failed", {{"binding", binding},
                                              {"partition", update.at.partition.value},
                                              {"offset", update.offset},
                                              {"attempt", last.number},
                                              {"worker", last.worker},
                                              {"cause", last.cause},
                                              {"error", last_error(*update.state)},
                                              {"next", format_time(update.state->next)}});
  }
}

}  // namespace

void tell_failures(const std::string& binding, const model::Transaction& transaction) {
  tell_attempts(binding, transaction);
  for (const model::DeadLetter& letter : transaction.dead_letters)
    observe::log::warn("an event became a dead letter",
                       {{"binding", letter.binding},
                        {"id", model::dead_letter_text(letter.binding, letter.id)},
                        {"stream", letter.stream},
                        {"reason", letter.reason},
                        {"attempts", letter.retry.attempts},
                        {"error", last_error(letter.retry)}});
}

}  // namespace pelton::dead_letters
