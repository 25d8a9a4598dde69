// SPDX-License-Identifier: Apache-2.0
// What the workers of the nodes get, and what becomes of it.
#include "tests/simulation/group_history.h"

#include <algorithm>

namespace pelton::simulation {

void GroupHistory::frame(Life life, WorkerId worker, const model::Frame& frame) {
  ++seen.frames;
  const auto owner = current_.find({life, frame.partition});
  if (owner == current_.end())
    return violation("a frame of partition {}, which the node never had", frame.partition.value);
  Session& session = *owner->second;
  if (session.over) violation("a frame of partition {}, which is gone", frame.partition.value);
  if (session.draining) violation("a frame of partition {}, which drains", frame.partition.value);
  const auto size = static_cast<std::uint32_t>(frame.batch->size());
  OpenFrame open{worker, &session, {}, 0, size};
  for (std::uint32_t i = 0; i < size; ++i) {
    invoke(session, frame, i);
    open.offsets.push_back(frame.base + frame.batch->delta(i));
  }
  if (!frames_.emplace(std::pair(life, frame.id), std::move(open)).second)
    violation("frame {} was given before", frame.id.value);
}

void GroupHistory::invoke(Session& session, const model::Frame& frame, std::uint32_t i) {
  ++seen.invoked;
  const Offset offset = frame.base + frame.batch->delta(i);
  const std::string name = fmt::format("{}/{}", frame.partition.value, offset);
  const auto& events = partitions_[frame.partition].events;
  const auto event = events.find(offset);
  if (event == events.end() || event->second.data != frame.batch->data(i))
    return violation("event {} is not what the topic has there", name);
  if (is_covered(session.committed, offset))
    violation("event {} is invoked again, though it was committed", name);
  if (session.certain && is_covered(session.local, offset))
    violation("event {} is invoked again, though the disk has it as settled", name);
  if (session.done.contains(offset) || session.dead.contains(offset))
    violation("event {} has ended here and is invoked again", name);
  if (!session.flying.insert(offset).second)
    violation("event {} is invoked while it is on its way", name);
  check_attempt(session, offset, frame.attempts.empty() ? 1 : frame.attempts.at(i));
  if (const auto lane = scenario_.base.lane(*event->second.message))
    check_lane(session, offset, *lane, frame.id);
}

void GroupHistory::check_attempt(const Session& session, Offset offset, std::uint32_t attempt) {
  if (!session.certain) return;
  const auto failures = session.failures.find(offset);
  const std::uint32_t expected = failures == session.failures.end() ? 1 : failures->second + 1;
  if (attempt != expected)
    violation("event {}/{} gets attempt {}, not {}", session.partition.value, offset, attempt,
              expected);
}

// Only behind the highest that has ended, or that one again.
void GroupHistory::check_lane(Session& session, Offset offset, const std::string& name,
                              FrameId frame) {
  LaneUse& use = session.lanes[name];
  const bool together = use.in_flight > 0 && use.with == frame;
  if (use.in_flight > 0 && !together)
    violation("event {}/{} goes while its key {} is with another worker", session.partition.value,
              offset, name);
  if (together || use.ended ? offset <= use.highest : offset != use.highest)
    violation("event {}/{} goes out of the order of its key {}, after {}", session.partition.value,
              offset, name, use.highest);
  use.highest = offset;
  use.ended = false;
  use.with = frame;
  ++use.in_flight;
}

void GroupHistory::comes_back(Session& session, Offset offset, bool done) {
  session.flying.erase(offset);
  const auto lane = scenario_.base.lane(*partitions_[session.partition].events.at(offset).message);
  if (!lane) return;
  LaneUse& use = session.lanes[*lane];
  --use.in_flight;
  if (done) {
    use.ended = use.ended || offset == use.highest;
  } else if (offset <= use.highest) {
    use.highest = offset;
    use.ended = false;
  }
}

bool GroupHistory::open(Life life, WorkerId worker, FrameId frame) const {
  const auto found = frames_.find({life, frame});
  return found != frames_.end() && found->second.worker == worker &&
         found->second.covered < found->second.offsets.size();
}

void GroupHistory::answered(Life life, FrameId frame, const model::FrameResult& result) {
  frames_.at({life, frame}).covered = result.first + result.count;
}

void GroupHistory::outcome(Life life, FrameId id, const model::FrameResult& result) {
  OpenFrame& open = frames_.at({life, id});
  // One of these failed, nobody knows which.
  const bool unblamed = result.together && result.count > 1;
  auto failure = result.not_done.begin();
  for (std::uint32_t i = result.first; i < result.first + result.count; ++i) {
    const Offset offset = open.offsets.at(i);
    const bool failed = failure != result.not_done.end() && failure->index == i;
    comes_back(*open.session, offset, !failed && !unblamed);
    if (unblamed) continue;
    if (!failed) {
      ++seen.done;
      open.session->done.insert(offset);
      continue;
    }
    if (failure->counts && failure->code != model::OutcomeCode::skipped)
      ++open.session->failures[offset];
    ++failure;
  }
  open.left -= result.count;
  if (open.left == 0) frames_.erase({life, id});
}

void GroupHistory::worker_lost(Life life, WorkerId worker, const model::WorkerLoss& loss) {
  for (auto at = frames_.begin(); at != frames_.end();) {
    const auto here = at++;
    OpenFrame& open = here->second;
    if (here->first.first != life || open.worker != worker) continue;
    const bool its = loss.frame == here->first.second && loss.cause != "engine";
    // When nobody knows the event, the frame counts if one event of it was left.
    const bool alone = its && !loss.index && open.offsets.size() - open.covered == 1;
    for (auto i = open.covered; i < open.offsets.size(); ++i) {
      comes_back(*open.session, open.offsets[i], false);
      if (alone || (its && loss.index == i)) ++open.session->failures[open.offsets[i]];
    }
    open.left -= static_cast<std::uint32_t>(open.offsets.size()) - open.covered;
    open.covered = static_cast<std::uint32_t>(open.offsets.size());
    if (open.left == 0) frames_.erase(here);
  }
}

}  // namespace pelton::simulation
