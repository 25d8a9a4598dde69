// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/answer.h"
#include "engine/http/invoke/call.h"

#include <memory>
#include <string>

namespace pelton::http {

// Value. What an operator wants a function to be called with.
struct OperatorCall {
  std::string function;
  // What the body is. natural: of a function for AWS Lambda the document that it receives; of
  // another an event as in NDJSON (ndjson.h). event: such an event in any case, whose data is the
  // document.
  enum class Form { natural, event } form = Form::natural;
  std::string body;
  // After that it is answered as timed out, whatever becomes of it.
  std::chrono::steady_clock::time_point deadline{};
};

// Value. What became of it.
struct OperatorAnswer {
  CallAnswer result;
  bool documents = false;  // the function takes documents: it has a response, not outputs
  std::shared_ptr<const CallRecord> record;  // nobody changes it any more
};
// As docs/admin_api.md describes it: outcome, outputs or response, error, the lines that the
// function wrote for it, what it used. Takes time with large outputs.
std::string to_json(const OperatorAnswer& answer);

// The call of a function, which takes documents or not. E5003: the body is no event. The answer
// comes on the shard; it fails only if the function was not asked: E5062.
Result<Call> make_call(OperatorCall&& wanted, bool documents, WallTime now,
                       Answer<OperatorAnswer> answer);

}  // namespace pelton::http
