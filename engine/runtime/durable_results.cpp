// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/durable_results.h"

#include "engine/base/utf8.h"
#include "engine/http/invoke/stored_call.h"
#include "engine/model/batch_builder.h"
#include "engine/observe/log.h"

#include <utility>

namespace pelton::runtime {
namespace {

// The first output that names no stream is what the response is made of; nothing: there is none.
std::optional<std::size_t> answer_of(const model::FrameResult& result) {
  if (!result.outputs) return std::nullopt;
  for (std::size_t i = 0; i < result.outputs->size(); ++i)
    if (result.output_streams.empty() || result.output_streams[i] == 0) return i;
  return std::nullopt;
}

model::BatchPtr one_event(const model::BatchPtr& from, std::size_t event) {
  if (from->size() == 1) return from;
  model::BatchBuilder builder;
  builder.add(*from, event);
  return builder.finish();
}

// The client is not shown what is wrong with an answer.
net::Response response_of(const model::Batch& call, const model::BatchPtr& outputs,
                          const std::string& results) {
  auto response = http::response_of(call, outputs);
  if (response) return std::move(*response);
  observe::log::warn("the answer to a durable call is malformed",
                     {{"call", to_utf8(call.id(0))},
                      {"results", results},
                      {"error", to_utf8(response.error().text().substr(0, 500))}});
  return http::response_of(call, http::CallFailure{});
}

http::CallFailure failure_of(const model::DeadLetter& letter) {
  const bool late = !letter.retry.history.empty() && letter.retry.history.back().cause == "timeout";
  return {late ? http::CallFailure::Kind::timeout : http::CallFailure::Kind::function, "", ""};
}

}  // namespace

// Outputs that name no stream but are not the answer have nowhere to go.
void DurableResults::done(const Given& given, model::FrameResult& result, WallTime now) {
  const auto answer = answer_of(result);
  const model::BatchPtr outputs = answer ? one_event(result.outputs, *answer) : nullptr;
  model::BatchBuilder builder;
  http::add_result(*given.event, response_of(*given.event, outputs, results_.name), now, builder);
  std::vector<std::uint32_t> streams{0};
  for (std::size_t i = 0; i < result.output_streams.size(); ++i) {
    if (result.output_streams[i] == 0) continue;
    builder.add(*result.outputs, i);
    streams.push_back(result.output_streams[i]);
  }
  result.outputs = builder.finish();
  result.output_parents.assign(streams.size(), 0);
  result.output_streams = std::move(streams);
}

void DurableResults::settle(model::Transaction& transaction) {
  for (const model::DeadLetter& letter : transaction.dead_letters) {
    // One that failed again after a replay has its result.
    if (letter.replays > 0) continue;
    model::BatchBuilder builder;
    http::add_result(*letter.event, http::response_of(*letter.event, failure_of(letter)),
                     letter.time, builder);
    transaction.appends.push_back({{results_.stream, PartitionId{0}}, builder.finish()});
  }
}

}  // namespace pelton::runtime
