// SPDX-License-Identifier: Apache-2.0
#include "engine/store/keys.h"

#include <algorithm>

namespace pelton::store::keys {

void put_u32(std::string& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

void put_u64(std::string& out, std::uint64_t value) {
  put_u32(out, static_cast<std::uint32_t>(value >> 32));
  put_u32(out, static_cast<std::uint32_t>(value));
}

std::uint32_t take_u32(std::string_view& in) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = (value << 8) | static_cast<unsigned char>(in[i]);
  in.remove_prefix(4);
  return value;
}

std::uint64_t take_u64(std::string_view& in) {
  const std::uint64_t high = take_u32(in);
  return (high << 32) | take_u32(in);
}

std::string behind(std::string_view prefix) {
  std::string key(prefix);
  while (!key.empty() && key.back() == '\xff') key.pop_back();
  if (!key.empty()) ++key.back();
  return key;
}

std::string partition(model::StreamPartition at) {
  std::string key;
  put_u32(key, at.stream.value);
  put_u32(key, at.partition.value);
  return key;
}

std::string batch(model::StreamPartition at, Offset base) {
  std::string key = partition(at);
  put_u64(key, static_cast<std::uint64_t>(base));
  return key;
}

Offset batch_base(std::string_view key) {
  key.remove_prefix(8);
  return static_cast<Offset>(take_u64(key));
}

std::string cursor(BindingId binding, model::StreamPartition at) {
  std::string key;
  put_u32(key, binding.value);
  return key + partition(at);
}

std::string retry(BindingId binding, model::StreamPartition at, Offset offset) {
  std::string key = cursor(binding, at);
  put_u64(key, static_cast<std::uint64_t>(offset));
  return key;
}

std::string dead_letter(const model::DeadLetterId& id) {
  std::string key;
  put_u32(key, id.binding.value);
  put_u32(key, id.partition.value);
  put_u64(key, static_cast<std::uint64_t>(id.offset));
  put_u64(key, id.stream.value);
  return key;
}

model::DeadLetterId dead_letter_id(std::string_view key) {
  model::DeadLetterId id;
  id.binding.value = take_u32(key);
  id.partition.value = take_u32(key);
  id.offset = static_cast<Offset>(take_u64(key));
  id.stream.value = take_u64(key);
  return id;
}

std::string idempotency_from(BindingId binding, WallTime time) {
  std::string key;
  put_u32(key, binding.value);
  put_u64(key, static_cast<std::uint64_t>(std::max<std::int64_t>(0, to_us(time))));
  return key;
}

std::string idempotency(BindingId binding, WallTime time, std::uint64_t group,
                        std::uint32_t index) {
  std::string key = idempotency_from(binding, time);
  put_u64(key, group);
  put_u32(key, index);
  return key;
}

WallTime idempotency_time(std::string_view key) {
  key.remove_prefix(4);
  return from_us(static_cast<std::int64_t>(take_u64(key)));
}

std::string ledger(std::string_view connector, std::string_view key) {
  std::string out(connector);
  out.push_back('\0');
  return out.append(key);
}

}  // namespace pelton::store::keys
