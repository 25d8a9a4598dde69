// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/kafka/client/handles.h"

// How a client that is a member of a group ends. For the .cpp files of this folder only.
namespace pelton::kafka {

// What arrives in the queue does not wake its loop any more. Before the loop can go.
void wake_no_more(rd_kafka_queue_t& queue);

// Leaves the group (a static member stays in it), unless that is what the client is doing already,
// and destroys the client. Blocks until the coordinator has answered, for six seconds at most:
// nobody else uses the client, and its queues wake nobody.
void end_member(rd_kafka_t* client, Queue queue, bool closing);

}  // namespace pelton::kafka
