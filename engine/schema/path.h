// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace pelton::schema {

// Where one is in a value, for what is said of a fault: "$.items[2].price". Names are borrowed. One
// thread.
class Path {
 public:
  // One step down, until it goes.
  class Step {
   public:
    Step(Path& path, std::string_view name) : path_(path) { path_.steps_.emplace_back(name); }
    Step(Path& path, std::size_t index) : path_(path) { path_.steps_.emplace_back(index); }
    ~Step() { path_.steps_.pop_back(); }
    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;

   private:
    Path& path_;
  };

  std::size_t depth() const { return steps_.size(); }
  std::string text() const {
    std::string text = "$";
    for (const auto& step : steps_) {
      if (text.size() > kMostText) return text + "...";
      if (const auto* name = std::get_if<std::string_view>(&step))
        (text += '.') += name->substr(0, kMostText);
      else
        ((text += '[') += std::to_string(std::get<std::size_t>(step))) += ']';
    }
    return text;
  }

 private:
  static constexpr std::size_t kMostText = 300;

  std::vector<std::variant<std::string_view, std::size_t>> steps_;
};

}  // namespace pelton::schema
