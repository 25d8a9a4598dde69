// SPDX-License-Identifier: Apache-2.0
#include "functions/sdk/cpp/frame_view.h"

#include "pelton/function.h"

#include <algorithm>

namespace pelton {

std::string_view Event::data() const {
  return frame_->batch->data(index_);
}
bool Event::has_data() const {
  return frame_->batch->has_data(index_);
}
bool Event::has_key() const {
  return frame_->batch->has_key(index_);
}
std::string_view Event::key() const {
  return frame_->batch->key(index_);
}
std::string Event::id() const {
  const std::string_view id = frame_->batch->id(index_);
  return id.empty() ? frame_->place(index_) : std::string(id);
}
std::string_view Event::subject() const {
  return frame_->batch->subject(index_);
}
std::string_view Event::type() const {
  return frame_->batch->type(index_);
}
std::string_view Event::source() const {
  return frame_->batch->source(index_);
}
std::string_view Event::content_type() const {
  return frame_->batch->content_type(index_);
}
std::int64_t Event::time_us() const {
  return frame_->batch->time_us(index_);
}

std::vector<std::pair<std::string_view, std::string_view>> Event::headers() const {
  std::vector<std::pair<std::string_view, std::string_view>> pairs;
  for (const model::Header& header : frame_->batch->headers(index_))
    pairs.emplace_back(header.name, header.value);
  return pairs;
}

std::uint32_t Context::attempt() const {
  const auto& attempts = frame_->attempts;
  if (attempts.empty()) return 1;
  return attempts.size() == 1 ? attempts.front() : attempts[index_];
}

std::string Context::idempotency_key() const {
  if (frame_->key_ends.empty()) return frame_->key_prefix + std::to_string(frame_->offset(index_));
  const std::uint32_t from = index_ == 0 ? 0 : frame_->key_ends[index_ - 1];
  return frame_->keys.substr(from, frame_->key_ends[index_] - from);
}

std::string_view Context::stream() const {
  return frame_->stream;
}
std::uint32_t Context::partition() const {
  return frame_->partition;
}
std::int64_t Context::offset() const {
  return frame_->offset(index_);
}
std::string_view Context::binding() const {
  return frame_->binding;
}
std::string_view Context::function() const {
  return frame_->function;
}
std::chrono::system_clock::time_point Context::deadline() const {
  const auto left = frame_->begun + frame_->timeout - std::chrono::steady_clock::now();
  return std::chrono::system_clock::now() +
         std::chrono::duration_cast<std::chrono::system_clock::duration>(left);
}
std::chrono::milliseconds Context::remaining() const {
  const auto left = frame_->begun + frame_->timeout - std::chrono::steady_clock::now();
  return std::max(std::chrono::milliseconds(0),
                  std::chrono::duration_cast<std::chrono::milliseconds>(left));
}

void Outputs::add(const Output& output) {
  // Kept aside until the event is done; copied, since the handler's own strings end with it.
  auto keep = [&](std::string_view text) -> std::string_view {
    return sink_->texts.emplace_back(text);
  };
  auto keep_optional = [&](const std::optional<std::string_view>& text) {
    return text ? std::optional(keep(*text)) : std::nullopt;
  };
  Output kept;
  kept.data = keep(output.data);
  kept.key = keep_optional(output.key);
  kept.subject = keep_optional(output.subject);
  kept.type = keep_optional(output.type);
  kept.source = keep_optional(output.source);
  kept.content_type = keep_optional(output.content_type);
  kept.stream = keep_optional(output.stream);
  for (const auto& [name, value] : output.headers)
    kept.headers.emplace_back(keep(name), keep(value));
  sink_->at_hand.push_back(std::move(kept));
}

}  // namespace pelton
