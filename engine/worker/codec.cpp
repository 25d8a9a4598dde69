// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/codec.h"

#include "engine/model/wire.h"

#include <pelton/v1/worker.pb.h>

#include <cstring>

namespace pelton::worker::codec {
namespace {

namespace wire = model::wire;

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

std::uint64_t order_number(config::Order order) {
  switch (order) {
    case config::Order::key:
      return 0;
    case config::Order::partition:
      return 1;
    case config::Order::none:
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

std::vector<std::uint32_t> numbers(std::string_view packed) {
  std::vector<std::uint32_t> values(packed.size() / 4);
  std::memcpy(values.data(), packed.data(), values.size() * 4);
  return values;
}

bool decode_failure(std::string_view in, dispatch::Failure& failure) {
  wire::Field field;
  while (!in.empty()) {
    if (!wire::get_field(in, field)) return false;
    if (field.number == 1) failure.index = static_cast<std::uint32_t>(field.number_value);
    if (field.number == 2) failure.type = field.bytes;
    if (field.number == 3) failure.message = field.bytes;
    if (field.number == 4) failure.stack = field.bytes;
    if (field.number == 5 && field.number_value > 0)
      failure.retry_after = std::chrono::milliseconds(field.number_value);
  }
  return true;
}

// Joins the outcome bytes with the failures that explain them.
Status merge_outcomes(std::string_view outcomes, std::vector<dispatch::Failure>& explained,
                      dispatch::FrameResult& result) {
  if (!outcomes.empty() && outcomes.size() != result.count)
    return garbage("as many outcomes as events are needed");
  std::size_t next = 0;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const auto code = static_cast<std::uint8_t>(outcomes[i]);
    if (code > 3) return garbage("an unknown outcome");
    if (code == 0) continue;
    dispatch::Failure failure;
    const auto index = static_cast<std::uint32_t>(result.first + i);
    if (next < explained.size() && explained[next].index == index)
      failure = std::move(explained[next++]);
    failure.index = index;
    failure.code = static_cast<dispatch::OutcomeCode>(code);
    result.not_done.push_back(std::move(failure));
  }
  if (next != explained.size()) return garbage("a failure of an event that is done");
  return {};
}

Result<FromWorker> decode_result(std::string_view in) {
  Answer answer;
  std::string_view outcomes;
  std::string_view outputs;
  std::vector<dispatch::Failure> explained;
  wire::Field field;
  while (!in.empty()) {
    if (!wire::get_field(in, field)) return garbage("broken result");
    if (field.number == 1) answer.frame = FrameId{field.number_value};
    if (field.number == 2) answer.result.first = static_cast<std::uint32_t>(field.number_value);
    if (field.number == 3) answer.result.count = static_cast<std::uint32_t>(field.number_value);
    if (field.number == 4) outcomes = field.bytes;
    if (field.number == 5 && !decode_failure(field.bytes, explained.emplace_back()))
      return garbage("broken failure");
    if (field.number == 6) answer.result.output_parents = numbers(field.bytes);
    if (field.number == 15) outputs = field.bytes;
  }
  if (auto ok = merge_outcomes(outcomes, explained, answer.result); !ok)
    return std::unexpected(ok.error());
  if (!outputs.empty()) {
    auto batch = model::Batch::parse(std::string(outputs));
    if (!batch) return garbage(batch.error().message);
    answer.result.outputs = std::move(*batch);
  }
  return answer;
}

}  // namespace

std::string encode_start(const config::Function& function, const std::string& worker) {
  v1::ToWorker message;
  v1::Start& start = *message.mutable_start();
  start.set_protocol(kProtocol);
  start.set_function(function.name);
  start.set_handler(function.handler);
  start.set_code(function.code.string());
  start.set_worker(worker);
  start.set_timeout_ms(static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(function.timeout).count()));
  std::string out;
  put_u32(out, static_cast<std::uint32_t>(message.ByteSizeLong()));
  message.AppendToString(&out);
  return out;
}

std::string encode_invoke_header(const dispatch::Frame& frame) {
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
    return Ready{ready.batch_handler(), ready.sdk()};
  }
  if (field.number == 2) {
    v1::StartFailed failed;
    if (!failed.ParseFromArray(field.bytes.data(), size)) return garbage("broken StartFailed");
    return StartFailed{failed.type(), failed.message(), failed.stack()};
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
