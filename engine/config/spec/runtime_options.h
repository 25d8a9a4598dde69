// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/parts/function.h"
#include "engine/config/spec/settings_spec.h"

#include <any>
#include <functional>
#include <string>
#include <vector>

namespace pelton::config {

// Value. The options that functions of one runtime have beside those of every function. They are
// keys of the function itself, so none has the name of a common one.
struct RuntimeOptions {
  std::string name;      // as `runtime:` names it: "python", "lambda/node"
  std::string sentence;  // what it runs
  SettingsSpec options;
  std::function<std::vector<FunctionFile>(const std::any& settings)> files;
  // Its functions get events as JSON documents, in the shape that a binding's `event` names.
  bool takes_documents = false;
  // Its workers and the engine reach each other over 127.0.0.1.
  bool over_loopback = false;
};

template <typename T>
RuntimeOptions runtime_options(std::string name, std::string sentence, Fields<T> fields,
                               std::vector<FunctionFile> (*files)(const T&)) {
  return {std::move(name), std::move(sentence), settings_spec(std::move(fields)),
          [files](const std::any& settings) { return files(std::any_cast<const T&>(settings)); }};
}

}  // namespace pelton::config
