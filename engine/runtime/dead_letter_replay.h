// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/dead_letters/access.h"
#include "engine/runtime/shard.h"

#include <vector>

namespace pelton::runtime {

// Gives dead letters to the dispatchers of their bindings. overloaded (E5010): one of these has as
// many as may be; unavailable (E6164): one cannot be decoded without its schema registry, which is
// away. No letter was given then. Any thread; answered on the shard.
void replay_letters(Shard& shard, std::vector<model::DeadLetter> letters,
                    Answer<dead_letters::ReplayCount> answer);

}  // namespace pelton::runtime
