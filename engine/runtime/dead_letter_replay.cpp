// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/dead_letter_replay.h"

#include <utility>

namespace pelton::runtime {
namespace {

using dead_letters::ReplayCount;

Result<ReplayCount> give(Shard& shard, const std::vector<model::DeadLetter>& letters) {
  for (const model::DeadLetter& letter : letters)
    if (BindingRunner* runner = shard.find_binding(letter.binding);
        runner != nullptr && !runner->dispatcher().replay_room())
      return fail(ErrorKind::overloaded, "E5010",
                  "binding {} is replaying as many dead letters as it may at a time",
                  letter.binding);
  ReplayCount count;
  for (const model::DeadLetter& letter : letters) {
    BindingRunner* const runner = shard.find_binding(letter.binding);
    ++(runner != nullptr && runner->replay(letter) ? count.accepted : count.running);
  }
  return count;
}

}  // namespace

void replay_letters(Shard& shard, std::vector<model::DeadLetter> letters,
                    Answer<ReplayCount> answer) {
  shard.post([&shard, letters = std::move(letters), answer = std::move(answer)]() mutable {
    answer(give(shard, letters));
  });
}

}  // namespace pelton::runtime
