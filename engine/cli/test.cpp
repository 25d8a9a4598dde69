// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/case_file.h"
#include "engine/cli/commands.h"
#include "engine/cli/config_file.h"
#include "engine/cli/output.h"
#include "engine/cli/print.h"
#include "engine/cli/sdk_folder.h"
#include "engine/observe/log.h"
#include "engine/runtime/lone_function.h"

#include <CLI/App.hpp>
#include <boost/json/serialize.hpp>

#include <map>
#include <memory>

namespace pelton::cli {
namespace {

// The function's own timeout ends it earlier.
constexpr auto kLongest = std::chrono::hours(1);

struct TestOptions {
  std::vector<std::string> files;
  std::string format = "text";
};

struct Verdict {
  std::string name;
  std::vector<Difference> differences;
  json::object answer;
};

// The functions of one config, each started once.
class Functions {
 public:
  explicit Functions(config::Config config) : config_(std::move(config)) {}

  Result<Verdict> judge(const Case& one) {
    auto function = find(one.function);
    if (!function) return std::unexpected(function.error());
    const auto answer = (*function)->call({one.function, http::OperatorCall::Form::natural,
                                           json::serialize(one.event),
                                           std::chrono::steady_clock::now() + kLongest});
    if (!answer)
      return std::unexpected(Error(answer.error()).within(fmt::format("case \"{}\"", one.name)));
    auto said = parse_object(*answer);
    if (!said) return std::unexpected(said.error());
    return Verdict{one.name, differences(one, *said), std::move(*said)};
  }

 private:
  Result<runtime::LoneFunction*> find(const std::string& name) {
    if (const auto at = started_.find(name); at != started_.end()) return at->second.get();
    const config::Function* function = config_.find_function(name);
    if (function == nullptr)
      return fail(ErrorKind::invalid, "E5001", "no function named \"{}\"",
                  observe::log::escaped(name));
    auto& made = started_[name];
    made = std::make_unique<runtime::LoneFunction>(*function, find_sdks());
    return made.get();
  }

  const config::Config config_;
  std::map<std::string, std::unique_ptr<runtime::LoneFunction>> started_;
};

std::string shown(const std::optional<json::value>& value) {
  return value ? observe::log::escaped(json::serialize(*value)) : "nothing";
}

void show_verdict(const Verdict& verdict) {
  const bool passed = verdict.differences.empty();
  print("{} {}\n", passed ? "ok  " : "FAIL", observe::log::escaped(verdict.name));
  if (passed) return;
  for (const Difference& one : verdict.differences)
    print("     {}: expected {}, got {}\n", observe::log::escaped(one.place), shown(one.expected),
          shown(one.got));
  const json::object& error = object_of(verdict.answer, "error");
  if (const std::string message = text_of(error, "message"); !message.empty())
    print("{}", indented("     ", text_of(error, "type") + ": " + message));
  for (const json::value& line : list_of(verdict.answer, "lines"))
    print("     | {}\n", observe::log::escaped(text_of(as_object(line), "text")));
}

json::object as_json(const Verdict& verdict) {
  json::array list;
  for (const Difference& one : verdict.differences) {
    json::object difference{{"place", one.place}};
    if (one.expected) difference["expected"] = *one.expected;
    if (one.got) difference["got"] = *one.got;
    list.push_back(std::move(difference));
  }
  return {{"name", verdict.name},
          {"passed", verdict.differences.empty()},
          {"differences", std::move(list)},
          {"answer", verdict.answer}};
}

Result<int> run_file(const std::string& file, const std::string& format,
                     std::vector<Verdict>& verdicts) {
  const auto cases = read_cases(file);
  if (!cases) return std::unexpected(cases.error());
  auto config = load_or_complain({cases->config}, Warnings::hidden);
  if (!config) return kConfigInvalid;
  Functions functions(std::move(*config));
  for (const Case& one : cases->cases) {
    auto verdict = functions.judge(one);
    if (!verdict) return std::unexpected(verdict.error());
    if (format == "text") show_verdict(*verdict);
    verdicts.push_back(std::move(*verdict));
  }
  return kOk;
}

Result<int> run_tests(const TestOptions& options) {
  std::vector<Verdict> verdicts;
  for (const std::string& file : options.files) {
    const auto code = run_file(file, options.format, verdicts);
    if (!code || *code != kOk) return code;
  }
  const auto failed = std::ranges::count_if(
      verdicts, [](const Verdict& verdict) { return !verdict.differences.empty(); });
  const auto passed = static_cast<std::int64_t>(verdicts.size()) - failed;
  if (options.format == "json") {
    json::array list;
    for (const Verdict& verdict : verdicts) list.push_back(as_json(verdict));
    print("{}\n", json::serialize(json::object{
                      {"passed", passed}, {"failed", failed}, {"cases", std::move(list)}}));
  } else {
    print("{} passed, {} failed\n", passed, failed);
  }
  return failed == 0 ? kOk : kFailure;
}

}  // namespace

void add_test(CLI::App& app, Run& chosen) {
  auto* command =
      app.add_subcommand("test", "call functions with events, compare what they return");
  auto options = std::make_shared<TestOptions>();
  command->add_option("FILE", options->files, "cases in YAML; may be repeated")->required();
  add_format(*command, options->format);
  command->footer(
      "Starts each function once, from the config that the file names; needs no engine. Exit code\n"
      "1 when a case fails.\n"
      "Example: pelton test tests.yaml");
  command->callback([&chosen, options] { chosen = [options] { return run_tests(*options); }; });
}

}  // namespace pelton::cli
