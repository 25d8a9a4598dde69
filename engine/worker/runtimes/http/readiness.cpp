// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/runtimes/http/readiness.h"

#include "engine/worker/process/socket_owner.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace pelton::worker::http {
namespace {

using std::chrono::milliseconds;

// Between two tries: begins with the first and grows to the second.
constexpr milliseconds kFirstPause{1};
constexpr milliseconds kLongestPause{20};
constexpr milliseconds kBetweenQuestions{50};
// A process that hands its socket on to another may be seen in the middle of it.
constexpr int kMostStrangers = 3;

}  // namespace

void Readiness::wait(Target target, Ready ready) {
  target_ = std::move(target);
  ready_ = std::move(ready);
  address_ = {target_.port, false};
  pause_ = kFirstPause;
  connect();
}

void Readiness::connect() {
  connection_ = std::make_unique<Connection>(io_);
  connection_->open(address_, [this](bool open) { connected(open); });
}

// Frameworks that listen on "localhost" may mean ::1.
void Readiness::connected(bool open) {
  if (!open) {
    address_.v6 = !address_.v6;
    if (address_.v6) return connect();
    later(pause_);
    pause_ = std::min<Duration>(pause_ * 3 / 2, kLongestPause);
    return;
  }
  if (!is_listener(address_.port, address_.v6, target_.process)) {
    if (++strangers_ < kMostStrangers) return later(kBetweenQuestions);
    return finish(fail(ErrorKind::unavailable, "",
                       "port {} has been taken by another process: another is chosen",
                       address_.port));
  }
  strangers_ = 0;
  if (!target_.path) return finish(std::move(connection_));
  ask();
}

void Readiness::ask() {
  Request request;
  request.head = fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: pelton\r\n\r\n",
                             *target_.path, target_.host);
  connection_->send(std::move(request), [this](const Result<Answer>& answer) {
    if (answer && answer->status >= 200 && answer->status < 300)
      return finish(std::move(connection_));
    later(kBetweenQuestions);
  });
}

void Readiness::later(Duration delay) {
  timer_.after(delay, [this] { connect(); });
}

void Readiness::finish(Result<std::unique_ptr<Connection>>&& result) {
  Ready ready = std::move(ready_);
  ready(address_, std::move(result));
}

}  // namespace pelton::worker::http
