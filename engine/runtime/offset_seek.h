// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/answer.h"
#include "engine/http/admin/operations.h"
#include "engine/runtime/shard.h"

namespace pelton::runtime {

// `pelton offsets seek`: where to, then partition by partition. Partitions that another engine of
// the group has, or whose leaders do not answer, are skipped and named. Any thread; answered on the
// shard. invalid (E5001): the partition that was asked for is not in the stream; unavailable: the
// binding does not run at the moment (E5040), the brokers do not answer, or a partition moved
// meanwhile.
void seek_offsets(Shard& shard, const http::SeekRequest& request, Answer<http::SeekOutcome> answer);

}  // namespace pelton::runtime
