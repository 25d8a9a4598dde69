// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/worker/pool/fake_source.h"

#include "engine/model/batch_builder.h"

namespace pelton::worker {

std::optional<model::Frame> FakeSource::pull(WorkerId worker, const model::FrameLimits& limits) {
  ++pulls;
  if (waiting.empty()) return std::nullopt;
  model::BatchBuilder builder;
  while (!waiting.empty() && builder.size() < limits.events) {
    model::EventView event;
    event.data = waiting.front();
    event.has_key = true;
    event.key = waiting.front();
    builder.add(event);
    given_[FrameId{next}].push_back(waiting.front());
    waiting.pop_front();
  }
  model::Frame frame;
  frame.id = FrameId{next++};
  frame.binding = "binding";
  frame.stream = "stream";
  frame.base = static_cast<Offset>(100 * frame.id.value);
  frame.batch = builder.finish();
  frame_sizes.push_back(static_cast<std::uint32_t>(frame.batch->size()));
  out[frame.id] = frame_sizes.back();
  owner_[frame.id] = worker;
  ++used_[worker];
  return frame;
}

Status FakeSource::finished(WorkerId worker, FrameId frame, model::FrameResult&& result) {
  const auto at = out.find(frame);
  if (at == out.end() || owner_[frame] != worker)
    return fail(ErrorKind::invalid, "E3004", "a frame that is not out");
  if (result.count == 0 || result.count > at->second)
    return fail(ErrorKind::invalid, "E3004", "contradiction");
  done += result.count;
  at->second -= result.count;
  if (at->second == 0) out.erase(at);
  results.push_back(std::move(result));
  return {};
}

void FakeSource::gave_back(WorkerId, FrameId frame, std::uint32_t first) {
  std::vector<std::string>& given = given_.at(frame);
  const auto count = static_cast<std::uint32_t>(given.size()) - first;
  for (auto i = given.size(); i-- > first;) waiting.push_front(given[i]);
  given.resize(first);
  came_back += count;
  if ((out.at(frame) -= count) == 0) out.erase(frame);
}

void FakeSource::lost(WorkerId worker, const model::WorkerLoss& loss) {
  losses.push_back(loss);
  std::erase_if(out, [&](const auto& frame) { return owner_[frame.first] == worker; });
}

}  // namespace pelton::worker
