// SPDX-License-Identifier: Apache-2.0
#include "engine/store/keys.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace pelton::store::keys {
namespace {

static_assert(std::endian::native == std::endian::little);

template <typename T>
void put(std::string& out, T value) {
  value = std::byteswap(value);
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <typename T>
T take(std::string_view& in) {
  T value = 0;
  std::memcpy(&value, in.data(), sizeof value);
  in.remove_prefix(sizeof value);
  return std::byteswap(value);
}

}  // namespace

void put_u32(std::string& out, std::uint32_t value) {
  put(out, value);
}

void put_u64(std::string& out, std::uint64_t value) {
  put(out, value);
}

std::uint32_t take_u32(std::string_view& in) {
  return take<std::uint32_t>(in);
}

std::uint64_t take_u64(std::string_view& in) {
  return take<std::uint64_t>(in);
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
