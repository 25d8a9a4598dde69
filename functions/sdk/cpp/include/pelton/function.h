// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Functions for Pelton, in C++: one handler and one line of main.
//
//   #include <pelton/function.h>
//
//   pelton::Outcome handle(const pelton::Event& event, const pelton::Context&, pelton::Outputs&
//   out) {
//     if (event.data().empty()) return pelton::fail("empty reading");
//     out.add(event.data());
//     return pelton::done();
//   }
//   int main(int argc, char** argv) { return pelton::serve(argc, argv, handle); }
//
// The handler is called for one event at a time, on one thread. An exception of type std::exception
// is a failed attempt: the event is tried again as the binding's `retry` says.
namespace pelton {

namespace detail {
struct FrameView;
struct OutputSink;
}  // namespace detail

// View of an event in its frame: nothing is copied. Valid during the call of the handler.
class Event {
 public:
  Event(const detail::FrameView& frame, std::size_t index) : frame_(&frame), index_(index) {}

  std::string_view data() const;
  bool has_data() const;  // false: a tombstone
  bool has_key() const;
  std::string_view key() const;
  std::string id() const;  // CloudEvents id, or "<stream>/<partition>/<offset>"
  std::string_view subject() const;
  std::string_view type() const;
  std::string_view source() const;
  std::string_view content_type() const;
  std::int64_t time_us() const;  // Unix time, microseconds
  std::vector<std::pair<std::string_view, std::string_view>> headers() const;

 private:
  const detail::FrameView* frame_;
  std::size_t index_;
};

// What surrounds the event at hand. Valid during the call.
class Context {
 public:
  Context(const detail::FrameView& frame, std::size_t index) : frame_(&frame), index_(index) {}

  std::uint32_t attempt() const;        // from 1
  std::string idempotency_key() const;  // the same in every delivery of this event
  std::string_view stream() const;
  std::uint32_t partition() const;
  std::int64_t offset() const;
  std::string_view binding() const;
  std::string_view function() const;
  // When this event's time is over.
  std::chrono::system_clock::time_point deadline() const;
  std::chrono::milliseconds remaining() const;  // until then; 0: it is over

 private:
  const detail::FrameView* frame_;
  std::size_t index_;
};

// An event that a handler makes. What is absent is taken from the event that it is made from.
struct Output {
  std::string_view data;
  std::optional<std::string_view> key;
  std::optional<std::string_view> subject;
  std::optional<std::string_view> type;
  std::optional<std::string_view> source;  // default: function/<name>
  std::optional<std::string_view> content_type;
  std::vector<std::pair<std::string_view, std::string_view>> headers;
  // One of the streams in the binding's `to`; absent: the first of them. Any other fails the event
  // that it is made from.
  std::optional<std::string_view> stream{};
};

// Takes the outputs of the event at hand; copies what it is given. Dropped when the event is not
// done.
class Outputs {
 public:
  Outputs(detail::OutputSink& sink, std::size_t index) : sink_(&sink), index_(index) {}
  void add(const Output& output);
  void add(std::string_view data) { add(Output{data, {}, {}, {}, {}, {}, {}, {}}); }

 private:
  detail::OutputSink* sink_;
  std::size_t index_;
};

// What became of the event.
struct Outcome {
  enum class Kind { done, retry, fail } kind = Kind::done;
  std::string reason;
  std::optional<std::chrono::milliseconds> after;  // of a retry; absent: the binding's backoff
};
inline Outcome done() {
  return {};
}
inline Outcome retry(std::string reason,
                     std::optional<std::chrono::milliseconds> after = std::nullopt) {
  return {Outcome::Kind::retry, std::move(reason), after};
}
// The event can never be done: a dead letter now.
inline Outcome fail(std::string reason) {
  return {Outcome::Kind::fail, std::move(reason), std::nullopt};
}

using Handler = std::function<Outcome(const Event&, const Context&, Outputs&)>;

// Serves the engine that started this process until it says to end. Returns main's exit code;
// started by hand it prints how to run it and returns 2.
int serve(int argc, char** argv, const Handler& handler);

}  // namespace pelton
