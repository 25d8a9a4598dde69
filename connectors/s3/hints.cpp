// SPDX-License-Identifier: Apache-2.0
#include "connectors/s3/hints.h"

#include "connectors/s3/uri.h"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

namespace pelton::s3 {
namespace {

namespace json = boost::json;

std::string text_at(const json::value& from, std::string_view pointer) {
  boost::system::error_code missing;
  const json::value* at = from.find_pointer(pointer, missing);
  return at != nullptr && at->is_string() ? std::string(at->get_string()) : std::string();
}

}  // namespace

std::vector<Hint> read_notification(std::string_view text) {
  boost::system::error_code error;
  const json::value document = json::parse(text, error);
  const json::value* records = error ? nullptr : document.find_pointer("/Records", error);
  std::vector<Hint> hints;
  if (records == nullptr || !records->is_array()) return hints;
  for (const json::value& record : records->get_array()) {
    const auto key = form_decoded(text_at(record, "/s3/object/key"));
    Hint hint{text_at(record, "/s3/bucket/name"), key.value_or("")};
    if (!hint.bucket.empty() && !hint.key.empty()) hints.push_back(std::move(hint));
  }
  return hints;
}

void Hints::refresh() {
  if (!box_) return;
  for (const std::string& text : box_->take()) {
    const std::vector<Hint> hints = read_notification(text);
    unreadable_ += hints.empty() && !text.contains("s3:TestEvent") ? 1 : 0;
    for (const Hint& hint : hints) {
      if (hint.bucket != bucket_ || !hint.key.starts_with(prefix_)) continue;
      if (keys_.size() >= kMaxKeys)
        left_out_ = true;
      else if (waiting_.insert(hint.key).second)
        keys_.push_back(hint.key);
    }
  }
}

std::string Hints::next() {
  std::string key = std::move(keys_.front());
  keys_.pop_front();
  waiting_.erase(key);
  return key;
}

}  // namespace pelton::s3
