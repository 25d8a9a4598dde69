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

std::size_t NativeSession::room() const {
  return phase_ == Phase::ready ? kFrames - taken_.size() : 0;
}

void NativeSession::invoke(const model::Frame& frame) {
  taken_.push_back({frame.id, static_cast<std::uint32_t>(frame.batch->size())});
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
  if (at != taken_.end()) {
    at->open -= std::min(at->open, answer.result.count);
    if (at->open == 0) taken_.erase(at);
  }
  events_->answered(answer.frame, std::move(answer.result));
  return {};
}

Status NativeSession::on_start(codec::FromWorker&& message) {
  if (phase_ != Phase::starting) return fail(ErrorKind::invalid, "E3003", "a second start");
  if (auto* failed = std::get_if<codec::StartFailed>(&message)) {
    phase_ = Phase::failed;
    events_->start_failed(failed->type + ": " + failed->message, std::move(failed->stack));
    return {};
  }
  phase_ = Phase::ready;
  events_->ready(std::get<codec::Ready>(message).batch_handler);
  return {};
}

std::vector<Invocation> NativeSession::begun(std::chrono::steady_clock::time_point now) {
  const ProgressPage::Seen seen = page_.read();
  if (seen != std::exchange(seen_, seen)) seen_since_ = now;
  if (seen.index == 0 || seen.index > UINT32_MAX) return {};
  return {{FrameId{seen.frame}, static_cast<std::uint32_t>(seen.index - 1), seen_since_}};
}

}  // namespace pelton::worker::native
