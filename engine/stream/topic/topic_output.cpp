// SPDX-License-Identifier: Apache-2.0
#include "engine/stream/topic/topic_output.h"

#include "engine/model/batch_builder.h"

#include <map>
#include <utility>

namespace pelton::stream {
namespace {

model::Failure failure_of(std::uint32_t index, const kafka::Refused& refused) {
  model::Failure failure;
  failure.index = index;
  failure.type = refused.name;
  failure.message = refused.error.text();
  const bool final = refused.error.kind == ErrorKind::invalid;
  failure.code = final ? model::OutcomeCode::fail : model::OutcomeCode::retry;
  failure.counts = final;  // what is not the event's fault costs it no attempt
  return failure;
}

}  // namespace

void fail_refused(model::FrameResult& result, const std::vector<kafka::Refused>& refused) {
  if (refused.empty()) return;
  const auto parent = [&result](std::uint32_t output) {
    return result.output_parents.empty() ? result.first + output : result.output_parents[output];
  };
  std::map<std::uint32_t, model::Failure> failures;
  for (const kafka::Refused& one : refused)
    failures.try_emplace(parent(one.index), failure_of(parent(one.index), one));
  model::BatchBuilder kept;
  std::vector<std::uint32_t> parents;
  for (std::uint32_t output = 0; output < result.outputs->size(); ++output) {
    if (failures.contains(parent(output))) continue;
    kept.add(*result.outputs, output);
    parents.push_back(parent(output));
  }
  for (model::Failure& failure : result.not_done)
    failures.try_emplace(failure.index, std::move(failure));
  result.not_done.clear();
  for (auto& [index, failure] : failures) result.not_done.push_back(std::move(failure));
  result.outputs = kept.empty() ? nullptr : kept.finish();
  result.output_parents = std::move(parents);
}

void TopicOutput::send(Result&& sent) {
  const std::size_t bytes = sent.result.outputs->bytes().size();
  bytes_ += bytes;
  model::BatchPtr outputs = sent.result.outputs;
  producer_->send(std::move(outputs), [this, to = mailbox_.sender(), bytes, sent = std::move(sent)](
                                          std::vector<kafka::Refused> refused) mutable {
    fail_refused(sent.result, refused);
    to.post([this, bytes, sent = std::move(sent)]() mutable {
      bytes_ -= bytes;
      sent.finish(std::move(sent.result));
    });
  });
}

}  // namespace pelton::stream
