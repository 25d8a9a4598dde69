// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/dialect.h"

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

// Service descriptions of other systems as config files: serverless.yml of the Serverless Framework
// and template.yaml of AWS SAM. Their functions keep their code; events become routes, connectors
// and bindings; resources are not created. docs/serverless.md says what is supported.
namespace pelton::importer {

// Value. What a command line adds to such a file.
struct Options {
  std::string stage = {};                          // --stage; empty: the file's, or dev
  std::map<std::string, std::string> params = {};  // --param
  // --service: URLs by config::aws_service() ("s3"); "" is that of all others.
  std::map<std::string, std::string> services = {};
  std::string listen = "127.0.0.1:3000";
  // Hears of each file that a variable includes, also of one that is not there.
  std::function<void(const std::filesystem::path& file)> opened = {};
};

// For config::Kinds: files named serverless.y(a)ml, those with `service` and `provider`, and those
// with AWSTemplateFormatVersion or a Transform of AWS::Serverless. Reads the files that variables
// include. Copies the options. Any thread.
config::Dialect dialect(const Options& options);

// Value. A config file with comments that equals a foreign file, or why there is none.
struct Converted {
  std::string text;                          // empty: there are errors
  std::vector<config::Diagnostic> problems;  // in the order of the file
};

// E1042: the file is of neither system. E1001: it cannot be read. Relative paths of the text begin
// in the folder of the file.
Converted convert(const std::filesystem::path& file, const config::Environment& environment,
                  const Options& options);

}  // namespace pelton::importer
