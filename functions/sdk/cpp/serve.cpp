// SPDX-License-Identifier: Apache-2.0
// The worker's loop: frames in, results out (proto/pelton/v1/worker.proto).
#include "engine/base/hash.h"
#include "engine/model/wire.h"
#include "functions/sdk/cpp/frame_view.h"
#include "functions/sdk/cpp/progress.h"
#include "functions/sdk/cpp/watch.h"

#include "pelton/function.h"
#include <boost/unordered/unordered_flat_set.hpp>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>

namespace pelton {

namespace detail {

namespace wire = model::wire;

namespace {

std::vector<std::uint32_t> numbers(std::string_view packed) {
  std::vector<std::uint32_t> values(packed.size() / 4);
  std::memcpy(values.data(), packed.data(), values.size() * 4);
  return values;
}

}  // namespace

bool read_invoke(std::string_view in, FrameView& frame) {
  wire::Field field;
  while (!in.empty()) {
    if (!wire::get_field(in, field)) return false;
    switch (field.number) {
      case 1:
        frame.id = field.number_value;
        break;
      case 2:
        frame.stream = field.bytes;
        break;
      case 3:
        frame.partition = static_cast<std::uint32_t>(field.number_value);
        break;
      case 4:
        frame.base = static_cast<std::int64_t>(field.number_value);
        break;
      case 5:
        frame.binding = field.bytes;
        break;
      case 6:
        frame.attempts = numbers(field.bytes);
        break;
      case 7:
        frame.keys = field.bytes;
        break;
      case 8:
        frame.key_ends = numbers(field.bytes);
        break;
      case 9:
        frame.order = field.number_value;
        break;
      case 10:
        frame.key_prefix = field.bytes;
        break;
      case 15: {
        auto batch = model::Batch::parse(std::string(field.bytes));
        if (!batch) return false;
        frame.batch = std::move(*batch);
        break;
      }
      default:
        break;
    }
  }
  return frame.batch != nullptr;
}

}  // namespace detail

namespace {

namespace wire = model::wire;
using SteadyClock = std::chrono::steady_clock;

enum Code : char { kDone = 0, kRetry = 1, kFail = 2, kSkipped = 3 };
constexpr std::uint64_t kOrderPartition = 1;
constexpr std::uint64_t kOrderNone = 2;
// Finished events are answered at least so often, so that they do not wait for slow ones behind
// them.
constexpr auto kFlushAfter = detail::Watch::kFlushAfter;
// And at least after so many bytes of outputs, so that no message is too large to send.
constexpr std::size_t kFlushBytes = 1U << 20;
// What one event may make: the engine takes messages of up to 64 MiB.
constexpr std::size_t kMaxEventBytes = 60U << 20;
// Names of streams that the outputs of a frame may have, and bytes of each.
constexpr std::size_t kMaxStreams = 1000;
constexpr std::size_t kMaxStreamBytes = 255;

void put_u32(std::string& out, std::uint32_t value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

class Server {
 public:
  Server(int fd, int progress_fd, const Handler& handler)
      : fd_(fd), handler_(handler), progress_(progress_fd) {}

  int run() {
    std::string message;
    while (receive(message)) {
      std::string_view in = message;
      wire::Field field;
      if (!wire::get_field(in, field)) return 1;
      if (field.number == 1) start(field.bytes);
      if (field.number == 2 && !invoke(field.bytes)) return 1;
    }
    return 0;
  }

 private:
  bool exactly(char* to, std::size_t count) const {
    while (count > 0) {
      const ssize_t got = ::recv(fd_, to, count, 0);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return false;
      to += got;
      count -= static_cast<std::size_t>(got);
    }
    return true;
  }

  bool receive(std::string& message) const {
    std::uint32_t length = 0;
    if (!exactly(reinterpret_cast<char*>(&length), sizeof length)) return false;
    message.resize(length);
    return exactly(message.data(), length);
  }

  void send(std::uint32_t number, std::string_view body) const {
    std::string out(4, '\0');
    wire::put_delimited(out, number, body);
    const auto length = static_cast<std::uint32_t>(out.size() - 4);
    std::memcpy(out.data(), &length, 4);
    std::string_view left = out;
    while (!left.empty()) {
      const ssize_t sent = ::send(fd_, left.data(), left.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent <= 0) std::_Exit(1);  // the engine is gone
      left.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  void start(std::string_view in) {
    wire::Field field;
    while (!in.empty() && wire::get_field(in, field)) {
      if (field.number == 2) function_ = field.bytes;
      if (field.number == 6) timeout_ = std::chrono::milliseconds(field.number_value);
    }
    std::string ready;
    wire::put_tag(ready, 1, wire::varint);
    wire::put_varint(ready, 1);
    wire::put_delimited(ready, 3, "cpp 0.1.0");
    wire::put_tag(ready, 4, wire::varint);
    wire::put_varint(ready, 1);
    send(1, ready);
  }

  bool invoke(std::string_view message) {
    frame_ = {};
    if (!detail::read_invoke(message, frame_)) return false;
    frame_.function = function_;
    frame_.timeout = timeout_;
    frame_.received_us = std::chrono::duration_cast<std::chrono::microseconds>(
                             std::chrono::system_clock::now().time_since_epoch())
                             .count();
    sink_.frame = &frame_;
    first_ = 0;
    held_back_.clear();
    all_held_back_ = false;
    const bool several = frame_.batch->size() > 1;
    if (several) watch_.frame(true);
    progress_.begin_frame(frame_.id);
    const bool whole = run_events();
    if (several) watch_.frame(false);
    flush(!whole);
    // Only now: should the answer not get through, the last event is the one to look at.
    progress_.end();
    return true;
  }

  // False: the engine wants the rest back.
  bool run_events() {
    now_ = flushed_ = SteadyClock::now();
    for (std::size_t i = 0; i < frame_.batch->size(); ++i) {
      if (!progress_.begin(i, now_)) return false;
      one(i);
      if (sink_.builder.payload_bytes() < kFlushBytes && now_ - flushed_ < kFlushAfter) continue;
      flush(false);
      now_ = flushed_;
    }
    return true;
  }

  void one(std::size_t i) {
    if (held_back(i)) {
      codes_.push_back(kSkipped);
      any_failed_ = true;
      return;
    }
    Outcome outcome;
    std::string type = "retry";
    try {
      Outputs outputs(sink_, i);
      frame_.begun = now_;
      watch_.enter(now_);
      outcome = handler_(Event(frame_, i), Context(frame_, i), outputs);
      if (outcome.kind == Outcome::Kind::fail) type = "fail";
    } catch (const std::exception& error) {
      outcome = retry(error.what());
      type = "exception";
    } catch (...) {
      outcome = retry("an exception that is no std::exception");
      type = "exception";
    }
    now_ = watch_.leave();
    if (outcome.kind == Outcome::Kind::done && sink_.bytes() > kMaxEventBytes)
      outcome = retry("the outputs of one event are more than 60 MiB");
    if (outcome.kind == Outcome::Kind::done && !name_streams())
      outcome = retry("the name of an output's stream is empty or too long, or there are too many");
    if (outcome.kind == Outcome::Kind::done) {
      keep_outputs(i);
      codes_.push_back(kDone);
    } else {
      failed(i, outcome, type);
    }
    sink_.at_hand.clear();
    sink_.texts.clear();
  }

  void failed(std::size_t i, const Outcome& outcome, const std::string& type) {
    codes_.push_back(outcome.kind == Outcome::Kind::fail ? kFail : kRetry);
    any_failed_ = true;
    std::string entry;
    wire::put_tag(entry, 1, wire::varint);
    wire::put_varint(entry, i);
    wire::put_delimited(entry, 2, type);
    wire::put_delimited(entry, 3, std::string_view(outcome.reason).substr(0, 4096));
    if (outcome.after) {
      wire::put_tag(entry, 5, wire::varint);
      wire::put_varint(
          entry, static_cast<std::uint64_t>(std::max<std::int64_t>(1, outcome.after->count())));
    }
    wire::put_delimited(failures_, 5, entry);
    if (frame_.order == kOrderNone) return;
    if (frame_.order == kOrderPartition) all_held_back_ = true;
    if (frame_.batch->has_key(i)) held_back_.insert(hash64(frame_.batch->key(i)));
  }

  bool held_back(std::size_t i) const {
    if (all_held_back_) return true;
    if (held_back_.empty() || !frame_.batch->has_key(i)) return false;
    return held_back_.contains(hash64(frame_.batch->key(i)));
  }

  // The streams that the outputs at hand name. False: one that no stream can have, or too many.
  bool name_streams() {
    for (const Output& output : sink_.at_hand) {
      if (!output.stream) continue;
      if (output.stream->empty() || output.stream->size() > kMaxStreamBytes) return false;
      if (std::ranges::find(sink_.streams, *output.stream) != sink_.streams.end()) continue;
      if (sink_.streams.size() == kMaxStreams) return false;
      sink_.streams.emplace_back(*output.stream);
    }
    return true;
  }

  std::uint32_t number_of(const std::optional<std::string_view>& stream) const {
    if (!stream) return 0;
    const auto found = std::ranges::find(sink_.streams, *stream);
    return static_cast<std::uint32_t>(found - sink_.streams.begin()) + 1;
  }

  void keep_outputs(std::size_t i) {
    const model::Batch& batch = *frame_.batch;
    const std::string source = sink_.at_hand.empty() ? "" : "function/" + function_;
    for (const Output& output : sink_.at_hand) {
      model::EventView event;
      event.data = output.data;
      event.has_key = output.key.has_value() || batch.has_key(i);
      event.key = output.key.value_or(batch.key(i));
      event.subject = output.subject.value_or(batch.subject(i));
      event.type = output.type.value_or(batch.type(i));
      event.source = output.source.value_or(source);
      event.content_type = output.content_type.value_or(batch.content_type(i));
      event.time_us = frame_.received_us;
      for (const auto& [name, value] : output.headers) event.headers.push_back({name, value});
      sink_.builder.add(event);
      sink_.parents.push_back(static_cast<std::uint32_t>(i));
      sink_.stream_numbers.push_back(number_of(output.stream));
    }
  }

  void flush(bool gives_back) {
    flushed_ = SteadyClock::now();
    if (codes_.empty() && !gives_back) return;
    std::string result;
    wire::put_tag(result, 1, wire::fixed64);
    result.append(reinterpret_cast<const char*>(&frame_.id), 8);
    wire::put_tag(result, 2, wire::varint);
    wire::put_varint(result, first_);
    wire::put_tag(result, 3, wire::varint);
    wire::put_varint(result, codes_.size());
    if (gives_back) {
      wire::put_tag(result, 7, wire::varint);
      wire::put_varint(result, 1);
    }
    if (any_failed_) wire::put_delimited(result, 4, codes_);
    result += failures_;
    if (!sink_.parents.empty()) {
      std::string parents;
      for (const std::uint32_t parent : sink_.parents) put_u32(parents, parent);
      wire::put_delimited(result, 6, parents);
      if (!sink_.streams.empty()) put_streams(result);
      wire::put_delimited(result, 15, sink_.builder.encode());
    }
    send(3, result);
    first_ += codes_.size();
    codes_.clear();
    failures_.clear();
    any_failed_ = false;
    sink_.builder.clear();
    sink_.parents.clear();
    sink_.streams.clear();
    sink_.stream_numbers.clear();
  }

  void put_streams(std::string& result) const {
    for (const std::string& name : sink_.streams) wire::put_delimited(result, 8, name);
    std::string numbers;
    for (const std::uint32_t number : sink_.stream_numbers) put_u32(numbers, number);
    wire::put_delimited(result, 9, numbers);
  }

  const int fd_;
  const Handler& handler_;
  detail::Progress progress_;
  std::string function_;
  std::chrono::milliseconds timeout_{};
  detail::FrameView frame_;
  detail::OutputSink sink_;
  std::size_t first_ = 0;  // events of the frame that are answered
  std::string codes_;      // of those that are not
  std::string failures_;
  bool any_failed_ = false;
  bool all_held_back_ = false;
  boost::unordered_flat_set<std::uint64_t> held_back_;
  SteadyClock::time_point flushed_{};
  SteadyClock::time_point now_{};                  // when the last event ended, and the next begins
  detail::Watch watch_{[this] { flush(false); }};  // last: it uses the others
};

}  // namespace

int serve(int, char** argv, const Handler& handler) {
  const char* fd = std::getenv("PELTON_FD");
  if (fd == nullptr) {
    std::fprintf(stderr,
                 "%s is a Pelton function; the engine starts it. Name it in a config file:\n"
                 "  functions:\n    my-function: { runtime: cpp, code: %s }\n",
                 argv[0], argv[0]);
    return 2;
  }
  const char* progress = std::getenv("PELTON_PROGRESS_FD");
  const int fds[2] = {std::atoi(fd), progress == nullptr ? -1 : std::atoi(progress)};
  // What the function starts gets neither the descriptors nor their names.
  for (const int own : fds)
    if (own >= 0) ::fcntl(own, F_SETFD, FD_CLOEXEC);
  ::unsetenv("PELTON_FD");
  ::unsetenv("PELTON_PROGRESS_FD");
  // A pipe would have its lines late, and lose them in a crash.
  std::setvbuf(stdout, nullptr, _IOLBF, 1U << 16);
  return Server(fds[0], fds[1], handler).run();
}

}  // namespace pelton
