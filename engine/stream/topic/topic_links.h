// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/kafka/consume/consumer.h"
#include "engine/stream/input.h"

namespace pelton::stream {

// What the parts of a topic's input talk to, known from Input::open() on.
struct TopicLinks {
  Input::Listener* listener = nullptr;
  kafka::Consumer* consumer = nullptr;
};

}  // namespace pelton::stream
