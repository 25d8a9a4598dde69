// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/worker/runtimes/lambda/document.h"

// One event in each of the shapes that AWS's services give their records. See document.h.
namespace pelton::worker::lambda {

// An event and what surrounds it.
struct Source {
  const model::Frame& frame;
  const Account& account;
  WallTime now;

  const model::Batch& batch() const { return *frame.batch; }
  Offset offset(std::uint32_t i) const { return frame.base + batch().delta(i); }
  std::uint32_t attempt(std::uint32_t i) const {
    return frame.attempts.empty() ? 1 : frame.attempts[i];
  }
  WallTime time(std::uint32_t i) const {
    return batch().time_us(i) > 0 ? from_us(batch().time_us(i)) : now;
  }
  // "arn:aws:<service>:<region>:<account>:<resource>"
  std::string arn(std::string_view service, std::string_view resource) const;
};

// A record, and what an answer calls it.
struct Record {
  std::string json;
  std::string name;
};

Result<Record> kafka_record(const Source& from, std::uint32_t i);
Result<Record> sqs_record(const Source& from, std::uint32_t i);
Result<Record> kinesis_record(const Source& from, std::uint32_t i);
// invalid: the data is not a change.
Result<Record> dynamodb_record(const Source& from, std::uint32_t i);
// A whole document.
std::string s3_document(const Source& from, std::uint32_t i);
std::string cloud_event(const Source& from, std::uint32_t i);
// The data as it is if it is JSON, a text as a JSON string. invalid: it is neither, or is said to
// be JSON and is not.
Result<std::string> raw_document(const Source& from, std::uint32_t i);

std::string milliseconds_of(WallTime time);
// The name that only this event has, as a UUID.
std::string uuid_of(std::string_view name);

}  // namespace pelton::worker::lambda
