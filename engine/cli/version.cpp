// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/commands.h"
#include "engine/cli/output.h"

#include <CLI/App.hpp>
#include <boost/version.hpp>

#include <memory>

namespace pelton::cli {

void add_version(CLI::App& app, Run& chosen) {
  auto* command = app.add_subcommand("version", "the version of this binary");
  auto format = std::make_shared<std::string>("text");
  add_format(*command, *format);
  command->footer("Example: pelton version -o json");
  command->callback([&chosen, format] {
    chosen = [format] {
      if (*format == "json")
        fmt::print(
            "{{\"version\":\"{}\",\"compiler\":\"g++ "
            "{}\",\"boost\":\"{}\",\"protocol\":1,\"format\":1}}\n",
            PELTON_VERSION, __VERSION__, BOOST_LIB_VERSION);
      else
        fmt::print("pelton {}\n", PELTON_VERSION);
      return static_cast<int>(kOk);
    };
  });
}

}  // namespace pelton::cli
