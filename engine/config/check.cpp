// SPDX-License-Identifier: Apache-2.0
#include "engine/config/check.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <set>

namespace pelton::config {
namespace {

namespace fs = std::filesystem;

class Checker {
 public:
  Checker(const Config& config, std::span<const ConnectorOptions> types, Diagnostics& problems)
      : config_(config), types_(types), problems_(problems) {
    for (const Stream& stream : config.streams) stream_names_.push_back(stream.name);
    for (const Function& function : config.functions) function_names_.push_back(function.name);
  }

  void run() {
    check_references();
    check_names();
    for (const Function& function : config_.functions) check_code(function);
    check_places();
    check_cycles();
    check_unused();
  }

 private:
  void stream_exists(const std::string& name, Place place, const std::string& who) {
    if (name.empty() || std::ranges::find(stream_names_, name) != stream_names_.end()) return;
    problems_.error(place, "E1012",
                    fmt::format("{} names the stream \"{}\", which is not there{}", who, name,
                                did_you_mean(name, stream_names_)));
  }

  void check_references() {
    for (const Connector& connector : config_.connectors)
      stream_exists(connector.stream, connector.place, "connector " + connector.name);
    for (const Binding& binding : config_.bindings) {
      const std::string who = "binding " + binding.name;
      stream_exists(binding.from, binding.place, who);
      if (binding.to) stream_exists(*binding.to, binding.place, who);
      if (!binding.function.empty() &&
          std::ranges::find(function_names_, binding.function) == function_names_.end())
        problems_.error(
            binding.place, "E1012",
            fmt::format("{} names the function \"{}\", which is not there{}", who, binding.function,
                        did_you_mean(binding.function, function_names_)));
    }
  }

  // Bindings and sinks have cursors and dead letters under their names.
  void check_names() {
    for (const Connector& connector : config_.connectors)
      if (connector.direction == Direction::sink &&
          std::ranges::find(config_.bindings, connector.name, &Binding::name) !=
              config_.bindings.end())
        problems_.error(
            connector.place, "E1011",
            fmt::format("the sink {} and a binding share their name; dead letters are kept by it",
                        connector.name));
  }

  void check_code(const Function& function) {
    std::error_code ignored;
    if (function.code.empty()) return;
    if (function.runtime == Runtime::cpp) {
      if (!fs::is_regular_file(function.code, ignored))
        problems_.error(function.place, "E1014",
                        fmt::format("function {}: the executable {} does not exist (is it built?)",
                                    function.name, function.code.string()));
      else if (::access(function.code.c_str(), X_OK) != 0)
        problems_.error(function.place, "E1014",
                        fmt::format("function {}: {} is not executable", function.name,
                                    function.code.string()));
      return;
    }
    if (!fs::is_directory(function.code, ignored)) {
      problems_.error(function.place, "E1014",
                      fmt::format("function {}: the folder {} does not exist", function.name,
                                  function.code.string()));
      return;
    }
    if (function.handler.empty()) return;
    std::string module = function.handler.substr(0, function.handler.find(':'));
    std::ranges::replace(module, '.', '/');
    if (!fs::exists(function.code / (module + ".py"), ignored) &&
        !fs::exists(function.code / module / "__init__.py", ignored))
      problems_.error(function.place, "E1014",
                      fmt::format("function {}: {} has no module {}.py", function.name,
                                  function.code.string(), module));
  }

  std::optional<fs::path> place_of(const Connector& connector) const {
    const auto type = std::ranges::find(types_, connector.type, &ConnectorOptions::type);
    if (type == types_.end() || type->place_option.empty()) return std::nullopt;
    const auto option = connector.options.find(type->place_option);
    if (option == connector.options.end()) return std::nullopt;
    const auto* path = std::get_if<fs::path>(&option->second);
    if (path == nullptr) return std::nullopt;
    std::error_code error;
    const fs::path real = fs::weakly_canonical(*path, error);
    return error ? *path : real;
  }

  static bool within(const fs::path& inner, const fs::path& outer) {
    const auto [a, b] = std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end());
    return a == outer.end() || (std::next(a) == outer.end() && a->empty());
  }

  void check_places() {
    for (const Connector& sink : config_.connectors)
      for (const Connector& source : config_.connectors) {
        if (sink.direction != Direction::sink || source.direction != Direction::source ||
            sink.type != source.type)
          continue;
        const auto written = place_of(sink);
        const auto read = place_of(source);
        if (written && read && (within(*written, *read) || within(*read, *written)))
          problems_.error(sink.place, "E1013",
                          fmt::format("a loop: {} writes to {}, where {} reads ({})", sink.name,
                                      written->string(), source.name, read->string()));
      }
  }

  bool reaches(const std::string& from, const std::string& goal,
               std::set<std::string>& seen) const {
    if (!seen.insert(from).second) return false;
    return std::ranges::any_of(config_.bindings, [&](const Binding& b) {
      return b.to && b.from == from && (*b.to == goal || reaches(*b.to, goal, seen));
    });
  }

  void check_cycles() {
    for (const Binding& binding : config_.bindings) {
      std::set<std::string> seen;
      if (binding.to && (*binding.to == binding.from || reaches(*binding.to, binding.from, seen)))
        problems_.error(binding.place, "E1013",
                        fmt::format("a loop: what binding {} writes to {} comes back to {}",
                                    binding.name, *binding.to, binding.from));
    }
  }

  void check_unused() {
    std::set<std::string> streams;
    std::set<std::string> functions;
    for (const Connector& connector : config_.connectors) streams.insert(connector.stream);
    for (const Binding& binding : config_.bindings) {
      streams.insert(binding.from);
      streams.insert(binding.to.value_or(binding.from));
      functions.insert(binding.function);
    }
    for (const Stream& stream : config_.streams)
      if (!streams.contains(stream.name))
        problems_.warning(stream.place, "E1101",
                          fmt::format("nothing reads or writes the stream {}", stream.name));
    for (const Function& function : config_.functions)
      if (!functions.contains(function.name))
        problems_.warning(function.place, "E1101",
                          fmt::format("no binding uses the function {}", function.name));
  }

  const Config& config_;
  const std::span<const ConnectorOptions> types_;
  Diagnostics& problems_;
  std::vector<std::string> stream_names_;
  std::vector<std::string> function_names_;
};

}  // namespace

void check_config(const Config& config, std::span<const ConnectorOptions> connectors,
                  Diagnostics& problems) {
  Checker(config, connectors, problems).run();
}

}  // namespace pelton::config
