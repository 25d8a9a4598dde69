// SPDX-License-Identifier: Apache-2.0
#include "engine/store/codec.h"

#include "engine/base/utf8.h"
#include "engine/model/offset_ranges.h"
#include "engine/model/wire.h"
#include "engine/store/keys.h"

#include <pelton/v1/record.pb.h>

namespace pelton::store::codec {
namespace {

std::unexpected<Error> damaged(std::string_view what) {
  return fail(ErrorKind::corrupt, "E4001", "a stored {} is damaged", what);
}

constexpr std::size_t kFieldHead = 16;  // tag and length, at most

template <typename Message>
bool parse(Message& message, std::string_view bytes) {
  return message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

void fill(v1::RetryState& out, const model::RetryState& state) {
  out.set_attempts(state.attempts);
  out.set_worker_kills(state.worker_kills);
  out.set_next_us(to_us(state.next));
  out.set_first_us(to_us(state.first));
  for (const model::Attempt& attempt : state.history) {
    v1::AttemptRecord& record = *out.add_history();
    record.set_number(attempt.number);
    record.set_time_us(to_us(attempt.time));
    record.set_cause(attempt.cause);
    record.set_type(attempt.type);
    record.set_message(attempt.message);
    record.set_stack(attempt.stack);
    record.set_worker(attempt.worker);
  }
}

model::RetryState read(const v1::RetryState& in) {
  model::RetryState state;
  state.attempts = in.attempts();
  state.worker_kills = in.worker_kills();
  state.next = from_us(in.next_us());
  state.first = from_us(in.first_us());
  for (const v1::AttemptRecord& record : in.history())
    add_attempt(state, {record.number(), from_us(record.time_us()), record.cause(), record.type(),
                        record.message(), record.stack(), record.worker()});
  return state;
}

// Text that reaches a proto string field must be UTF-8; what a worker wrote may not be.
model::RetryState clean(model::RetryState state) {
  for (model::Attempt& attempt : state.history) {
    for (std::string* text :
         {&attempt.cause, &attempt.type, &attempt.message, &attempt.stack, &attempt.worker})
      *text = to_utf8(*text);
  }
  return state;
}

}  // namespace

std::string encode(const model::Progress& cursor) {
  v1::Cursor message;
  message.set_cursor(cursor.settled);
  Offset at = cursor.settled;
  for (const OffsetRange& range : cursor.completed) {
    message.add_range(static_cast<std::uint32_t>(range.begin - at));
    message.add_range(static_cast<std::uint32_t>(range.end - range.begin));
    at = range.end;
  }
  return message.SerializeAsString();
}

Result<model::Progress> decode_cursor(std::string_view bytes) {
  v1::Cursor message;
  if (!parse(message, bytes) || message.range_size() % 2 != 0 || message.cursor() < 0)
    return damaged("cursor");
  model::Progress cursor{message.cursor(), {}};
  Offset at = cursor.settled;
  for (int i = 0; i < message.range_size(); i += 2) {
    const Offset begin = at + message.range(i);
    at = begin + message.range(i + 1);
    cursor.completed.push_back({begin, at});
  }
  return cursor;
}

std::optional<std::string> joined_cursors(std::span<const std::string_view> encoded) {
  model::OffsetRanges all;
  for (const std::string_view bytes : encoded) {
    auto cursor = decode_cursor(bytes);
    if (!cursor) return std::nullopt;
    model::apply({{}, {}, std::move(*cursor), true}, all);
  }
  return encode(all.stored());
}

std::string encode(const model::RetryState& state) {
  v1::RetryState message;
  fill(message, clean(state));
  return message.SerializeAsString();
}

Result<model::RetryState> decode_retry(std::string_view bytes) {
  v1::RetryState message;
  if (!parse(message, bytes)) return damaged("retry state");
  return read(message);
}

std::string joined_retries(std::string_view stored, std::string_view update) {
  std::string all(stored);
  all += update;
  if (all.size() <= 2 * model::kMaxHistoryBytes) return all;
  const auto state = decode_retry(all);
  return state ? encode(*state) : all;
}

std::string encode(const model::DeadLetter& letter) {
  v1::DeadLetter message;
  message.set_binding(letter.binding);
  message.set_stream(letter.stream);
  message.set_partition(letter.id.partition.value);
  message.set_offset(letter.id.offset);
  message.set_time_us(to_us(letter.time));
  message.set_reason(letter.reason);
  message.set_function(letter.function);
  message.set_idempotency_key(to_utf8(letter.idempotency_key));
  fill(*message.mutable_history(), clean(letter.retry));
  message.set_replays(letter.replays);
  std::string out;
  const std::string_view event = letter.event ? letter.event->bytes() : std::string_view{};
  out.reserve(message.ByteSizeLong() + event.size() + kFieldHead);
  message.AppendToString(&out);
  // It may be large: it is copied once.
  model::wire::put_delimited(out, v1::DeadLetter::kEventFieldNumber, event);
  return out;
}

Result<model::DeadLetter> decode_dead_letter(const model::DeadLetterId& id,
                                             std::string_view bytes) {
  v1::DeadLetter message;
  if (!parse(message, bytes)) return damaged("dead letter");
  auto event = model::Batch::parse(std::move(*message.mutable_event()));
  if (!event) return std::unexpected(std::move(event.error()).within("dead letter"));
  model::DeadLetter letter;
  letter.id = id;
  letter.binding = message.binding();
  letter.stream = message.stream();
  letter.function = message.function();
  letter.time = from_us(message.time_us());
  letter.reason = message.reason();
  letter.idempotency_key = message.idempotency_key();
  letter.retry = read(message.history());
  letter.replays = message.replays();
  letter.event = std::move(*event);
  return letter;
}

std::string encode(std::span<const Hash128> fingerprints) {
  std::string out;
  out.reserve(fingerprints.size() * sizeof(Hash128));
  for (const Hash128& fingerprint : fingerprints) {
    keys::put_u64(out, fingerprint.high);
    keys::put_u64(out, fingerprint.low);
  }
  return out;
}

Result<std::vector<Hash128>> decode_fingerprints(std::string_view bytes) {
  if (bytes.empty() || bytes.size() % sizeof(Hash128) != 0) return damaged("idempotency record");
  std::vector<Hash128> fingerprints(bytes.size() / sizeof(Hash128));
  for (Hash128& fingerprint : fingerprints) {
    fingerprint.high = keys::take_u64(bytes);
    fingerprint.low = keys::take_u64(bytes);
  }
  return fingerprints;
}

}  // namespace pelton::store::codec
