// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"
#include "engine/config/yaml/diagnostic.h"
#include "engine/config/yaml/expand.h"
#include "engine/import/nodes.h"

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pelton::importer {

// Reads a file that ${file(path)} names, relative to the folder of the service. E1001 and the
// reason: it cannot be read.
using ReadFile = std::function<Result<std::string>(const std::string& path)>;

// Value. What variables refer to, beside the file itself.
struct VariableSources {
  const config::Environment& environment;
  ReadFile read;
  std::string stage;                          // --stage; empty: as the file says
  std::string instance;                       // ${sls:instanceId}
  std::map<std::string, std::string> params;  // --param
};

// The variables of the Serverless Framework: ${source:address, fallback, ...}, of which the sources
// are self, opt, env, file, param, sls and aws. They are resolved where a value is used, so that
// what nobody asks for may refer to what is not here. Problems have the place of the scalar with
// the variable: E1040: it cannot be resolved; E1041: it refers to itself, or stands for too much.
class Variables {
 public:
  // The root outlives this, and so do what the sources refer to and the problems.
  Variables(const Node& root, VariableSources sources, config::Diagnostics& problems);

  // The node itself, or what it stands for where it is one variable alone: it is none any more.
  // Lives as long as this. Nothing: a problem.
  const Node* value(const Node& node);
  // The text of a scalar, with all variables replaced. Nothing: a problem.
  std::optional<std::string> text(const Node& node);
  // The same as a config file writes it: ${env:NAME} stays what it is, so that values from the
  // environment, which may be secrets, appear nowhere.
  std::optional<std::string> written(const Node& node);
  // Whether it is one variable alone that written() keeps: it need not be there yet.
  static bool is_kept(const Node& node);

  std::string stage();
  std::string region();

  static constexpr const char* kAccount = "000000000000";
  static constexpr std::size_t kMaxText = 64U << 10;
  static constexpr std::size_t kMaxVariable = 4096;  // bytes between its braces
  static constexpr std::size_t kMaxFiles = 64;
  // Variables within variables.
  static constexpr std::size_t kMaxDepth = 40;
  // Lookups of one file: more than any file needs, less than would be noticed.
  static constexpr std::size_t kMaxLookups = 20'000;

 private:
  enum class Form { text, written };
  // What a candidate refers to; nothing and no `failed`: it is not there, `why`.
  struct Found {
    const Node* node = nullptr;
    bool failed = false;  // a problem that has been told
    std::string why = {};
    bool written = false;  // the node's text is as a config file writes it
  };
  // Part of a scalar: literal text, or the inside of a ${...}.
  struct Piece {
    std::string text;
    bool variable = false;
  };

  static std::vector<Piece> pieces(const std::string& text);
  static std::vector<std::string> candidates(const std::string& inside);

  Found look_up(const std::string& inside, Place place, Form form);
  Found first_of(const std::string& inside, Place place, Form form);
  Found one(const std::string& candidate, Place place, Form form);
  Found from_source(const std::string& source, const std::string& rest, Place place, Form form);
  Found from_self(const std::string& address, Place place, Form form);
  Found from_environment(const std::string& name, Place place);
  Found from_file(const std::string& path, const std::string& address, Place place);
  const Node* parsed(const std::string& path, Place place, Found& problem);
  Found from_params(const std::string& name, Place place);
  Found walk(const Node& from, const std::string& address, Place place, Form form);
  static const Node* child(const Node& node, const std::string& key);
  Found made(std::string text, Place place);
  Found fail_at(Place place, const char* code, const std::string& why);

  std::optional<std::string> flatten(const Node& node, Form form);
  std::optional<std::string> replaced(const std::string& inside, Place place, Form form);
  // The variable of the environment as a config file refers to it, if it can.
  static std::optional<std::string> kept(const std::string& inside);

  const Node& root_;
  const VariableSources sources_;
  config::Diagnostics& problems_;
  std::deque<Node> made_;                     // nodes of values that are in no file
  std::map<std::string, const Node*> files_;  // parsed; null: it cannot be used
  std::vector<std::string> under_way_;        // variables that are being resolved
  std::size_t lookups_ = 0;
  std::optional<std::string> stage_, region_;
};

}  // namespace pelton::importer
