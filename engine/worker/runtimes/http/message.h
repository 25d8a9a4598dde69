// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/batch.h"
#include "engine/net/message.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pelton::worker::http {

// Value. A request as it goes out.
struct Request {
  std::string head;  // request line and fields, the empty line included
  // The body, or that the data of this event is it, which the batch keeps alive.
  std::string own_body{};
  model::BatchPtr batch{};
  std::uint32_t index = 0;
  // HEAD: the answer has no body, whatever its length says.
  bool no_answer_body = false;
  // May be sent again when its connection turns out to be closed already.
  bool repeatable = true;
  // The request of a client: its response goes back as it is.
  bool passed_on = false;

  std::string_view body() const { return batch ? batch->data(index) : own_body; }
};

// Value. What came back; names of fields in lower case.
struct Answer {
  unsigned status = 200;
  std::vector<net::Field> fields;
  std::string body;

  // The first of that name (lower case); null: none.
  const std::string* field(std::string_view name) const {
    for (const net::Field& one : fields)
      if (one.name == name) return &one.value;
    return nullptr;
  }
};

// The types of errors, which the histories of events show.
inline constexpr const char* kClosed = "ConnectionClosed";
inline constexpr const char* kCutOff = "AnswerCutOff";
inline constexpr const char* kTooLarge = "AnswerTooLarge";
inline constexpr const char* kMalformed = "MalformedAnswer";

// Bounds of an answer.
inline constexpr std::uint32_t kMaxAnswerHead = 64U << 10;
inline constexpr std::uint64_t kMaxAnswerBody = 32U << 20;

}  // namespace pelton::worker::http
