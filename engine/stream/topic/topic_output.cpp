// SPDX-License-Identifier: Apache-2.0
#include "engine/stream/topic/topic_output.h"

#include "engine/model/outputs.h"

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
  std::map<std::uint32_t, model::Failure> failures;
  for (const kafka::Refused& one : refused) {
    const std::uint32_t parent = model::parent_of(result, one.index);
    failures.try_emplace(parent, failure_of(parent, one));
  }
  model::fail_events(result, std::move(failures));
}

void TopicOutput::send(Result&& result) {
  // Shared by the answers, each of which finds it on the shard.
  const auto sending = std::make_shared<Sending>(Sending{.result = std::move(result)});
  for (model::StreamPart& part : model::split_by_stream(sending->result.result, streams_)) {
    const auto& producer = producers_[part.stream];
    if (!producer) continue;
    ++sending->open;
    sending->bytes += part.batch->bytes().size();
    producer->send(std::move(part.batch),
                   [this, to = mailbox_.sender(), sending,
                    positions = std::move(part.positions)](std::vector<kafka::Refused> refused) {
                     to.post([this, sending, positions, refused = std::move(refused)] {
                       answered(*sending, refused, positions);
                     });
                   });
  }
  bytes_ += sending->bytes;
  close(*sending);
}

void TopicOutput::answered(Sending& sending, const std::vector<kafka::Refused>& refused,
                           const std::vector<std::uint32_t>& positions) {
  for (const kafka::Refused& one : refused) {
    sending.refused.push_back(one);
    if (!positions.empty()) sending.refused.back().index = positions[one.index];
  }
  close(sending);
}

void TopicOutput::close(Sending& sending) {
  if (--sending.open > 0) return;
  bytes_ -= sending.bytes;
  fail_refused(sending.result.result, sending.refused);
  sending.result.finish(std::move(sending.result.result));
}

std::string TopicOutput::trouble() const {
  for (const auto& producer : producers_) {
    std::string why = producer ? producer->trouble() : std::string();
    if (!why.empty()) return why;
  }
  return {};
}

}  // namespace pelton::stream
