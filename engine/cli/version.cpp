// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/commands.h"
#include "engine/cli/json.h"
#include "engine/cli/output.h"
#include "engine/cli/print.h"
#include "engine/cli/sdk_folder.h"
#include "engine/runtime/libraries.h"

#include <CLI/App.hpp>
#include <CLI/Version.hpp>
#include <boost/json/serialize.hpp>
#include <boost/version.hpp>
#include <google/protobuf/stubs/common.h>
#include <rocksdb/version.h>
#include <spdlog/version.h>

#include <memory>

namespace pelton::cli {
namespace {

std::string dotted(int major, int minor, int patch) {
  return fmt::format("{}.{}.{}", major, minor, patch);
}

// The headers that this binary was built with; librdkafka as it is loaded.
json::object libraries() {
  return {
      {"boost", dotted(BOOST_VERSION / 100'000, BOOST_VERSION / 100 % 1000, BOOST_VERSION % 100)},
      {"cli11", CLI11_VERSION},
      {"fmt", dotted(FMT_VERSION / 10'000, FMT_VERSION / 100 % 100, FMT_VERSION % 100)},
      {"librdkafka", runtime::librdkafka_version()},
      {"protobuf", dotted(GOOGLE_PROTOBUF_VERSION / 1'000'000,
                          GOOGLE_PROTOBUF_VERSION / 1000 % 1000, GOOGLE_PROTOBUF_VERSION % 1000)},
      {"rocksdb", dotted(ROCKSDB_MAJOR, ROCKSDB_MINOR, ROCKSDB_PATCH)},
      {"spdlog", dotted(SPDLOG_VER_MAJOR, SPDLOG_VER_MINOR, SPDLOG_VER_PATCH)}};
}

int version(const std::string& format, bool sdks) {
  if (sdks)
    print("{}\n", find_sdks().native());
  else if (format == "json")
    print("{}\n", json::serialize(json::object{{"version", PELTON_VERSION},
                                               {"compiler", "g++ " __VERSION__},
                                               {"protocol", 1},
                                               {"format", 1},
                                               {"libraries", libraries()}}));
  else
    print("pelton {}\n", PELTON_VERSION);
  return kOk;
}

}  // namespace

void add_version(CLI::App& app, Run& chosen) {
  auto* command = app.add_subcommand("version", "the version of this binary and its libraries");
  auto format = std::make_shared<std::string>("text");
  auto sdks = std::make_shared<bool>(false);
  add_format(*command, *format);
  command->add_flag("--sdks", *sdks, "instead, the folder of the packages for functions");
  command->footer("Example: pelton version -o json");
  command->callback(
      [&chosen, format, sdks] { chosen = [format, sdks] { return version(*format, *sdks); }; });
}

}  // namespace pelton::cli
