// SPDX-License-Identifier: Apache-2.0
#include "engine/base/notices.h"

#include <utility>

namespace pelton {

bool NoticeBox::put(std::string text) {
  std::lock_guard lock(mutex_);
  if (texts_.size() >= kMaxTexts || bytes_ + text.size() > kMaxBytes) return false;
  bytes_ += text.size();
  texts_.push_back(std::move(text));
  return true;
}

std::vector<std::string> NoticeBox::take() {
  std::lock_guard lock(mutex_);
  bytes_ = 0;
  return std::exchange(texts_, {});
}

std::shared_ptr<NoticeBox> Notices::box(const std::string& reader) {
  std::lock_guard lock(mutex_);
  auto& box = boxes_[reader];
  if (!box) box = std::make_shared<NoticeBox>();
  return box;
}

}  // namespace pelton
