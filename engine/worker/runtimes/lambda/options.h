// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/spec/runtime_options.h"
#include "engine/worker/runtimes/python.h"

#include <filesystem>
#include <string>

// What functions of the lambda runtimes have beside the options of every function.
namespace pelton::worker::lambda {

// Values. The members' initialisers are the defaults.
struct PythonOptions {
  std::filesystem::path code;           // folder of the modules
  std::string handler;                  // "module.function", "folder/module.function"
  std::string interpreter = "python3";  // as that of runtime python
  std::filesystem::path client;         // folder that has the package awslambdaric; may be empty
  Duration zygote = kKeepZygote;
};

struct NodeOptions {
  std::filesystem::path code;        // folder of the modules
  std::string handler;               // "module.function", "folder/module.function"
  std::string interpreter = "node";  // command or absolute path
  std::filesystem::path client;      // folder that has node_modules/aws-lambda-ric; may be empty
};

struct JavaOptions {
  std::filesystem::path code;        // folder of classes and lib/*.jar, or a jar
  std::string handler;               // "package.Class::method", "package.Class"
  std::string interpreter = "java";  // command or absolute path
  std::filesystem::path client;      // folder of the client's jars; may be empty
};

struct ProvidedOptions {
  std::filesystem::path code;         // an executable, or a folder with one named `bootstrap`
  std::string handler = "bootstrap";  // for the program to read
};

// What a function names must be there: the folder, the module (python, node) and the interpreter,
// the executable (provided). Only looks; nothing is run.
config::RuntimeOptions python_options();
config::RuntimeOptions node_options();
config::RuntimeOptions java_options();
config::RuntimeOptions provided_options();

// The executable of a function, and the folder that is its LAMBDA_TASK_ROOT.
std::filesystem::path program_of(const ProvidedOptions& options);
std::filesystem::path folder_of(const ProvidedOptions& options);

}  // namespace pelton::worker::lambda
