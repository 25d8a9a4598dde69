// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/runtimes/native/codec.h"

#include "engine/base/utf8.h"
#include "engine/model/wire.h"

#include <pelton/v1/worker.pb.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace pelton::worker::codec {
namespace {

namespace wire = model::wire;

// Bounds of what is kept of a failure (worker.proto names them).
constexpr std::size_t kMaxType = 256;
constexpr std::size_t kMaxMessage = 4096;
constexpr std::size_t kMaxStack = 16384;
// Of the streams that outputs name: how many, and the bytes of each.
constexpr std::size_t kMaxStreams = 1000;
constexpr std::size_t kMaxStreamBytes = 255;
// A year: a function that asks for more has made a mistake, and the sum of times stays a time.
constexpr std::uint64_t kMaxRetryAfterMs = 365ULL * 24 * 3600 * 1000;

// 0001-01-01 and 9999-12-31.
constexpr std::int64_t kFirstTimeUs = -62'135'596'800'000'000;
constexpr std::int64_t kLastTimeUs = 253'402'300'799'999'999;

// OutcomeCode::UNBLAMED.
constexpr char kUnblamed = 4;

// Outputs that all agree take no space in a frame; they do once they are split by partition.
constexpr std::uint64_t kMaxUnpackedOutputs = 2 * kMaxFrameBytes;

std::unexpected<Error> garbage(std::string_view what) {
  return fail(ErrorKind::invalid, "E3003", "the worker sent a frame that is not one: {}", what);
}

void put_u32(std::string& out, std::uint32_t value) {
  char bytes[4];
  std::memcpy(bytes, &value, 4);
  out.append(bytes, 4);
}

void put_fixed64(std::string& out, std::uint32_t field, std::uint64_t value) {
  wire::put_tag(out, field, wire::fixed64);
  char bytes[8];
  std::memcpy(bytes, &value, 8);
  out.append(bytes, 8);
}

void put_varint(std::string& out, std::uint32_t field, std::uint64_t value) {
  wire::put_tag(out, field, wire::varint);
  wire::put_varint(out, value);
}

std::uint64_t order_number(model::Order order) {
  switch (order) {
    case model::Order::key:
      return 0;
    case model::Order::partition:
      return 1;
    case model::Order::none:
      return 2;
  }
  return 0;
}

void put_keys(std::string& out, const std::vector<std::string>& keys) {
  if (keys.empty()) return;
  std::string bytes;
  std::string ends;
  for (const std::string& key : keys) {
    bytes += key;
    put_u32(ends, static_cast<std::uint32_t>(bytes.size()));
  }
  wire::put_delimited(out, 7, bytes);
  wire::put_delimited(out, 8, ends);
}

bool take_numbers(const wire::Field& field, std::vector<std::uint32_t>& values) {
  if (field.type != wire::delimited || field.bytes.size() % 4 != 0) return false;
  const std::size_t before = values.size();
  values.resize(before + field.bytes.size() / 4);
  if (!field.bytes.empty())
    std::memcpy(values.data() + before, field.bytes.data(), field.bytes.size());
  return true;
}

bool take_u32(const wire::Field& field, std::uint32_t& value) {
  if (field.type != wire::varint || field.number_value > UINT32_MAX) return false;
  value = static_cast<std::uint32_t>(field.number_value);
  return true;
}

// A text for people: bounded, and UTF-8 whatever the worker sent. Of what is longer the end is
// kept when it is a stack, else the beginning.
bool take_text(const wire::Field& field, std::size_t most, bool keep_end, std::string& text) {
  if (field.type != wire::delimited) return false;
  std::string_view bytes = field.bytes;
  if (bytes.size() > most)
    bytes = keep_end ? bytes.substr(bytes.size() - most) : bytes.substr(0, most);
  text = to_utf8(bytes);
  return true;
}

bool take_delay(const wire::Field& field, std::optional<Duration>& delay) {
  if (field.type != wire::varint) return false;
  if (field.number_value > 0)
    delay = std::chrono::milliseconds(std::min(field.number_value, kMaxRetryAfterMs));
  return true;
}

bool decode_failure(const wire::Field& from, model::Failure& failure) {
  if (from.type != wire::delimited) return false;
  std::string_view in = from.bytes;
  wire::Field field;
  while (!in.empty()) {
    if (!wire::get_field(in, field)) return false;
    bool good = true;
    if (field.number == 1) good = take_u32(field, failure.index);
    if (field.number == 2) good = take_text(field, kMaxType, false, failure.type);
    if (field.number == 3) good = take_text(field, kMaxMessage, false, failure.message);
    if (field.number == 4) good = take_text(field, kMaxStack, true, failure.stack);
    if (field.number == 5) good = take_delay(field, failure.retry_after);
    if (!good) return false;
  }
  return true;
}

// One call had all these events and failed.
Status merge_unblamed(std::string_view outcomes, const std::vector<model::Failure>& explained,
                      model::FrameResult& result) {
  if (outcomes.find_first_not_of(kUnblamed) != std::string_view::npos || !explained.empty())
    return garbage("an event without blame among others");
  result.together = true;
  result.not_done.emplace_back().index = result.first;
  return {};
}

// Joins the outcome bytes with the failures that explain them.
Status merge_outcomes(std::string_view outcomes, std::vector<model::Failure>& explained,
                      model::FrameResult& result) {
  if (!outcomes.empty() && outcomes.size() != result.count)
    return garbage("as many outcomes as events are needed");
  if (outcomes.starts_with(kUnblamed)) return merge_unblamed(outcomes, explained, result);
  std::size_t next = 0;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const auto code = static_cast<std::uint8_t>(outcomes[i]);
    if (code > 3) return garbage("an unknown outcome");
    if (code == 0) continue;
    model::Failure failure;
    const auto index = static_cast<std::uint32_t>(result.first + i);
    if (next < explained.size() && explained[next].index == index)
      failure = std::move(explained[next++]);
    failure.index = index;
    failure.code = static_cast<model::OutcomeCode>(code);
    result.not_done.push_back(std::move(failure));
  }
  if (next != explained.size()) return garbage("a failure of an event that is done");
  return {};
}

// The fields of a Result, as far as they are found.
struct ResultFields {
  Answer answer;
  std::string_view outcomes;
  std::string_view outputs;
  std::vector<model::Failure> explained;
};

bool take_bytes(const wire::Field& field, std::string_view& bytes) {
  if (field.type != wire::delimited) return false;
  bytes = field.bytes;
  return true;
}

bool take_stream(const wire::Field& field, std::vector<std::string>& streams) {
  if (field.type != wire::delimited || streams.size() == kMaxStreams) return false;
  streams.push_back(to_utf8(field.bytes.substr(0, kMaxStreamBytes)));
  return true;
}

bool take_result_field(const wire::Field& field, ResultFields& to) {
  switch (field.number) {
    case 1:
      to.answer.frame = FrameId{field.number_value};
      return field.type == wire::fixed64;
    case 2:
      return take_u32(field, to.answer.result.first);
    case 3:
      return take_u32(field, to.answer.result.count);
    case 4:
      return take_bytes(field, to.outcomes);
    case 5:
      return decode_failure(field, to.explained.emplace_back());
    case 6:
      return take_numbers(field, to.answer.result.output_parents);
    case 7:
      to.answer.gives_back = field.number_value != 0;
      return field.type == wire::varint;
    case 8:
      return take_stream(field, to.answer.result.streams);
    case 9:
      return take_numbers(field, to.answer.result.output_streams);
    case 15:
      return take_bytes(field, to.outputs);
    default:
      return true;
  }
}

// What is stored as it comes: a place in a stream is not the worker's to choose, and a time is one
// that RFC 3339 can write.
Status check_outputs(const model::Batch& outputs) {
  if (!outputs.consecutive()) return garbage("outputs with offsets");
  if (outputs.unpacked() > kMaxUnpackedOutputs)
    return garbage(fmt::format("{} outputs at once are too many", outputs.size()));
  for (std::size_t i = 0; i < outputs.size(); ++i)
    if (const auto time = outputs.time_us(i); time < kFirstTimeUs || time > kLastTimeUs)
      return garbage("an output whose time is not between the years 1 and 9999");
  return {};
}

Status check_streams(const model::FrameResult& result) {
  if (result.output_streams.empty()) return {};
  if (!result.outputs || result.output_streams.size() != result.outputs->size())
    return garbage("as many streams as outputs are needed");
  if (std::ranges::max(result.output_streams) > result.streams.size())
    return garbage("an output for a stream that has no name");
  return {};
}

Result<FromWorker> decode_result(std::string_view in) {
  ResultFields fields;
  wire::Field field;
  while (!in.empty())
    if (!wire::get_field(in, field) || !take_result_field(field, fields))
      return garbage("broken result");
  if (auto ok = merge_outcomes(fields.outcomes, fields.explained, fields.answer.result); !ok)
    return std::unexpected(ok.error());
  if (!fields.outputs.empty()) {
    auto batch = model::Batch::parse(std::string(fields.outputs));
    if (!batch) return garbage(batch.error().message);
    if (auto ok = check_outputs(**batch); !ok) return std::unexpected(ok.error());
    fields.answer.result.outputs = std::move(*batch);
  }
  if (auto ok = check_streams(fields.answer.result); !ok) return std::unexpected(ok.error());
  return std::move(fields.answer);
}

}  // namespace

std::string encode_start(const config::Function& function, const Handler& handler,
                         const std::string& worker) {
  v1::ToWorker message;
  v1::Start& start = *message.mutable_start();
  start.set_protocol(kProtocol);
  start.set_function(function.name);
  start.set_handler(handler.name);
  start.set_code(handler.code);
  start.set_worker(worker);
  start.set_timeout_ms(static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(function.timeout).count()));
  std::string out;
  put_u32(out, static_cast<std::uint32_t>(message.ByteSizeLong()));
  message.AppendToString(&out);
  return out;
}

std::string encode_invoke_header(const model::Frame& frame) {
  const std::string_view batch = frame.batch->bytes();
  std::string invoke;
  put_fixed64(invoke, 1, frame.id.value);
  wire::put_delimited(invoke, 2, frame.stream);
  put_varint(invoke, 3, frame.partition.value);
  put_fixed64(invoke, 4, static_cast<std::uint64_t>(frame.base));
  wire::put_delimited(invoke, 5, frame.binding);
  if (!frame.attempts.empty())
    wire::put_delimited(invoke, 6,
                        {reinterpret_cast<const char*>(frame.attempts.data()),
                         frame.attempts.size() * sizeof(std::uint32_t)});
  put_keys(invoke, frame.idempotency_keys);
  put_varint(invoke, 9, order_number(frame.order));
  wire::put_delimited(invoke, 10, frame.key_prefix);
  wire::put_tag(invoke, 15, wire::delimited);
  wire::put_varint(invoke, batch.size());
  std::string out(4, '\0');
  wire::put_tag(out, 2, wire::delimited);
  wire::put_varint(out, invoke.size() + batch.size());
  out += invoke;
  const auto length = static_cast<std::uint32_t>(out.size() - 4 + batch.size());
  std::memcpy(out.data(), &length, 4);
  return out;
}

Result<FromWorker> decode(std::string_view bytes) {
  wire::Field field;
  if (!wire::get_field(bytes, field) || field.type != wire::delimited || !bytes.empty())
    return garbage("broken message");
  const int size = static_cast<int>(field.bytes.size());
  if (field.number == 1) {
    v1::Ready ready;
    if (!ready.ParseFromArray(field.bytes.data(), size)) return garbage("broken Ready");
    if (ready.protocol() != kProtocol)
      return fail(ErrorKind::invalid, "E3003", "the worker speaks protocol {}, the engine {}",
                  ready.protocol(), kProtocol);
    return Ready{ready.batch_handler(), ready.gives_back(), ready.sdk()};
  }
  if (field.number == 2) {
    v1::StartFailed failed;
    if (!failed.ParseFromArray(field.bytes.data(), size)) return garbage("broken StartFailed");
    return StartFailed{to_utf8(failed.type().substr(0, kMaxType)),
                       to_utf8(failed.message().substr(0, kMaxMessage)),
                       to_utf8(failed.stack().substr(0, kMaxStack))};
  }
  if (field.number == 3) return decode_result(field.bytes);
  return garbage("unknown message");
}

std::optional<std::uint32_t> frame_length(std::string_view buffer) {
  if (buffer.size() < 4) return std::nullopt;
  std::uint32_t length = 0;
  std::memcpy(&length, buffer.data(), 4);
  return length;
}

}  // namespace pelton::worker::codec
