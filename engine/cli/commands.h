// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/cli/client.h"

#include <functional>
#include <string>

namespace CLI {
class App;
}

// One function a command: it adds its subcommand with options and help, and sets `chosen` to what
// runs when the command line names it. Each has a file of its own.
//
// A command answers its exit code, or the error that it failed with: run_command_line() prints that
// as text, or as JSON where the command has `-o json`.
namespace pelton::cli {

using Run = std::function<Result<int>()>;

void add_init(CLI::App& app, Run& chosen);
void add_run(CLI::App& app, Run& chosen);
void add_dev(CLI::App& app, Run& chosen);
void add_validate(CLI::App& app, Run& chosen);
void add_convert(CLI::App& app, Run& chosen);
void add_plan(CLI::App& app, Run& chosen);
void add_reload(CLI::App& app, Run& chosen);
void add_describe(CLI::App& app, Run& chosen);
void add_schema(CLI::App& app, Run& chosen);
void add_schedule(CLI::App& app, Run& chosen);
void add_status(CLI::App& app, Run& chosen);
void add_produce(CLI::App& app, Run& chosen);
void add_consume(CLI::App& app, Run& chosen);
void add_dead_letters(CLI::App& app, Run& chosen);
void add_offsets(CLI::App& app, Run& chosen);
void add_functions(CLI::App& app, Run& chosen);
void add_forget(CLI::App& app, Run& chosen);
// To the group `pelton bindings`.
void add_pause(CLI::App& bindings, Run& chosen);
void add_wait(CLI::App& app, Run& chosen);
void add_usage(CLI::App& app, Run& chosen);
void add_invoke(CLI::App& app, Run& chosen);
void add_event(CLI::App& app, Run& chosen);
void add_logs(CLI::App& app, Run& chosen);
void add_test(CLI::App& app, Run& chosen);
void add_version(CLI::App& app, Run& chosen);

// --config, --data and --socket.
void add_address(CLI::App& command, EngineAddress& address);
// -o text|json.
void add_format(CLI::App& command, std::string& format);
// For option->check(): empty for a time (RFC 3339), else what is wrong with it.
std::string check_time(const std::string& word);
// The same for a whole number that is not negative.
std::string check_count(const std::string& word);
// The same of one that is at least 1.
std::string check_limit(const std::string& word);
// The same of one that may be negative.
std::string check_integer(const std::string& word);
// A partition's number.
std::string check_partition(const std::string& word);

}  // namespace pelton::cli
