// SPDX-License-Identifier: Apache-2.0
#include "connectors/s3/credentials.h"

#include <cstdlib>
#include <fstream>
#include <map>

namespace pelton::s3 {
namespace {

// Of a shared credentials file, which is a few lines for each profile.
constexpr std::size_t kMostLines = 10'000;

std::string trimmed(const std::string& text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

std::string file_of(const Environment& environment) {
  if (const auto named = environment("AWS_SHARED_CREDENTIALS_FILE")) return *named;
  return environment("HOME").value_or("") + "/.aws/credentials";
}

// The settings of one profile.
std::map<std::string, std::string> profile_of(const std::string& path, const std::string& name) {
  std::map<std::string, std::string> settings;
  std::ifstream file(path);
  std::string line;
  bool within = false;
  for (std::size_t lines = 0; lines < kMostLines && std::getline(file, line); ++lines) {
    line = trimmed(line);
    if (line.starts_with('#') || line.starts_with(';')) continue;
    const std::size_t equals = line.find('=');
    if (line.starts_with('['))
      within = trimmed(line.substr(1, line.find(']') - 1)) == name;
    else if (within && equals != std::string::npos)
      settings[trimmed(line.substr(0, equals))] = trimmed(line.substr(equals + 1));
  }
  return settings;
}

}  // namespace

std::optional<std::string> process_environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr || *value == '\0' ? std::nullopt : std::optional<std::string>(value);
}

Result<Credentials> find_credentials(const CredentialOptions& options,
                                     const Environment& environment) {
  if (!options.access_key.empty())
    return Credentials{options.access_key, options.secret_key, options.session_token};
  const auto access = environment("AWS_ACCESS_KEY_ID");
  const auto secret = environment("AWS_SECRET_ACCESS_KEY");
  if (options.profile.empty() && access && secret)
    return Credentials{*access, *secret, environment("AWS_SESSION_TOKEN").value_or("")};
  const std::string profile =
      options.profile.empty() ? environment("AWS_PROFILE").value_or("default") : options.profile;
  const std::string path = file_of(environment);
  auto settings = profile_of(path, profile);
  Credentials found{settings["aws_access_key_id"], settings["aws_secret_access_key"],
                    settings["aws_session_token"]};
  if (found.access_key.empty() || found.secret_key.empty())
    return fail(ErrorKind::invalid, "E7202",
                "no credentials: set `access_key` and `secret_key`, or the environment variables "
                "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the profile \"{}\" in {}",
                profile, path);
  return found;
}

}  // namespace pelton::s3
