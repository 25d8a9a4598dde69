// SPDX-License-Identifier: Apache-2.0
#include "engine/config/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace pelton::config {
namespace {

// Of the engine: what takes effect while it runs.
bool engine_option_is_live(const std::string& option) {
  return option.starts_with("log.") || option == "shutdown_timeout";
}

std::string label_of(PartKind kind, const std::string& name) {
  return name.empty() ? to_string(kind) : fmt::format("{} {}", to_string(kind), name);
}

// The options of a section are hidden with it.
bool is_hidden(const Config& config, const std::string& label, const std::string& option) {
  for (std::size_t end = option.size(); end != std::string::npos && end > 0;
       end = option.rfind('.', end - 1))
    if (config.hidden.contains(label + " " + option.substr(0, end))) return true;
  return false;
}

// A connector's own options were read under a label of their own.
bool is_hidden_of(const Config& config, const PartChange& part, const std::string& option) {
  if (is_hidden(config, label_of(part.kind, part.name), option)) return true;
  const auto dot = option.find('.');
  return part.kind == PartKind::connector && dot != std::string::npos &&
         is_hidden(config, fmt::format("{} of connector {}", option.substr(0, dot), part.name),
                   option.substr(dot + 1));
}

class Planner {
 public:
  Planner(const Config& before, const Config& after, const Kinds& kinds)
      : before_(before), after_(after), kinds_(kinds) {}

  Plan plan() {
    plan_engine();
    compare(PartKind::stream, before_.streams, after_.streams,
            [this](const Stream& old, const Stream& now) {
              return differences(old, now, kinds_.topics());
            });
    for (const Stream& stream : after_.streams) check_stream(stream);
    compare(PartKind::connector, before_.connectors, after_.connectors,
            [this](const Connector& old, const Connector& now) {
              return differences(old, now, kinds_.connectors);
            });
    compare(PartKind::function, before_.functions, after_.functions,
            [this](const Function& old, const Function& now) {
              return differences(old, now, kinds_.runtimes);
            });
    compare(PartKind::binding, before_.bindings, after_.bindings,
            [this](const Binding& old, const Binding& now) {
              return differences(old, now, kinds_.topics());
            });
    compare(PartKind::listener, before_.listeners, after_.listeners,
            [](const Listener& old, const Listener& now) { return differences(old, now); });
    compare(PartKind::route, before_.routes, after_.routes,
            [](const Route& old, const Route& now) { return differences(old, now); });
    return std::move(plan_);
  }

 private:
  template <typename Part>
  static const Part* find(const std::vector<Part>& parts, const std::string& name) {
    const auto at = std::ranges::find(parts, name, &Part::name);
    return at == parts.end() ? nullptr : &*at;
  }

  static Stream fresh(const Stream&) { return {}; }
  static Connector fresh(const Connector&) { return {}; }
  static Function fresh(const Function&) { return {}; }
  static Listener fresh(const Listener&) { return {}; }
  static Route fresh(const Route&) { return {}; }
  static Binding fresh(const Binding& binding) { return default_binding(binding.name); }

  template <typename Part, typename Differences>
  void compare(PartKind kind, const std::vector<Part>& before, const std::vector<Part>& after,
               const Differences& differences) {
    for (const Part& part : after) {
      const Part* old = find(before, part.name);
      PartChange change{kind, part.name, old == nullptr ? Action::add : Action::change, {}, {}};
      change.options = differences(old == nullptr ? fresh(part) : *old, part);
      if (old == nullptr)
        for (OptionChange& option : change.options) option.before.reset();
      if (old != nullptr && change.options.empty()) {
        change.action = Action::restart;
        change.because = reasons(part);
        if (change.because.empty()) continue;
      }
      add(std::move(change));
    }
    for (const Part& part : before)
      if (find(after, part.name) == nullptr) add({kind, part.name, Action::remove, {}, {}});
  }

  void add(PartChange change) {
    for (OptionChange& option : change.options) {
      option.secret = option.secret || is_hidden_of(before_, change, option.option) ||
                      is_hidden_of(after_, change, option.option);
      if (!option.secret) continue;
      if (option.before) option.before->clear();
      if (option.after) option.after->clear();
    }
    plan_.changes.push_back(std::move(change));
  }

  void plan_engine() {
    PartChange change{
        PartKind::engine, "", Action::change, differences(before_.engine, after_.engine), {}};
    for (const OptionChange& option : change.options)
      if (!engine_option_is_live(option.option))
        refuse(PartKind::engine, "", option.option,
               fmt::format("engine.{} cannot change while the engine runs: restart it",
                           option.option));
    if (!change.options.empty()) add(std::move(change));
  }

  void check_stream(const Stream& stream) {
    const Stream* old = find(before_.streams, stream.name);
    if (old == nullptr) return;
    if (old->kafka.has_value() != stream.kafka.has_value())
      refuse(PartKind::stream, stream.name, "kafka",
             fmt::format("stream {} cannot change between a Kafka topic and a stream of the engine "
                         "while the engine runs: restart it",
                         stream.name));
    if (old->kafka || stream.kafka) return;
    if (stream.partitions < old->partitions)
      plan_.refusals.push_back(
          {PartKind::stream, stream.name, "partitions", "E4103",
           fmt::format("stream {} has {} partitions, which cannot be reduced to {}", stream.name,
                       old->partitions, stream.partitions)});
  }

  void refuse(PartKind kind, const std::string& name, const std::string& option,
              std::string message) {
    plan_.refusals.push_back({kind, name, option, "E5012", std::move(message)});
  }

  // ---- why a part with the same options restarts

  static std::vector<std::string> reasons(const Stream&) { return {}; }
  static std::vector<std::string> reasons(const Function&) { return {}; }
  // They find what they use by its name.
  static std::vector<std::string> reasons(const Listener&) { return {}; }
  static std::vector<std::string> reasons(const Route&) { return {}; }
  std::vector<std::string> reasons(const Connector& connector) const {
    return stream_reasons({connector.stream});
  }
  std::vector<std::string> reasons(const Binding& binding) const {
    std::vector<std::string> why;
    if (const PartChange* change = plan_.find(PartKind::function, binding.function);
        change != nullptr && change->action == Action::change)
      why.push_back(fmt::format("function {} changes", binding.function));
    std::set<std::string> streams(binding.to.begin(), binding.to.end());
    streams.insert(binding.from);
    std::ranges::move(stream_reasons(streams), std::back_inserter(why));
    return why;
  }

  // Retention concerns the store alone.
  std::vector<std::string> stream_reasons(const std::set<std::string>& streams) const {
    std::vector<std::string> why;
    for (const std::string& name : streams) {
      const PartChange* change = plan_.find(PartKind::stream, name);
      if (change != nullptr && change->action == Action::change &&
          std::ranges::any_of(change->options, [](const OptionChange& option) {
            return !option.option.starts_with("retention.");
          }))
        why.push_back(fmt::format("stream {} changes", name));
    }
    return why;
  }

  const Config& before_;
  const Config& after_;
  const Kinds& kinds_;
  Plan plan_;
};

}  // namespace

const char* to_string(PartKind kind) {
  switch (kind) {
    case PartKind::engine:
      return "engine";
    case PartKind::stream:
      return "stream";
    case PartKind::connector:
      return "connector";
    case PartKind::function:
      return "function";
    case PartKind::binding:
      return "binding";
    case PartKind::listener:
      return "listener";
    case PartKind::route:
      break;
  }
  return "route";
}

const char* to_string(Action action) {
  switch (action) {
    case Action::add:
      return "add";
    case Action::remove:
      return "remove";
    case Action::change:
      return "change";
    case Action::restart:
      break;
  }
  return "restart";
}

const PartChange* Plan::find(PartKind kind, std::string_view name) const {
  const auto at = std::ranges::find_if(changes, [&](const PartChange& change) {
    return change.kind == kind && change.name == name;
  });
  return at == changes.end() ? nullptr : &*at;
}

Plan plan(const Config& before, const Config& after, const Kinds& kinds) {
  return Planner(before, after, kinds).plan();
}

Plan not_read_again() {
  Plan plan;
  plan.refusals.push_back(
      {PartKind::engine, "", "", "E5012",
       "the config came from standard input, which cannot be read again: restart the engine with "
       "the new config"});
  return plan;
}

}  // namespace pelton::config
