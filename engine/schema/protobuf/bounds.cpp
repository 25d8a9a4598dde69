// SPDX-License-Identifier: Apache-2.0
#include "engine/schema/protobuf/bounds.h"

#include "engine/schema/codec.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor.pb.h>

#include <cstddef>

namespace pelton::schema::protobuf {
namespace {

namespace pb = google::protobuf;

constexpr std::size_t kMostNames = 16U << 20;  // bytes of full names in a file
constexpr std::size_t kMostOneName = 1'024;
constexpr std::size_t kMostComparisons = 10'000'000;

// Adds up what a file becomes. One use.
class Sum {
 public:
  bool file(const pb::FileDescriptorProto& file) {
    const std::size_t scope = file.package().size();
    return name(0, file.package()) && messages(file.message_type(), scope, 0) &&
           enums(file.enum_type(), scope) && fields(file.extension(), scope) &&
           services(file, scope);
  }
  const std::string& why() const { return why_; }

 private:
  bool bad(std::string why) {
    why_ = std::move(why);
    return false;
  }

  bool name(std::size_t scope, const std::string& name) {
    if (name.size() > kMostOneName)
      return bad(fmt::format("a name has more than {} characters", kMostOneName));
    names_ += scope + name.size() + 1;
    return names_ <= kMostNames ||
           bad(fmt::format("the full names of its parts have more than {} characters", kMostNames));
  }

  template <typename Messages>
  bool messages(const Messages& all, std::size_t scope, int depth) {
    if (depth > kMostDepth) return bad(fmt::format("it is nested more than {} deep", kMostDepth));
    for (const pb::DescriptorProto& each : all)
      if (!message(each, scope, depth)) return false;
    return true;
  }

  bool message(const pb::DescriptorProto& message, std::size_t scope, int depth) {
    if (!name(scope, message.name())) return false;
    scope += message.name().size() + 1;
    for (const auto& each : message.oneof_decl())
      if (!name(scope, each.name())) return false;
    const auto ranges = static_cast<std::size_t>(message.reserved_range_size()) +
                        static_cast<std::size_t>(message.extension_range_size());
    const auto names = static_cast<std::size_t>(message.reserved_name_size());
    const auto parts = static_cast<std::size_t>(message.field_size());
    comparisons_ += (ranges + names) * (ranges + names + parts);
    if (comparisons_ > kMostComparisons) return bad("it has too many reserved or extension ranges");
    return fields(message.field(), scope) && fields(message.extension(), scope) &&
           enums(message.enum_type(), scope) && messages(message.nested_type(), scope, depth + 1);
  }

  template <typename Fields>
  bool fields(const Fields& all, std::size_t scope) {
    for (const pb::FieldDescriptorProto& each : all)
      if (!name(scope, each.name()) || !name(0, each.type_name()) || !name(0, each.extendee()))
        return false;
    return true;
  }

  template <typename Enums>
  bool enums(const Enums& all, std::size_t scope) {
    for (const pb::EnumDescriptorProto& one : all) {
      if (!name(scope, one.name())) return false;
      const auto ranges = static_cast<std::size_t>(one.reserved_range_size()) +
                          static_cast<std::size_t>(one.reserved_name_size());
      comparisons_ += ranges * (ranges + static_cast<std::size_t>(one.value_size()));
      if (comparisons_ > kMostComparisons) return bad("it has too many reserved ranges");
      for (const auto& value : one.value())
        if (!name(scope, value.name())) return false;
    }
    return true;
  }

  bool services(const pb::FileDescriptorProto& file, std::size_t scope) {
    for (const auto& each : file.service()) {
      if (!name(scope, each.name())) return false;
      for (const auto& method : each.method())
        if (!name(scope + each.name().size() + 1, method.name()) || !name(0, method.input_type()) ||
            !name(0, method.output_type()))
          return false;
    }
    return true;
  }

  std::size_t names_ = 0;
  std::size_t comparisons_ = 0;
  std::string why_;
};

// Behind a comment or a quoted text that begins at `at`; `at`: none does.
std::size_t behind_text(std::string_view text, std::size_t at) {
  const auto behind = [text](std::string_view end, std::size_t from) {
    const std::size_t found = text.find(end, from);
    return found == std::string_view::npos ? text.size() : found + end.size();
  };
  const std::string_view rest = text.substr(at);
  if (rest.starts_with("//")) return behind("\n", at);
  if (rest.starts_with("/*")) return behind("*/", at + 2);
  if (rest[0] != '"' && rest[0] != '\'') return at;
  for (std::size_t i = at + 1; i < text.size(); ++i) {
    if (text[i] == '\\')
      ++i;
    else if (text[i] == rest[0] || text[i] == '\n')
      return i + 1;
  }
  return text.size();
}

}  // namespace

bool nested_little(std::string_view text) {
  int depth = 0;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t behind = behind_text(text, i);
    if (behind > i) {
      i = behind;
      continue;
    }
    if (text[i] == '{' && ++depth > kMostDepth) return false;
    if (text[i] == '}') --depth;
    ++i;
  }
  return true;
}

std::optional<std::string> too_much(const pb::FileDescriptorProto& file) {
  Sum sum;
  if (sum.file(file)) return std::nullopt;
  return sum.why();
}

}  // namespace pelton::schema::protobuf
