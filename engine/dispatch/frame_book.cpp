// SPDX-License-Identifier: Apache-2.0
#include "engine/dispatch/frame_book.h"

#include "engine/base/ensure.h"

#include <algorithm>

namespace pelton::dispatch {
namespace {

std::unexpected<Error> contradiction(std::string_view what) {
  return fail(ErrorKind::invalid, "E3004", "the worker's result contradicts its frame: {}", what);
}

Status check_extent(const FrameBook::Open& open, WorkerId worker,
                    const model::FrameResult& result) {
  if (worker == model::kHeld) {
    if (std::ranges::find(open.held, std::pair(result.first, result.count)) == open.held.end())
      return contradiction("it does not cover what is held");
    return {};
  }
  if (result.first != open.answered) return contradiction("it does not follow the one before");
  if (result.count == 0 || result.count > open.events() - open.answered)
    return contradiction("it covers events that the frame does not have");
  return {};
}

Status check_failures(const model::FrameResult& result) {
  std::uint32_t next = result.first;
  for (const model::Failure& failure : result.not_done) {
    if (failure.index < next || failure.index >= result.first + result.count)
      return contradiction("indices of failures");
    if (failure.code == model::OutcomeCode::done) return contradiction("a failure that is done");
    next = failure.index + 1;
  }
  if (result.together && (result.not_done.size() != 1 || result.outputs))
    return contradiction("a failure of all that is not alone");
  return {};
}

Status check_outputs(const model::FrameResult& result) {
  if (!result.outputs) return {};
  const auto& streams = result.output_streams;
  if (!streams.empty() && streams.size() != result.outputs->size())
    return contradiction("as many streams as outputs are needed");
  if (result.output_parents.empty()) {
    if (result.outputs->size() != result.count || !result.not_done.empty())
      return contradiction("outputs without the events that made them");
    return {};
  }
  if (result.output_parents.size() != result.outputs->size())
    return contradiction("as many parents as outputs are needed");
  std::uint32_t last = result.first;
  auto failure = result.not_done.begin();
  for (const std::uint32_t parent : result.output_parents) {
    if (parent < last || parent >= result.first + result.count)
      return contradiction("indices of output parents");
    last = parent;
    while (failure != result.not_done.end() && failure->index < parent) ++failure;
    if (failure != result.not_done.end() && failure->index == parent)
      return contradiction("an output of an event that is not done");
  }
  return {};
}

}  // namespace

std::uint32_t FrameBook::Open::in_flight() const {
  std::uint32_t count = lost ? 0 : events() - answered;
  for (const auto& [first, held_count] : held) count += held_count;
  return count;
}

void FrameBook::give(WorkerId worker, PartitionId partition, std::vector<Position> slots) {
  in_flight_ += slots.size();
  open(worker, partition).slots = std::move(slots);
}

void FrameBook::give(WorkerId worker, const model::DeadLetterId& replay) {
  ++in_flight_;
  open(worker, replay.partition).replay = replay;
}

FrameBook::Open& FrameBook::open(WorkerId worker, PartitionId partition) {
  Open& open = open_[FrameId{next_++}];
  open.worker = worker;
  open.partition = partition;
  return open;
}

const FrameBook::Open* FrameBook::find(WorkerId worker, FrameId frame) const {
  const auto found = open_.find(frame);
  return found != open_.end() && found->second.belongs_to(worker) ? &found->second : nullptr;
}

Status FrameBook::check(WorkerId worker, FrameId frame, const model::FrameResult& result) const {
  const Open* open = find(worker, frame);
  if (open == nullptr)
    return fail(ErrorKind::cancelled, "E3005", "frame {} is not with worker {} any more",
                frame.value, worker.value);
  if (auto ok = check_extent(*open, worker, result); !ok) return ok;
  if (auto ok = check_failures(result); !ok) return ok;
  return check_outputs(result);
}

std::optional<PartitionId> FrameBook::partition_of(FrameId frame) const {
  const auto found = open_.find(frame);
  if (found == open_.end() || found->second.replay) return std::nullopt;
  return found->second.partition;
}

void FrameBook::hold(WorkerId worker, FrameId frame, std::uint32_t first, std::uint32_t count) {
  ENSURE(find(worker, frame) != nullptr, "frame {} is not with worker {}", frame.value,
         worker.value);
  Open& open = open_.at(frame);
  ENSURE(first == open.answered && count > 0 && count <= open.events() - first,
         "frame {} has no events [{}, {} + {}) to hold", frame.value, first, first, count);
  open.held.emplace_back(first, count);
  open.answered = first + count;
}

const FrameBook::Open& FrameBook::answer(WorkerId worker, FrameId frame,
                                         const model::FrameResult& result) {
  Open& open = open_.at(frame);
  in_flight_ -= result.count;
  if (worker == model::kHeld)
    std::erase(open.held, std::pair(result.first, result.count));
  else
    open.answered = result.first + result.count;
  return open;
}

const FrameBook::Open* FrameBook::unanswered(WorkerId worker, FrameId frame,
                                             std::uint32_t first) const {
  const auto found = open_.find(frame);
  if (found == open_.end()) return nullptr;
  const Open& open = found->second;
  if (open.worker != worker || open.lost) return nullptr;
  return first >= open.answered && first < open.events() ? &open : nullptr;
}

void FrameBook::cut(FrameId frame, std::uint32_t first) {
  Open& open = open_.at(frame);
  in_flight_ -= open.events() - first;
  open.slots.resize(first);
  if (open.replay) open.lost = true;
}

void FrameBook::close(FrameId frame) {
  const auto found = open_.find(frame);
  if (found != open_.end() && found->second.in_flight() == 0) open_.erase(found);
}

FrameBook::Loss FrameBook::lose(WorkerId worker, const model::WorkerLoss& loss) {
  Loss lost;
  for (const auto& [id, open] : open_)
    if (open.worker == worker && !open.lost) lost.frames.push_back(id);
  std::ranges::sort(lost.frames);
  blame(lost, loss);
  for (const FrameId id : lost.frames) {
    Open& open = open_.at(id);
    in_flight_ -= open.events() - open.answered;
    open.lost = true;
  }
  return lost;
}

// Of a frame that had begun at an unknown event, the last one unanswered is to blame, of several
// each is a suspect.
void FrameBook::blame(Loss& lost, const model::WorkerLoss& loss) const {
  if (!loss.frame || loss.cause == "engine" ||
      !std::ranges::binary_search(lost.frames, *loss.frame))
    return;
  if (loss.index) {
    lost.blamed = {*loss.frame, *loss.index};
    return;
  }
  const Open& open = open_.at(*loss.frame);
  const std::uint32_t unanswered = open.events() - open.answered;
  if (unanswered == 1) lost.blamed = {*loss.frame, open.answered};
  if (unanswered > 1) lost.suspected = *loss.frame;
}

bool FrameBook::with_workers(PartitionId partition) const {
  return std::ranges::any_of(open_, [&](const auto& entry) {
    const Open& open = entry.second;
    return open.partition == partition && !open.replay && !open.lost &&
           open.answered < open.events();
  });
}

void FrameBook::forget(PartitionId partition) {
  std::erase_if(open_, [&](const auto& entry) {
    const Open& open = entry.second;
    if (open.partition != partition || open.replay) return false;
    in_flight_ -= open.in_flight();
    return true;
  });
}

}  // namespace pelton::dispatch
