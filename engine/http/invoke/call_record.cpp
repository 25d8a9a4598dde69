// SPDX-License-Identifier: Apache-2.0
#include "engine/http/invoke/call_record.h"

namespace pelton::http {

void CallRecord::wrote(const worker::WorkerLine& line) {
  const worker::LeveledText said = worker::split_priority(line.text);
  lines.push_back({said.priority, std::string(said.text)});
  bytes_ += said.text.size() + sizeof(Line);
  for (; bytes_ > kMost; ++dropped) {
    bytes_ -= lines.front().text.size() + sizeof(Line);
    lines.pop_front();
  }
}

}  // namespace pelton::http
