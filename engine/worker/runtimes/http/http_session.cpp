// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/runtimes/http/http_session.h"

#include "engine/base/unique_fd.h"

#include <arpa/inet.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace pelton::worker::http {
namespace {

// Between the end of a connection and that of its process, if that is what it means.
constexpr auto kBrokenGrace = std::chrono::milliseconds(100);
// Of outcomes that wait for one before them: nothing new begins while there are more.
constexpr std::size_t kMostHeld = 16U << 20;

Result<std::uint16_t> free_port() {
  const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  if (!fd || ::bind(fd.get(), any, size) != 0 || ::getsockname(fd.get(), any, &size) != 0)
    return fail_errno("E3001", "choosing a port", errno);
  return ntohs(address.sin_port);
}

}  // namespace

HttpSession::HttpSession(const WorkerSetup& setup, const Options& options)
    : io_(setup.io),
      function_(setup.function),
      options_(options),
      sender_{function_, options_, ""},
      readiness_(setup.io),
      end_(setup.io),
      lines_(options.concurrency),
      broken_(setup.io) {}

Status HttpSession::choose_port() {
  auto port = free_port();
  if (!port) return std::unexpected(port.error());
  port_ = *port;
  sender_.host = fmt::format("127.0.0.1:{}", port_);
  return {};
}

Status HttpSession::start(SessionEvents& events, pid_t process) {
  events_ = &events;
  process_ = process;
  if (auto ok = end_.watch(process, [this] { process_ended(); }); !ok) return ok;
  // Not within this call, which has its result to give first.
  boost::asio::post(io_, [this, alive = std::weak_ptr(alive_)] {
    if (alive.expired()) return;
    readiness_.wait({port_, process_, sender_.host, options_.ready_path},
                    [this](const Address& address, Result<std::unique_ptr<Connection>> connection) {
                      became_ready(address, std::move(connection));
                    });
  });
  return {};
}

void HttpSession::became_ready(const Address& address,
                               Result<std::unique_ptr<Connection>>&& connection) {
  if (process_gone_) return;
  if (!connection) {
    events_->start_failed(connection.error().message, "");
    return events_->at_rest();
  }
  address_ = address;
  lines_.front().connection = std::move(*connection);
  ready_ = true;
  events_->ready(false);
}

// What it has answered is on its way; what it has not, nobody will.
void HttpSession::process_ended() {
  process_gone_ = true;
  if (all_broken()) events_->hung_up();
}

void HttpSession::end_input() {
  ending_ = true;
  if (!process_gone_) ::kill(-process_, SIGTERM);
}

// ---- frames

HttpSession::Line* HttpSession::free_line() {
  const auto at = std::ranges::find_if(lines_, [](const Line& line) { return !line.call; });
  return at == lines_.end() ? nullptr : &*at;
}

// All that could begin has begun, so what waits has to.
std::size_t HttpSession::room() const {
  if (!ready_ || ending_ || process_gone_ || !listens_ || frames_.size() >= lines_.size()) return 0;
  std::size_t held = 0;
  for (const auto& work : frames_) held += work->held_bytes();
  const bool free = std::ranges::any_of(lines_, [](const Line& line) { return !line.call; });
  return free && held < kMostHeld ? 1 : 0;
}

void HttpSession::invoke(const model::Frame& frame) {
  frames_.push_back(std::make_unique<FrameWork>(frame));
  begin_what_can();
}

void HttpSession::begin_what_can() {
  if (process_gone_ || !listens_) return;
  for (const auto& work : frames_) {
    while (work->held_bytes() < kMostHeld) {
      Line* const line = free_line();
      if (line == nullptr) return;
      const auto index = work->next();
      if (!index) break;
      begin(*line, *work, *index);
    }
  }
}

void HttpSession::begin(Line& line, FrameWork& work, std::uint32_t index) {
  auto request = make_request(work.frame(), index, sender_, SystemClock().now());
  if (!request) {
    work.ended(index, refused_event(request.error()));
    return tell_soon();
  }
  line.call = Call{&work, index, std::chrono::steady_clock::now(), request->passed_on, false, {}};
  send(line, std::move(*request));
}

void HttpSession::send(Line& line, Request&& request) {
  if (line.connection && line.connection->idle()) return dispatch(line, std::move(request));
  line.connection = std::make_unique<Connection>(io_);
  line.connection->open(address_, [this, &line, request = std::move(request)](bool open) mutable {
    if (open) return dispatch(line, std::move(request));
    refused(line);
  });
}

void HttpSession::dispatch(Line& line, Request&& request) {
  line.connection->send(std::move(request), [this, &line](Result<Answer> answer) {
    answered(line, std::move(answer));
  });
}

void HttpSession::answered(Line& line, Result<Answer>&& answer) {
  Call& call = *line.call;
  if (answer)
    return finish(line, outcome_of(call.work->frame(), call.index, call.passed_on,
                                   std::move(*answer), sender_, SystemClock().now()));
  Error error = std::move(answer.error());
  if (error.code == kTooLarge || error.code == kMalformed)
    return finish(line, failed_exchange(error));
  // It was closed while it was idle, and the request crossed that.
  Request request = line.connection->take_request();
  if (error.code == kClosed && !line.connection->fresh() && request.repeatable &&
      !std::exchange(call.sent_again, true) && !process_gone_)
    return send(line, std::move(request));
  lost_connection(line, std::move(error));
}

// ---- a connection that broke

// The worker does not listen any more, which is no event's fault. What has been sent once has begun
// nevertheless.
void HttpSession::refused(Line& line) {
  if (line.call->sent_again)
    return lost_connection(line, {ErrorKind::unavailable, kClosed, "no connection could be made"});
  line.call->work->put_back(line.call->index);
  line.call.reset();
  listens_ = false;
  if (!process_gone_ || all_broken()) events_->hung_up();
}

void HttpSession::lost_connection(Line& line, Error&& error) {
  line.call->broken = std::move(error);
  if (process_gone_) {
    if (all_broken()) events_->hung_up();
    return;
  }
  broken_.after(kBrokenGrace, [this] { give_up_broken(); });
}

bool HttpSession::all_broken() const {
  return std::ranges::all_of(lines_,
                             [](const Line& line) { return !line.call || line.call->broken; });
}

// The process runs on: the server closed them.
void HttpSession::give_up_broken() {
  if (process_gone_) return;
  for (Line& line : lines_)
    if (line.call && line.call->broken) finish(line, failed_exchange(*line.call->broken));
}

// ---- answers

void HttpSession::finish(Line& line, Outcome&& outcome) {
  const Call call = *line.call;
  for (const std::string& text : outcome.logs) events_->logged(text);
  line.call.reset();
  call.work->ended(call.index, std::move(outcome));
  begin_what_can();
  tell(*call.work);
}

void HttpSession::tell(FrameWork& work) {
  const FrameId frame = work.frame().id;
  bool over = false;
  while (!over) {
    auto result = work.take_result();
    if (!result) return;
    over = work.over();
    // Before the last result goes out, because the pool then hands over the next frame.
    if (over) std::erase_if(frames_, [&](const auto& one) { return one.get() == &work; });
    events_->answered(frame, std::move(*result));
  }
}

void HttpSession::tell_soon() {
  boost::asio::post(io_, [this, alive = std::weak_ptr(alive_)] {
    if (!alive.expired()) tell_all();
  });
}

void HttpSession::tell_all() {
  begin_what_can();
  std::vector<FrameId> frames;
  for (const auto& work : frames_) frames.push_back(work->frame().id);
  for (const FrameId id : frames) {
    const auto at =
        std::ranges::find_if(frames_, [&](const auto& one) { return one->frame().id == id; });
    if (at != frames_.end()) tell(**at);
  }
}

std::vector<Invocation> HttpSession::begun(Time) {
  std::vector<Invocation> all;
  for (const Line& line : lines_)
    if (line.call)
      all.push_back({line.call->work->frame().id, line.call->index, line.call->since, 1, ""});
  std::ranges::sort(all, {}, &Invocation::since);
  return all;
}

// While nothing is free: what waits for its key would only come back.
std::vector<Tail> HttpSession::take_back(Time now, std::chrono::nanoseconds patience) {
  if (free_line() != nullptr) return {};
  const auto oldest = begun(now).front().since;
  if (now - oldest < patience) return {};
  std::vector<Tail> tails;
  for (const auto& work : frames_)
    if (const auto tail = work->give_back()) tails.push_back(*tail);
  std::erase_if(frames_, [](const auto& work) { return work->over(); });
  return tails;
}

}  // namespace pelton::worker::http
