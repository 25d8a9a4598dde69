// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/worker/pool/runtime_spec.h"

#include <filesystem>
#include <string>

// Functions for Node.js, by the package in functions/sdk/node. It speaks the native protocol.
namespace pelton::worker::node {

// Value. The members' initialisers are the defaults.
struct Options {
  std::filesystem::path code;        // folder of the modules
  std::string handler;               // "module:function"
  std::string interpreter = "node";  // command or absolute path
};

RuntimeSpec runtime();

}  // namespace pelton::worker::node
