// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/runtimes/native/native_session.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

namespace pelton::worker::native {
namespace {

// Frames of megabytes pass at once instead of in 200 KiB pieces.
constexpr int kSocketBytes = 4 << 20;
// Between two looks at the page: longer than a processor keeps a store to itself.
constexpr auto kMinimumLook = std::chrono::milliseconds(2);
// The first of a plan's descriptors.
constexpr std::size_t kFirstDescriptor = 3;

Result<UniqueFd> make_socket(UniqueFd& theirs) {
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
    return fail_errno("E3001", "making a socket", errno);
  for (const int fd : pair) {
    ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &kSocketBytes, sizeof kSocketBytes);
    ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &kSocketBytes, sizeof kSocketBytes);
  }
  theirs.reset(pair[1]);
  UniqueFd ours(pair[0]);
  ::fcntl(ours.get(), F_SETFL, ::fcntl(ours.get(), F_GETFL) | O_NONBLOCK);
  return ours;
}

void hand_over(LaunchPlan& plan, const char* variable, UniqueFd&& fd) {
  plan.environment.insert_or_assign(variable,
                                    std::to_string(kFirstDescriptor + plan.descriptors.size()));
  plan.descriptors.push_back(std::move(fd));
}

}  // namespace

NativeSession::NativeSession(const WorkerSetup& setup, const codec::Handler& handler)
    : start_(codec::encode_start(setup.function, handler, setup.name)), connection_(setup.io) {}

Status NativeSession::open(LaunchPlan& plan) {
  UniqueFd theirs;
  auto ours = make_socket(theirs);
  if (!ours) return std::unexpected(ours.error());
  socket_ = std::move(*ours);
  auto page = page_.open();
  if (!page) return std::unexpected(page.error());
  hand_over(plan, "PELTON_FD", std::move(theirs));
  hand_over(plan, "PELTON_PROGRESS_FD", std::move(*page));
  return {};
}

Status NativeSession::start(SessionEvents& events, pid_t) {
  events_ = &events;
  auto opened = connection_.open(std::move(socket_),
                                 {[this](std::string_view bytes) { return on_frame(bytes); },
                                  [this](std::string why) { events_->broken(std::move(why)); },
                                  [this] { events_->hung_up(); }});
  if (opened) connection_.send(start_, nullptr);
  return opened;
}

// What was taken back from it would only come back to it.
std::size_t NativeSession::room() const {
  if (phase_ != Phase::ready || std::ranges::any_of(taken_, &Taken::cut)) return 0;
  return kFrames - taken_.size();
}

void NativeSession::invoke(const model::Frame& frame) {
  Taken& taken = taken_.emplace_back();
  taken.id = frame.id;
  taken.events = static_cast<std::uint32_t>(frame.batch->size());
  connection_.send(codec::encode_invoke_header(frame), frame.batch);
}

Status NativeSession::on_frame(std::string_view bytes) {
  auto message = codec::decode(bytes);
  if (!message) return std::unexpected(message.error());
  if (auto* answer = std::get_if<codec::Answer>(&*message)) return on_answer(std::move(*answer));
  return on_start(std::move(*message));
}

Status NativeSession::on_answer(codec::Answer&& answer) {
  if (phase_ != Phase::ready)
    return fail(ErrorKind::invalid, "E3003", "a result of a worker that is not ready");
  const auto at = std::ranges::find(taken_, answer.frame, &Taken::id);
  const bool known = at != taken_.end();
  if (known && at->cut && answer.result.count > at->events - at->answered)
    return fail(ErrorKind::invalid, "E3003", "a result for events that were taken back");
  if (known) at->answered += std::min(at->events - at->answered, answer.result.count);
  const Tail tail{answer.frame, known ? at->answered : 0};
  // What it gives back may have been taken from it already.
  const bool news = known && answer.gives_back && !at->cut && at->answered < at->events;
  const bool over = known && (answer.gives_back || (at->answered == at->events && !at->cut));
  if (over) finish(at);
  if (answer.result.count > 0 || !answer.gives_back)
    events_->answered(answer.frame, std::move(answer.result));
  if (news) events_->gave_back(tail);
  return {};
}

void NativeSession::finish(std::deque<Taken>::iterator taken) {
  if (taken->asked) page_.lift(taken->asked->limit);
  taken_.erase(taken);
}

Status NativeSession::on_start(codec::FromWorker&& message) {
  if (phase_ != Phase::starting) return fail(ErrorKind::invalid, "E3003", "a second start");
  if (auto* failed = std::get_if<codec::StartFailed>(&message)) {
    phase_ = Phase::failed;
    events_->start_failed(failed->type + ": " + failed->message, std::move(failed->stack));
    return {};
  }
  phase_ = Phase::ready;
  const auto& ready = std::get<codec::Ready>(message);
  gives_back_ = ready.gives_back;
  events_->ready(ready.batch_handler);
  return {};
}

// When an event began is the worker's word, within what was seen.
void NativeSession::look(Time now) {
  std::vector<Slot> slots;
  for (const ProgressPage::Seen& seen : page_.read()) {
    const auto before =
        std::ranges::find_if(slots_, [&](const Slot& slot) { return slot.seen.same_as(seen); });
    if (before != slots_.end()) {
      slots.push_back({seen, before->since});
      continue;
    }
    const Time said{std::chrono::nanoseconds(static_cast<std::int64_t>(seen.begun))};
    slots.push_back({seen, seen.begun == 0 ? now : std::clamp(said, std::min(looked_, now), now)});
  }
  slots_ = std::move(slots);
  looked_ = now;
}

std::vector<Invocation> NativeSession::begun(Time now) {
  look(now);
  std::vector<Invocation> all;
  for (const Slot& slot : slots_)
    all.push_back({FrameId{slot.seen.frame}, slot.seen.index, slot.since, slot.seen.events});
  return all;
}

// Asked at one check, taken back at a later one that shows the same event in progress: a worker
// that was about to begin the next one has either said so or seen the limit.
std::vector<Tail> NativeSession::take_back(Time now, std::chrono::nanoseconds patience) {
  look(now);
  if (!gives_back_ || slots_.size() != 1 || now - slots_.front().since < patience) return {};
  const ProgressPage::Seen& seen = slots_.front().seen;
  std::vector<Tail> tails;
  for (Taken& taken : taken_) {
    const bool at_hand = taken.id.value == seen.frame;
    const std::uint64_t first = at_hand ? std::uint64_t{seen.index} + seen.events : 0;
    if (taken.cut || first >= taken.events) continue;
    if (!taken.asked || taken.asked->first != first)
      ask(taken, static_cast<std::uint32_t>(first), now);
    else if (now - taken.asked->when >= kMinimumLook)
      tails.push_back(cut(taken));
  }
  return tails;
}

void NativeSession::ask(Taken& taken, std::uint32_t first, Time now) {
  const std::size_t limit = taken.asked ? taken.asked->limit : free_limit();
  taken.asked = {first, limit, now};
  page_.limit(limit, taken.id.value, first);
}

Tail NativeSession::cut(Taken& taken) {
  taken.cut = true;
  taken.events = taken.asked->first;
  return {taken.id, taken.events};
}

std::size_t NativeSession::free_limit() const {
  std::size_t limit = 0;
  while (std::ranges::any_of(
      taken_, [&](const Taken& taken) { return taken.asked && taken.asked->limit == limit; }))
    ++limit;
  return limit;
}

}  // namespace pelton::worker::native
