// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/app.h"

#include "engine/base/units.h"
#include "engine/cli/commands.h"
#include "engine/cli/output.h"
#include "engine/cli/print.h"
#include "engine/config/yaml/diagnostic.h"
#include "engine/observe/log.h"

#include <CLI/CLI.hpp>

#include <exception>
#include <limits>
#include <sstream>

namespace pelton::cli {

void add_address(CLI::App& command, EngineAddress& address) {
  // An empty one is a script's unset variable: it must not mean another engine.
  const auto given = [](const std::string& word) {
    return word.empty() ? std::string("is empty") : std::string();
  };
  auto* config = command.add_option("--config", address.config,
                                    "config file of the running engine ($PELTON_CONFIG)");
  auto* data = command.add_option("--data", address.data, "its data folder (default: ./data)");
  auto* socket =
      command.add_option("--socket", address.socket, "its admin socket ($PELTON_SOCKET)");
  for (auto* option : {config, data, socket}) option->check(given);
  config->excludes(data)->excludes(socket);
  data->excludes(socket);
}

void add_format(CLI::App& command, std::string& format) {
  command.add_option("-o,--output", format, "text or json")->check(CLI::IsMember({"text", "json"}));
}

namespace {

const CLI::App* subcommand(const CLI::App& app, const std::string& name) {
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    if (command->get_name() == name) return command;
  return nullptr;
}

std::vector<std::string> subcommand_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(command->get_name());
  return names;
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options())
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  return names;
}

std::string command_words(const CLI::App& app, int argc, const char* const* argv) {
  std::string words = "pelton";
  const CLI::App* at = &app;
  for (int i = 1; i < argc && (at = subcommand(*at, argv[i])) != nullptr; ++i)
    words += " " + at->get_name();
  return words;
}

// The nearest command or option to the first word that is none.
std::string suggestion(const CLI::App& app, int argc, const char* const* argv) {
  const CLI::App* at = &app;
  for (int i = 1; i < argc; ++i) {
    const std::string word(argv[i]);
    if (const CLI::App* command = subcommand(*at, word)) {
      at = command;
    } else if (word.starts_with("--")) {
      const std::string name = word.substr(0, word.find('='));
      if (name == "--config" && at->get_option_no_throw("CONFIG") != nullptr)
        return fmt::format(" (the file is given without it: {} FILE)",
                           command_words(app, argc, argv));
      if (at->get_option_no_throw(name) == nullptr)
        return config::did_you_mean(name, option_names(*at));
    } else if (!word.starts_with("-") && !subcommand_names(*at).empty()) {
      return config::did_you_mean(word, subcommand_names(*at));
    }
  }
  return {};
}

// "--output: xml not in {text,json}" as `--output: "xml" is none of text, json`.
std::string choices_in_words(const std::string& said) {
  const auto colon = said.find(": ");
  const auto in = said.find(" not in {");
  if (colon == std::string::npos || in == std::string::npos || in < colon || !said.ends_with('}'))
    return said;
  std::string choices = said.substr(in + 9, said.size() - in - 10);
  for (std::size_t at = 0; (at = choices.find(',', at)) != std::string::npos; at += 2)
    choices.insert(at + 1, " ");
  return fmt::format("{}: \"{}\" is none of {}", said.substr(0, colon),
                     observe::log::escaped(said.substr(colon + 2, in - colon - 2)), choices);
}

// CLI11 names them from the last to the first.
std::string unexpected_in_words(const std::string& words) {
  std::string in_order;
  std::istringstream in(words);
  for (std::string word; in >> word;) in_order = word + (in_order.empty() ? "" : " ") + in_order;
  return "unexpected: " + observe::log::escaped(in_order);
}

std::string in_words(const CLI::ParseError& error) {
  constexpr std::string_view kUnexpected[] = {"The following arguments were not expected: ",
                                              "The following argument was not expected: "};
  constexpr std::string_view kNotConverted = "Could not convert: ";
  const std::string said = error.what();
  if (said == "A subcommand is required") return "a command is missing";
  for (const std::string_view begin : kUnexpected)
    if (said.starts_with(begin)) return unexpected_in_words(said.substr(begin.size()));
  const std::string option = said.substr(0, said.find(": "));
  if (said.ends_with(" missing") && said.find(" required ") != std::string::npos)
    return option + " needs a value";
  if (said.find(": At Most ") != std::string::npos) return option + " is given too often";
  if (const auto equal = said.find(" = ");
      said.starts_with(kNotConverted) && equal != std::string::npos)
    return fmt::format("{}: \"{}\" is not a valid value",
                       said.substr(kNotConverted.size(), equal - kNotConverted.size()),
                       observe::log::escaped(said.substr(equal + 3)));
  return choices_in_words(said);
}

// What CLI11 says, in our words; a word that is not a command is named.
std::string complaint(const CLI::App& app, const CLI::ParseError& error, int argc,
                      const char* const* argv) {
  const CLI::App* at = &app;
  int i = 1;
  for (; i < argc; ++i) {
    const CLI::App* command = subcommand(*at, argv[i]);
    if (command == nullptr) break;
    at = command;
  }
  if (i == argc || argv[i][0] == '-' || subcommand_names(*at).empty()) return in_words(error);
  return fmt::format("there is no command \"{}\"", observe::log::escaped(argv[i]));
}

// As the command prints its answer.
ErrorFormat error_format(const CLI::App& app) {
  const CLI::App* command = &app;
  while (!command->get_subcommands().empty()) command = command->get_subcommands().front();
  const CLI::Option* output = command->get_option_no_throw("--output");
  return output != nullptr && output->count() > 0 && output->as<std::string>() == "json"
             ? ErrorFormat::json
             : ErrorFormat::text;
}

int usage(const CLI::App& app, const CLI::ParseError& error, int argc, const char* const* argv) {
  if (error.get_exit_code() == 0) {  // --help, --version
    std::ostringstream text;
    app.exit(error, text, text);
    write_out(text.str());
    flush_out();
    return kOk;
  }
  note("pelton: {}{}\nTry {} --help.\n", complaint(app, error, argc, argv),
       suggestion(app, argc, argv), command_words(app, argc, argv));
  return kUsage;
}

int parse_and_run(CLI::App& app, const Run& chosen, int argc, const char* const* argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return usage(app, error, argc, argv);
  }
  if (!chosen) return kUsage;
  const auto code = chosen();
  const int exit = code ? *code : complain(code.error(), error_format(app));
  flush_out();
  return exit;
}

}  // namespace

std::string check_count(const std::string& word) {
  const bool digits = !word.empty() && word.find_first_not_of("0123456789") == std::string::npos;
  if (digits && word.size() <= 18) return "";
  if (digits) return fmt::format("\"{}\" is too large", word);
  return fmt::format("\"{}\" is not a whole number from 0", observe::log::escaped(word));
}

std::string check_limit(const std::string& word) {
  if (const std::string why = check_count(word); !why.empty()) return why;
  return word.find_first_not_of('0') == std::string::npos ? "is less than 1" : "";
}

std::string check_integer(const std::string& word) {
  if (check_count(word.starts_with('-') ? word.substr(1) : word).empty()) return "";
  return fmt::format("\"{}\" is not a whole number of at most 18 digits",
                     observe::log::escaped(word));
}

std::string check_partition(const std::string& word) {
  if (const std::string why = check_count(word); !why.empty()) return why;
  return std::stoull(word) <= std::numeric_limits<std::uint32_t>::max()
             ? ""
             : fmt::format("\"{}\" is too large for a partition", word);
}

std::string check_time(const std::string& word) {
  const auto time = parse_time(word);
  return time ? "" : time.error().message;
}

int run_command_line(int argc, const char* const* argv) {
  CLI::App app("Pelton runs functions on event streams.\n");
  app.require_subcommand(1);
  app.set_version_flag("--version", "pelton " PELTON_VERSION, "print the version");
  Run chosen;
  for (auto* add :
       {add_init,    add_run,          add_dev,     add_validate,  add_convert, add_plan,
        add_reload,  add_describe,     add_schema,  add_schedule,  add_status,  add_produce,
        add_consume, add_dead_letters, add_offsets, add_functions, add_forget,  add_wait,
        add_usage,   add_invoke,       add_event,   add_logs,      add_test,    add_version})
    add(app, chosen);
  // Last: a command that has no footer of its own would inherit it.
  app.footer("Example: pelton run configs/thumbnails.yaml");
  // Output that does not arrive is a failure of any command, also of --help.
  try {
    return parse_and_run(app, chosen, argc, argv);
  } catch (const OutputFailed& failed) {
    return complain({ErrorKind::unavailable, "E5020", failed.what()}, error_format(app));
  } catch (const std::exception& error) {  // what a library throws: memory, a full disk
    return complain({ErrorKind::unavailable, "E5061", error.what()}, error_format(app));
  }
}

}  // namespace pelton::cli
