// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/process/worker_process.h"

#include <boost/asio/write.hpp>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <utility>

namespace pelton::worker {
namespace {

using boost::system::error_code;
constexpr std::size_t kReadBytes = 256U << 10;
// Between the end of a worker's socket and its own.
constexpr auto kSilentGrace = std::chrono::milliseconds(500);
// Output that grandchildren hold open is not waited for longer.
constexpr auto kOutputGrace = std::chrono::milliseconds(200);

}  // namespace

WorkerProcess::WorkerProcess(boost::asio::io_context& io, const config::Function& function,
                             WorkerId worker, WorkerEvents& events, LineListener lines)
    : id(worker),
      name(fmt::format("{}-{}", function.name, worker.value)),
      events_(&events),
      lines_(std::move(lines)),
      function_(function),
      socket_(io),
      out_(io),
      err_(io),
      pidfd_(io),
      out_lines_([this](std::string_view text) {
        lines_({function_.name, name, WorkerLine::Stream::out, text, event_at_hand()});
      }),
      err_lines_([this](std::string_view text) {
        lines_({function_.name, name, WorkerLine::Stream::err, text, event_at_hand()});
      }),
      grace_(io) {}

WorkerProcess::~WorkerProcess() {
  if (process_.pid > 0 && !process_ended_) {
    ::kill(-process_.pid, SIGKILL);
    ::waitpid(process_.pid, nullptr, 0);
  }
  if (page_ != nullptr) ::munmap(page_, kProgressBytes);
}

Status WorkerProcess::start(const Launch& launch_options) {
  auto launched = launch(launch_options);
  if (!launched) return std::unexpected(launched.error());
  process_ = std::move(*launched);
  page_ = ::mmap(nullptr, kProgressBytes, PROT_READ | PROT_WRITE, MAP_SHARED,
                 process_.progress.get(), 0);
  if (page_ == MAP_FAILED) {
    page_ = nullptr;
    return fail_errno("E3001", "mapping a progress page", errno);
  }
  if (auto ok = adopt_descriptors(); !ok) return ok;
  started = idle_since = last_answer_ = last_moved_ = Clock::now();
  open_outputs_ = 2;
  outgoing_.push_back({codec::encode_start(function_, name), nullptr});
  write_next();
  read_socket();
  read_output(out_, out_lines_, out_buffer_);
  read_output(err_, err_lines_, err_buffer_);
  wait_end();
  return {};
}

Status WorkerProcess::adopt_descriptors() {
  error_code error;
  socket_.assign(boost::asio::local::stream_protocol(), process_.socket.get(), error);
  if (!error) process_.socket.release();
  const auto adopt = [&error](Descriptor& to, UniqueFd& from) {
    if (!error) to.assign(from.get(), error);
    if (!error) from.release();
  };
  adopt(out_, process_.out);
  adopt(err_, process_.err);
  adopt(pidfd_, process_.pidfd);
  if (error) return fail_errno("E3001", "watching a worker", error.value());
  return {};
}

void WorkerProcess::send(model::Frame&& frame) {
  Outgoing outgoing{codec::encode_invoke_header(frame), frame.batch};
  if (frames.empty()) last_moved_ = last_answer_ = Clock::now();
  const auto events = static_cast<std::uint32_t>(frame.batch->size());
  frames.push_back({std::move(frame), 0, events});
  outgoing_.push_back(std::move(outgoing));
  write_next();
}

void WorkerProcess::write_next() {
  if (writing_ || state == State::ended) return;
  if (outgoing_.empty()) {
    if (input_closed_ && socket_.is_open()) ::shutdown(socket_.native_handle(), SHUT_WR);
    return;
  }
  writing_ = true;
  const Outgoing& next = outgoing_.front();
  const std::string_view batch = next.batch ? next.batch->bytes() : std::string_view{};
  const std::array<boost::asio::const_buffer, 2> buffers{
      boost::asio::buffer(next.header), boost::asio::buffer(batch.data(), batch.size())};
  boost::asio::async_write(socket_, buffers,
                           [self = shared_from_this()](const error_code& error, std::size_t) {
                             self->writing_ = false;
                             // A broken socket shows in the read as well; the end is told from
                             // there.
                             if (error || self->outgoing_.empty()) return;
                             self->outgoing_.pop_front();
                             self->write_next();
                           });
}

void WorkerProcess::close_input() {
  input_closed_ = true;
  if (state != State::ended) state = State::stopping;
  write_next();
}

void WorkerProcess::kill(std::string cause, std::string type) {
  if (state == State::ended || process_ended_) return;
  if (type_.empty()) {
    cause_ = std::move(cause);
    type_ = std::move(type);
  }
  state = State::stopping;
  ::kill(-process_.pid, SIGKILL);
}

void WorkerProcess::read_socket() {
  if (input_.size() < input_used_ + kReadBytes) input_.resize(input_used_ + kReadBytes);
  socket_.async_read_some(
      boost::asio::buffer(input_.data() + input_used_, input_.size() - input_used_),
      [self = shared_from_this()](const error_code& error, std::size_t count) {
        if (self->events_ == nullptr) return;
        if (error) {
          if (self->state != State::stopping && error != boost::asio::error::operation_aborted)
            self->expect_end();
          return;
        }
        self->on_bytes(count);
      });
}

// End of file: the worker has ended, and how is told in a moment; or it goes on without its socket
// and is not to be trusted any more.
void WorkerProcess::expect_end() {
  grace_.expires_after(kSilentGrace);
  grace_.async_wait([self = shared_from_this()](const error_code& error) {
    if (!error && self->events_ != nullptr) self->kill("crash", "closed its socket");
  });
}

void WorkerProcess::on_bytes(std::size_t count) {
  input_used_ += count;
  while (take_frame()) {
  }
  // A large frame does not keep its room for ever.
  if (input_used_ == 0 && input_.size() > 4 * kReadBytes) input_ = std::string();
  if (events_ != nullptr && socket_.is_open()) read_socket();
}

bool WorkerProcess::take_frame() {
  if (distrusted_) {
    input_used_ = 0;
    return false;
  }
  const std::string_view bytes(input_.data(), input_used_);
  const auto length = codec::frame_length(bytes);
  if (!length || events_ == nullptr) return false;
  if (*length > codec::kMaxFrameBytes) {
    protocol_error(fmt::format("a frame of {} bytes", *length));
    return false;
  }
  const std::size_t whole = std::size_t{4} + *length;
  if (bytes.size() < whole) {
    if (input_.size() < whole) input_.resize(whole);
    return false;
  }
  auto message = codec::decode(bytes.substr(4, *length));
  if (!message) {
    protocol_error(message.error().message);
    return false;
  }
  input_used_ -= whole;
  std::memmove(input_.data(), input_.data() + whole, input_used_);
  on_message(std::move(*message));
  return true;
}

void WorkerProcess::protocol_error(const std::string& what) {
  lines_({function_.name, name, WorkerLine::Stream::engine, what, event_at_hand()});
  distrusted_ = true;
  kill("crash", "protocol error: " + what);
}

void WorkerProcess::on_message(codec::FromWorker&& message) {
  if (auto* answer = std::get_if<codec::Answer>(&message)) {
    if (!was_ready) return protocol_error("a result of a worker that is not ready");
    return on_answer(std::move(*answer));
  }
  if (was_ready || !start_error.empty()) return protocol_error("a second start");
  if (const auto* failed = std::get_if<codec::StartFailed>(&message)) {
    start_error = failed->type + ": " + failed->message;
    retiring = true;
    idle_since = Clock::now();
    return close_input();
  }
  was_ready = true;
  batch_handler = std::get<codec::Ready>(message).batch_handler;
  if (state != State::starting) return;
  state = State::running;
  events_->ready(*this);
}

void WorkerProcess::on_answer(codec::Answer&& answer) {
  const FrameId frame = answer.frame;
  const std::uint32_t events = answer.result.count;
  if (!events_->answered(*this, frame, std::move(answer.result)))
    return protocol_error("a result that contradicts its frame");
  if (!cover(frame, events)) return;
  const auto now = Clock::now();
  const auto took = now - last_answer_;
  last_answer_ = last_moved_ = now;
  events_done += events;
  events_->moved_on(*this, events, took);
}

bool WorkerProcess::cover(FrameId frame, std::uint32_t events) {
  const auto at = std::ranges::find(frames, frame,
                                    [](const InFlight& in_flight) { return in_flight.frame.id; });
  if (at == frames.end()) return false;
  at->covered += events;
  if (at->covered >= at->events) frames.erase(at);
  return true;
}

void WorkerProcess::read_output(Descriptor& from, OutputLines& lines,
                                std::array<char, 16384>& buffer) {
  from.async_read_some(boost::asio::buffer(buffer),
                       [self = shared_from_this(), &from, &lines, &buffer](const error_code& error,
                                                                           std::size_t count) {
                         if (self->events_ == nullptr) return;
                         if (error) {
                           lines.finish(Clock::now());
                           --self->open_outputs_;
                           return self->maybe_ended();
                         }
                         lines.add({buffer.data(), count}, Clock::now());
                         self->read_output(from, lines, buffer);
                       });
}

void WorkerProcess::wait_end() {
  pidfd_.async_wait(Descriptor::wait_read, [self = shared_from_this()](const error_code& error) {
    if (!error && self->events_ != nullptr) self->on_end();
  });
}

void WorkerProcess::on_end() {
  int status = 0;
  rusage usage{};
  // What it left behind goes with it; before the wait, which frees its number for others.
  ::kill(-process_.pid, SIGKILL);
  ::wait4(process_.pid, &status, 0, &usage);
  process_ended_ = true;
  const auto us = [](const timeval& t) {
    return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000 + static_cast<std::uint64_t>(t.tv_usec);
  };
  cpu_us_ = us(usage.ru_utime) + us(usage.ru_stime);
  if (type_.empty()) type_ = ending_text(status);
  grace_.expires_after(kOutputGrace);
  grace_.async_wait([self = shared_from_this()](const error_code& error) {
    if (error || self->events_ == nullptr) return;
    self->open_outputs_ = 0;
    self->maybe_ended();
  });
  maybe_ended();
}

void WorkerProcess::maybe_ended() {
  if (!process_ended_ || open_outputs_ > 0 || state == State::ended || events_ == nullptr) return;
  state = State::ended;
  WorkerEvents& events = *events_;
  const auto keep = shared_from_this();
  events.ended(*this);
}

void WorkerProcess::abandon() {
  events_ = nullptr;
  error_code ignored;
  socket_.close(ignored);
  out_.close(ignored);
  err_.close(ignored);
  pidfd_.close(ignored);
  grace_.cancel();
}

WorkerProcess::Progress WorkerProcess::progress() const {
  Progress progress;
  if (page_ == nullptr) return progress;
  const char* page = static_cast<const char*>(page_);
  std::memcpy(&progress.frame, page, 8);
  std::memcpy(&progress.index, page + 8, 8);
  return progress;
}

void WorkerProcess::tell_dropped(Clock::time_point now) {
  out_lines_.tell_dropped(now);
  err_lines_.tell_dropped(now);
}

bool WorkerProcess::stuck(Clock::time_point now, Duration timeout) {
  if (frames.empty()) return false;
  const Progress seen = progress();
  if (seen != last_seen_) {
    last_seen_ = seen;
    last_moved_ = now;
  }
  return now - last_moved_ >= timeout;
}

std::string WorkerProcess::event_at_hand() const {
  const Progress seen = progress();
  if (seen.index == 0) return {};
  for (const InFlight& in_flight : frames)
    if (in_flight.frame.id.value == seen.frame && seen.index <= in_flight.events)
      return fmt::format("{}/{}/{}", in_flight.frame.stream, in_flight.frame.partition.value,
                         in_flight.frame.base + in_flight.frame.batch->delta(seen.index - 1));
  return {};
}

model::WorkerLoss WorkerProcess::loss() const {
  model::WorkerLoss loss;
  loss.worker = name;
  loss.cause = cause_;
  loss.type = type_;
  loss.message = last_lines();
  if (cause_ == "engine") return loss;
  const Progress seen = progress();
  for (const InFlight& in_flight : frames)
    if (seen.index > 0 && in_flight.frame.id.value == seen.frame &&
        seen.index <= in_flight.events && seen.index > in_flight.covered) {
      loss.frame = in_flight.frame.id;
      loss.index = static_cast<std::uint32_t>(seen.index - 1);
    }
  return loss;
}

std::string WorkerProcess::last_lines() const {
  const std::string err = err_lines_.last_lines();
  return err.empty() ? out_lines_.last_lines() : err;
}

std::uint64_t WorkerProcess::memory_bytes() const {
  std::ifstream statm(fmt::format("/proc/{}/statm", process_.pid));
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  statm >> size >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace pelton::worker
