// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/spec/runtime_options.h"
#include "engine/worker/runtimes/python.h"

#include <filesystem>
#include <string>

// What functions of the native runtimes have beside the options of every function.
namespace pelton::worker::native {

// Values. The members' initialisers are the defaults.
struct PythonOptions {
  std::filesystem::path code;           // folder of the modules
  std::string handler;                  // "module:callable"
  std::string interpreter = "python3";  // command or absolute path; a virtual environment's folder
                                        // has become its bin/python3
  Duration zygote = kKeepZygote;
};

struct CppOptions {
  std::filesystem::path code;  // the executable
};

// What a function names must be there: the folder, the module and the interpreter, whose path
// becomes absolute (python), the executable (cpp). Only looks; nothing is run.
config::RuntimeOptions python_options();
config::RuntimeOptions cpp_options();

}  // namespace pelton::worker::native
