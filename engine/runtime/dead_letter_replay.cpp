// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/dead_letter_replay.h"

#include <memory>
#include <optional>
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

// Letters whose events are being decoded. Shared by the answers that are still to come.
struct Replaying {
  Shard& shard;
  std::vector<model::DeadLetter> letters;
  Answer<ReplayCount> answer;
  std::size_t open = 0;
  std::optional<Error> error;
};

void decoded(const std::shared_ptr<Replaying>& replaying) {
  if (--replaying->open > 0) return;
  if (replaying->error) return replaying->answer(std::unexpected(*replaying->error));
  replaying->answer(give(replaying->shard, replaying->letters));
}

void begin_decoding(const std::shared_ptr<Replaying>& replaying) {
  replaying->open = 1;  // this call
  for (model::DeadLetter& letter : replaying->letters) {
    const BindingRunner* const runner = replaying->shard.find_binding(letter.binding);
    if (runner == nullptr || !runner->setup().decode) continue;
    ++replaying->open;
    runner->setup().decode(letter.event, [replaying, &letter](Result<model::BatchPtr> event) {
      if (event)
        letter.event = std::move(*event);
      else
        replaying->error = std::move(event.error());
      decoded(replaying);
    });
  }
  decoded(replaying);
}

}  // namespace

void replay_letters(Shard& shard, std::vector<model::DeadLetter> letters,
                    Answer<ReplayCount> answer) {
  // Shared: see Replaying.
  auto replaying =
      std::make_shared<Replaying>(Replaying{shard, std::move(letters), std::move(answer), 0, {}});
  shard.post([replaying = std::move(replaying)] { begin_decoding(replaying); });
}

}  // namespace pelton::runtime
