// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/import/nodes.h"

#include <optional>
#include <string>
#include <vector>

// Values. What both kinds of files describe, as parts of a config file that have no names yet.
namespace pelton::importer {

// A stream, what writes to it, and the binding of a function.
struct Feed {
  Place place;
  std::string stream;   // the name that it should have
  bool shared = false;  // functions that read the same stream share it
  Node stream_options;
  std::optional<Node> connector;  // without `to`
  Node binding;                   // without `from` and `function`
  std::string comment;            // "s3: photos"
};

struct Function {
  std::string name;  // as the file has it
  Place place;
  Node options;
  std::vector<Node> routes;  // without `function`
  std::vector<Feed> feeds;
};

struct Service {
  std::string kind;  // "serverless.yml"
  std::string name;
  std::string stage;
  std::optional<Node> services;  // the section of a config file
  std::vector<Function> functions;
};

}  // namespace pelton::importer
