// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/spec/fields_detail.h"
#include "engine/config/spec/option_change.h"
#include "engine/config/spec/section.h"

#include <fmt/format.h>

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// Options bound to the members that they fill: one entry has an option's name, member, bounds,
// sentence and example; its default is what the member of a fresh struct holds. Parsing, defaults,
// `pelton describe`, the JSON Schema, the reference pages and what differs between two configs
// follow from the entry.
namespace pelton::config {

// What an option has beside its name, member and sentence; bounds as one would write them.
struct Facts {
  std::string at_least{};
  std::string at_most{};
  std::string example{};
  bool required = false;
  bool secret = false;
  bool guards = false;
};

// The path of a section whose options begin with this prefix: "retry." -> "retry".
inline std::string section_of(const std::string& prefix) {
  return prefix.empty() ? prefix : prefix.substr(0, prefix.size() - 1);
}

// The words of a choice and what they mean.
template <typename T>
using Words = std::vector<std::pair<std::string, T>>;

// Value. A section of the config file as its spec and the way into a Struct.
template <typename Struct>
class Fields {
 public:
  Fields(std::string name, std::string sentence)
      : spec_{std::move(name), std::move(sentence), {}, {}} {}

  // The value of this option may be given in place of the mapping.
  Fields& shorthand(std::string option) {
    spec_.shorthand = std::move(option);
    return *this;
  }

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
    compare(name, member, spec.secret,
            [](const Value& value) { return fields_detail::shown(value); });
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
    compare(name, member, false,
            [yes](const T& value) { return fields_detail::shown(value == yes); });
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
    compare(name, member, false, [words](const auto& value) {
      for (const auto& [word, meaning] : words)
        if (meaning == value) return word;
      return std::string{};
    });
    spec_.options.push_back(std::move(spec));
    fills_.push_back([name, member, words = std::move(words)](const Source& from, Struct& out) {
      const auto said = from.section.template get<std::string>(from.prefix + name);
      for (const auto& [word, value] : words)
        if (said == word) out.*member = value;
    });
    return *this;
  }

  // A text that `parse` makes the member of, and `show` makes of the member; `fallback` is the text
  // of the member's default.
  // Errors of `parse` say what the text is not ("is not ADDRESS:PORT"): the reader puts the option
  // and the text as the file has it before them.
  template <typename T>
  Fields& parsed(const std::string& name, T Struct::*member,
                 Result<typename fields_detail::Optional<T>::Value> (*parse)(const std::string&),
                 std::string (*show)(const typename fields_detail::Optional<T>::Value&),
                 std::string sentence, std::string fallback, Facts facts = {}) {
    OptionSpec spec = described(name, OptionType::text, std::move(sentence), std::move(facts));
    spec.fallback = std::move(fallback);
    compare(name, member, false, show);
    spec_.options.push_back(std::move(spec));
    fills_.push_back([name, member, parse](const Source& from, Struct& out) {
      const std::string path = from.prefix + name;
      const auto text = from.section.template get<std::string>(path);
      if (!text) return;
      auto value = parse(*text);
      if (value)
        out.*member = std::move(*value);
      else
        from.context.problems.error(from.section.place(path), value.error().code,
                                    fmt::format("{}: \"{}\" {}{}", path, from.section.written(path),
                                                value.error().message, from.section.hint(path)));
    });
    return *this;
  }

  // A text or a list of texts, each of which `parse` makes an element of the member; it reports
  // what is wrong with one. `show` makes the text of an element.
  template <typename T>
  Fields& each(const std::string& name, std::vector<T> Struct::*member,
               std::optional<T> (*parse)(const std::string&, Place, Diagnostics&),
               std::string (*show)(const T&), std::string sentence, Facts facts = {}) {
    compare_text(name, false, [member, show](const Struct& from) {
      std::vector<std::string> texts;
      for (const T& one : from.*member) texts.push_back(show(one));
      return joined(texts);
    });
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

  // A mapping, filter or other value, which `read` reads itself. `show` makes the texts of its
  // entries; that of a value which has none is under the empty name.
  Fields& node(const std::string& name, OptionType type,
               void (*read)(const Node& node, ReadContext& context, Struct& out),
               std::map<std::string, std::string> (*show)(const Struct&), std::string sentence,
               Facts facts = {}) {
    compare_entries(name, facts.secret, show);
    spec_.options.push_back(described(name, type, std::move(sentence), std::move(facts)));
    fills_.push_back([name, type, read](const Source& from, Struct& out) {
      const std::string path = from.prefix + name;
      const Node* node = from.section.node(path);
      if (node == nullptr) return;
      // The variables of a mapping are hidden one by one, by its reader.
      if (type != OptionType::text_map && has_expansion_within(*node))
        from.context.hide(from.section.label(), path);
      read(*node, from.context, out);
    });
    return *this;
  }

  // A section within whose options fill this struct, too.
  Fields& section(Fields<Struct> inner) {
    spec_.sections.push_back(inner.spec_);
    compares_.push_back([inner](const Versions& versions, OptionChanges& out) {
      inner.differences(versions.within(inner.spec_.name), out);
    });
    fills_.push_back([inner = std::move(inner)](const Source& from, Struct& out) {
      inner.fill(from.section, from.prefix + inner.spec_.name + ".", from.context, out);
    });
    return *this;
  }
  // A section within that fills a member. A std::optional is there when the file has the section.
  template <typename T>
  Fields& section(T Struct::*member, Fields<typename fields_detail::Optional<T>::Value> inner) {
    spec_.sections.push_back(inner.spec());
    compares_.push_back([member, inner](const Versions& versions, OptionChanges& out) {
      compare_within(inner, versions.of(member, inner.spec().name), out);
    });
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
  // A list of sections, which fill the elements of the member.
  template <typename T>
  Fields& listed(std::vector<T> Struct::*member, Fields<T> inner) {
    return entries(member, std::move(inner), SectionShape::listed);
  }
  // Sections under names that the user chooses, which fill the values of the member.
  template <typename T>
  Fields& named(std::map<std::string, T> Struct::*member, Fields<T> inner) {
    return entries(member, std::move(inner), SectionShape::named);
  }
  // The options and sections of another struct, as if they were this one's.
  template <typename T>
  Fields& include(T Struct::*member, Fields<T> other) {
    for (const OptionSpec& option : other.spec().options) spec_.options.push_back(option);
    for (const SectionSpec& section : other.spec().sections) spec_.sections.push_back(section);
    compares_.push_back([member, other](const Versions& versions, OptionChanges& out) {
      auto parts = versions.of(member, "");
      parts.prefix = versions.prefix;
      other.differences(parts, out);
    });
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

  // Two versions of a struct; null: that config does not have it, its options are at their
  // defaults. `prefix` as above.
  struct Versions {
    const Struct* before = nullptr;
    const Struct* after = nullptr;
    std::string prefix{};

    Versions within(const std::string& name) const { return {before, after, prefix + name + "."}; }
    // A member of both, which is there when it is no std::optional or that has a value.
    template <typename T>
    auto of(T Struct::*member, const std::string& name) const {
      using Value = typename fields_detail::Optional<T>::Value;
      const auto part = [member](const Struct* from) -> const Value* {
        if (from == nullptr) return nullptr;
        if constexpr (fields_detail::Optional<T>::value)
          return from->*member ? &*(from->*member) : nullptr;
        else
          return &(from->*member);
      };
      return typename Fields<Value>::Versions{part(before), part(after), prefix + name + "."};
    }
  };
  // The options whose values differ, in the order of the entries.
  void differences(const Versions& versions, OptionChanges& out) const {
    for (const auto& compare : compares_) compare(versions, out);
  }
  OptionChanges differences(const Struct& before, const Struct& after) const {
    OptionChanges out;
    differences({&before, &after}, out);
    return out;
  }

 private:
  template <typename Entries, typename T>
  Fields& entries(Entries Struct::*member, Fields<T> inner, SectionShape shape) {
    SectionSpec spec = inner.spec();
    spec.shape = shape;
    spec_.sections.push_back(std::move(spec));
    compares_.push_back([member, inner](const Versions& versions, OptionChanges& out) {
      using Parts = typename Fields<T>::Versions;
      fields_detail::each_pair<T>(
          versions.before == nullptr ? nullptr : &(versions.before->*member),
          versions.after == nullptr ? nullptr : &(versions.after->*member),
          [&](const std::string& entry, const T* before, const T* after) {
            const std::string path = entry_path(versions.prefix + inner.spec().name, entry);
            compare_within(inner, Parts{before, after, path + "."}, out);
          });
    });
    fills_.push_back([member, inner](const Source& from, Struct& out) {
      const std::string path = from.prefix + inner.spec().name;
      for (const std::string& entry : from.section.entries(path))
        inner.fill(from.section, entry_path(path, entry) + ".", from.context,
                   fields_detail::added(out.*member, entry));
    });
    return *this;
  }
  // A section that only one version has is a difference, empty or not: `tls: {}`.
  template <typename T>
  static void compare_within(const Fields<T>& inner, const typename Fields<T>::Versions& parts,
                             OptionChanges& out) {
    const std::size_t so_far = out.size();
    inner.differences(parts, out);
    if (out.size() == so_far && (parts.before == nullptr) != (parts.after == nullptr))
      out.push_back({section_of(parts.prefix), present(parts.before), present(parts.after)});
  }
  template <typename T, typename Show>
  void compare(const std::string& name, T Struct::*member, bool secret, Show show) {
    compares_.push_back([name, member, secret, show](const Versions& of, OptionChanges& out) {
      const Struct fresh{};
      const Struct& before = of.before == nullptr ? fresh : *of.before;
      const Struct& after = of.after == nullptr ? fresh : *of.after;
      if (std::equal_to<>{}(before.*member, after.*member)) return;
      const auto text = [&](const Struct* from) {
        return from == nullptr ? std::nullopt : fields_detail::set_text(from->*member, show);
      };
      out.push_back({of.prefix + name, text(of.before), text(of.after), secret});
    });
  }
  // By the text of the option.
  template <typename Show>
  void compare_text(const std::string& name, bool secret, Show show) {
    compares_.push_back([name, secret, show](const Versions& of, OptionChanges& out) {
      const auto text = [&](const Struct* from) -> std::optional<std::string> {
        std::string shown = from == nullptr ? "" : show(*from);
        return shown.empty() ? std::nullopt : std::optional(std::move(shown));
      };
      if (auto before = text(of.before), after = text(of.after); before != after)
        out.push_back({of.prefix + name, std::move(before), std::move(after), secret});
    });
  }
  // By the texts of the option's entries, each for itself.
  void compare_entries(const std::string& name, bool secret,
                       std::map<std::string, std::string> (*show)(const Struct&)) {
    using Entries = std::map<std::string, std::string>;
    compares_.push_back([name, secret, show](const Versions& of, OptionChanges& out) {
      const Entries before = of.before == nullptr ? Entries{} : show(*of.before);
      const Entries after = of.after == nullptr ? Entries{} : show(*of.after);
      Entries all = before;
      all.insert(after.begin(), after.end());
      const auto text = [](const Entries& entries, const std::string& key) {
        const auto at = entries.find(key);
        return at == entries.end() ? std::nullopt : std::optional(at->second);
      };
      for (const auto& [key, ignored] : all)
        if (auto old = text(before, key), now = text(after, key); old != now)
          out.push_back({of.prefix + name + (key.empty() ? "" : "." + key), std::move(old),
                         std::move(now), secret});
    });
  }
  static std::optional<std::string> present(const void* section) {
    return section == nullptr ? std::nullopt : std::optional<std::string>("{}");
  }
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
    spec.guards = facts.guards;
    spec.secret = facts.secret;
    return spec;
  }

  SectionSpec spec_;
  std::vector<std::function<void(const Source&, Struct&)>> fills_;
  std::vector<std::function<void(const Versions&, OptionChanges&)>> compares_;
};

}  // namespace pelton::config
