// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/letter_log.h"

#include "engine/base/utf8.h"
#include "engine/http/admin/letter_json.h"
#include "engine/observe/log.h"

namespace pelton::runtime {
namespace {

constexpr std::size_t kShownError = 300;

std::string last_error(const model::RetryState& retry) {
  if (retry.history.empty()) return {};
  const model::Attempt& last = retry.history.back();
  const std::string text = last.type.empty() || last.message.empty()
                               ? last.type + last.message
                               : last.type + ": " + last.message;
  return to_utf8(std::string_view(text).substr(0, kShownError));
}

}  // namespace

void tell_dead_letters(const model::Transaction& transaction) {
  for (const model::DeadLetter& letter : transaction.dead_letters)
    observe::log::warn("an event became a dead letter",
                       {{"binding", letter.binding},
                        {"id", http::dead_letter_text(letter.binding, letter.id)},
                        {"stream", letter.stream},
                        {"reason", letter.reason},
                        {"attempts", letter.retry.attempts},
                        {"error", last_error(letter.retry)}});
}

}  // namespace pelton::runtime
