// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/engine_address.h"

#include "engine/config/config_text.h"
#include "engine/config/load.h"
#include "engine/import/import.h"

namespace pelton::cli {
namespace {

constexpr const char* kSocket = "admin.sock";

Result<std::filesystem::path> socket_of_config(const std::string& file,
                                               const config::Environment& environment) {
  if (file == config::kStandardInput)
    return fail(ErrorKind::invalid, "E5004",
                "--config must be a file here, not standard input: --data or --socket find the "
                "engine without one");
  const auto data = config::data_folder(file, environment, importer::dialect({}));
  if (data) return *data / kSocket;
  const config::Diagnostic& problem = data.error();
  return fail(ErrorKind::invalid, problem.code, "{}:{}:{}: {}", file, problem.place.line,
              problem.place.column, problem.message);
}

}  // namespace

Result<std::filesystem::path> admin_socket(const EngineAddress& address,
                                           const config::Environment& environment) {
  if (!address.socket.empty()) return address.socket;
  if (!address.data.empty()) return std::filesystem::path(address.data) / kSocket;
  if (!address.config.empty()) return socket_of_config(address.config, environment);
  if (const auto socket = environment("PELTON_SOCKET"); socket && !socket->empty()) return *socket;
  if (const auto file = environment("PELTON_CONFIG"); file && !file->empty())
    return socket_of_config(*file, environment);
  return std::filesystem::path("data") / kSocket;
}

}  // namespace pelton::cli
