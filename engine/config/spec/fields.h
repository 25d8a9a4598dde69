// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/units.h"
#include "engine/config/spec/section.h"

#include <fmt/format.h>

#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

// Options bound to the members that they fill: one entry has an option's name, member, bounds,
// sentence and example; its default is what the member of a fresh struct holds. Parsing, defaults,
// `pelton describe`, the JSON Schema and the reference pages follow from the entry.
namespace pelton::config {

// What an option has beside its name, member and sentence; bounds as one would write them.
struct Facts {
  std::string at_least{};
  std::string at_most{};
  std::string example{};
  bool required = false;
  bool secret = false;
};

namespace fields_detail {

template <typename T>
struct Optional : std::false_type {
  using Value = T;
};
template <typename T>
struct Optional<std::optional<T>> : std::true_type {
  using Value = T;
};

template <typename T>
constexpr OptionType type_of() {
  if constexpr (std::is_same_v<T, bool>) return OptionType::boolean;
  if constexpr (std::is_same_v<T, std::uint32_t>) return OptionType::number;
  if constexpr (std::is_same_v<T, double>) return OptionType::real;
  if constexpr (std::is_same_v<T, std::uint64_t>) return OptionType::size;
  if constexpr (std::is_same_v<T, Duration>) return OptionType::duration;
  if constexpr (std::is_same_v<T, std::filesystem::path>) return OptionType::path;
  if constexpr (std::is_same_v<T, std::vector<std::string>>) return OptionType::text_list;
  return OptionType::text;
}

inline std::string shown(bool value) {
  return value ? "true" : "false";
}
inline std::string shown(std::uint32_t value) {
  return fmt::format("{}", value);
}
inline std::string shown(double value) {
  return fmt::format("{}", value);
}
inline std::string shown(std::uint64_t value) {
  return format_size(value);
}
inline std::string shown(Duration value) {
  return value == Duration{} ? "0s" : format_duration(value);
}
inline std::string shown(const std::string& value) {
  return value;
}
inline std::string shown(const std::filesystem::path& value) {
  return value.string();
}
inline std::string shown(const std::vector<std::string>& value) {
  return fmt::format("{}", joined(value));
}

// The type in which the reader keeps a value that becomes a T.
template <typename T>
using Read = std::conditional_t<std::is_same_v<T, std::uint32_t>, std::int64_t, T>;

}  // namespace fields_detail

// The words of a choice and what they mean.
template <typename T>
using Words = std::vector<std::pair<std::string, T>>;

// Value. A section of the config file as its spec and the way into a Struct.
template <typename Struct>
class Fields {
 public:
  Fields(std::string name, std::string sentence)
      : spec_{std::move(name), std::move(sentence), {}, {}} {}

  // The option's type follows from the member's: bool, std::uint32_t (a number), double,
  // std::uint64_t (a size), Duration, text, path or a list of texts. In a std::optional: without
  // a default.
  template <typename T>
  Fields& option(const std::string& name, T Struct::*member, std::string sentence,
                 Facts facts = {}) {
    using Value = typename fields_detail::Optional<T>::Value;
    OptionSpec spec =
        described(name, fields_detail::type_of<Value>(), std::move(sentence), std::move(facts));
    if constexpr (!fields_detail::Optional<T>::value)
      if (!spec.required) spec.fallback = fields_detail::shown(Struct{}.*member);
    spec_.options.push_back(std::move(spec));
    fills_.push_back([name, member](const Source& from, Struct& out) {
      if (auto value = from.section.template get<fields_detail::Read<Value>>(from.prefix + name))
        out.*member = static_cast<Value>(std::move(*value));
    });
    return *this;
  }

  // True or false, where the member has a type of its own for it.
  template <typename T>
  Fields& flag(const std::string& name, T Struct::*member, T yes, T no, std::string sentence) {
    OptionSpec spec = described(name, OptionType::boolean, std::move(sentence), {});
    spec.fallback = fields_detail::shown(Struct{}.*member == yes);
    spec_.options.push_back(std::move(spec));
    fills_.push_back([name, member, yes, no](const Source& from, Struct& out) {
      if (const auto on = from.section.template get<bool>(from.prefix + name))
        out.*member = *on ? yes : no;
    });
    return *this;
  }

  // One of some words; the words and their sentence say what each means.
  template <typename T>
  Fields& choice(const std::string& name, T Struct::*member,
                 Words<typename fields_detail::Optional<T>::Value> words, std::string sentence,
                 Facts facts = {}) {
    OptionSpec spec = described(name, OptionType::choice, std::move(sentence), std::move(facts));
    for (const auto& [word, value] : words) {
      spec.choices.push_back(word);
      if (!spec.required && Struct{}.*member == value) spec.fallback = word;
    }
    spec_.options.push_back(std::move(spec));
    fills_.push_back([name, member, words = std::move(words)](const Source& from, Struct& out) {
      const auto said = from.section.template get<std::string>(from.prefix + name);
      for (const auto& [word, value] : words)
        if (said == word) out.*member = value;
    });
    return *this;
  }

  // A text that `parse` makes the member of; `fallback` is the text of the member's default.
  // Errors of `parse` say what the text is not ("is not ADDRESS:PORT"): the reader puts the option
  // and the text as the file has it before them.
  template <typename T>
  Fields& parsed(const std::string& name, T Struct::*member,
                 Result<typename fields_detail::Optional<T>::Value> (*parse)(const std::string&),
                 std::string sentence, std::string fallback, Facts facts = {}) {
    OptionSpec spec = described(name, OptionType::text, std::move(sentence), std::move(facts));
    spec.fallback = std::move(fallback);
    spec_.options.push_back(std::move(spec));
    fills_.push_back([name, member, parse](const Source& from, Struct& out) {
      const std::string path = from.prefix + name;
      const auto text = from.section.template get<std::string>(path);
      if (!text) return;
      auto value = parse(*text);
      if (value)
        out.*member = std::move(*value);
      else
        from.context.problems.error(
            from.section.place(path), value.error().code,
            fmt::format("{}: \"{}\" {}", path, from.section.written(path), value.error().message));
    });
    return *this;
  }

  // A text or a list of texts, each of which `parse` makes an element of the member; it reports
  // what is wrong with one.
  template <typename T>
  Fields& each(const std::string& name, std::vector<T> Struct::*member,
               std::optional<T> (*parse)(const std::string&, Place, Diagnostics&),
               std::string sentence, Facts facts = {}) {
    spec_.options.push_back(
        described(name, OptionType::text_list, std::move(sentence), std::move(facts)));
    fills_.push_back([name, member, parse](const Source& from, Struct& out) {
      const std::string path = from.prefix + name;
      const auto texts = from.section.template get<std::vector<std::string>>(path);
      for (const std::string& text : texts.value_or(std::vector<std::string>{}))
        if (auto one = parse(text, from.section.place(path), from.context.problems))
          (out.*member).push_back(std::move(*one));
    });
    return *this;
  }

  // A mapping or filter, which `read` reads itself.
  Fields& node(const std::string& name, OptionType type,
               void (*read)(const Node& node, ReadContext& context, Struct& out),
               std::string sentence, Facts facts = {}) {
    spec_.options.push_back(described(name, type, std::move(sentence), std::move(facts)));
    fills_.push_back([name, read](const Source& from, Struct& out) {
      if (const Node* node = from.section.node(from.prefix + name)) read(*node, from.context, out);
    });
    return *this;
  }

  // A section within whose options fill this struct, too.
  Fields& section(Fields<Struct> inner) {
    spec_.sections.push_back(inner.spec_);
    fills_.push_back([inner = std::move(inner)](const Source& from, Struct& out) {
      inner.fill(from.section, from.prefix + inner.spec_.name + ".", from.context, out);
    });
    return *this;
  }
  // A section within that fills a member. A std::optional is there when the file has the section.
  template <typename T>
  Fields& section(T Struct::*member, Fields<typename fields_detail::Optional<T>::Value> inner) {
    spec_.sections.push_back(inner.spec());
    fills_.push_back([member, inner = std::move(inner)](const Source& from, Struct& out) {
      const std::string path = from.prefix + inner.spec().name;
      if constexpr (fields_detail::Optional<T>::value) {
        if (from.section.node(path) == nullptr) return;
        inner.fill(from.section, path + ".", from.context, (out.*member).emplace());
      } else {
        inner.fill(from.section, path + ".", from.context, out.*member);
      }
    });
    return *this;
  }
  // The options and sections of another struct, as if they were this one's.
  template <typename T>
  Fields& include(T Struct::*member, Fields<T> other) {
    for (const OptionSpec& option : other.spec().options) spec_.options.push_back(option);
    for (const SectionSpec& section : other.spec().sections) spec_.sections.push_back(section);
    fills_.push_back([member, other = std::move(other)](const Source& from, Struct& out) {
      other.fill(from.section, from.prefix, from.context, out.*member);
    });
    return *this;
  }

  // Called with the section's place once its options are filled in: keeps it, or checks what
  // options have to do with one another.
  using Then = void (*)(const Section& section, const std::string& prefix, ReadContext& context,
                        Struct& out);
  Fields& then(Then check) {
    fills_.push_back([check](const Source& from, Struct& out) {
      check(from.section, from.prefix, from.context, out);
    });
    return *this;
  }

  const SectionSpec& spec() const { return spec_; }
  // Options that are not in the section, or had a problem, leave their members alone. `prefix` is
  // the path of this struct's options within the section: "" or "retry.".
  void fill(const Section& section, const std::string& prefix, ReadContext& context,
            Struct& out) const {
    const Source from{section, prefix, context};
    for (const auto& fill : fills_) fill(from, out);
  }

 private:
  struct Source {
    const Section& section;
    const std::string& prefix;
    ReadContext& context;
  };

  static OptionSpec described(std::string name, OptionType type, std::string sentence,
                              Facts facts) {
    OptionSpec spec;
    spec.name = std::move(name);
    spec.type = type;
    spec.sentence = std::move(sentence);
    spec.at_least = std::move(facts.at_least);
    spec.at_most = std::move(facts.at_most);
    spec.example = std::move(facts.example);
    spec.required = facts.required;
    spec.secret = facts.secret;
    return spec;
  }

  SectionSpec spec_;
  std::vector<std::function<void(const Source&, Struct&)>> fills_;
};

// The path of a section whose options begin with this prefix: "retry." -> "retry".
inline std::string section_of(const std::string& prefix) {
  return prefix.empty() ? prefix : prefix.substr(0, prefix.size() - 1);
}

}  // namespace pelton::config
