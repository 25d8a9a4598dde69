// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/records.h"

#include <map>
#include <string_view>
#include <tuple>

// An event's history is in the store; memory keeps next to nothing of it. So a dead letter leaves
// the dispatcher with its last attempt only, and the earlier ones are added where it is written.
namespace pelton::model {

inline constexpr std::string_view kTimeout = "timeout";  // cause of an attempt

// What stays in memory between attempts: of the last one, enough for the status; of an earlier
// time-out, that there was one.
void forget_history(RetryState& state);
// What was stored of the letter's event comes before what the letter has.
void prepend_history(DeadLetter& letter, RetryState stored);

// Of a transaction's dead letters, those with stored attempts, and where these are.
using StoredHistories = std::map<std::tuple<BindingId, PartitionId, Offset>, StreamPartition>;
StoredHistories stored_histories(const Transaction& transaction);
// Null: the letter is whole.
const StreamPartition* find(const StoredHistories& histories, const DeadLetterId& letter);

}  // namespace pelton::model
