// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/runtimes/lambda/lambda.h"

#include "engine/worker/runtimes/aws_sdk_v2.h"
#include "engine/worker/runtimes/lambda/java.h"
#include "engine/worker/runtimes/lambda/lambda_session.h"
#include "engine/worker/runtimes/lambda/options.h"
#include "engine/worker/runtimes/python.h"

#include <array>
#include <utility>

namespace pelton::worker::lambda {
namespace {

namespace fs = std::filesystem;

// AWS's initialization phase, after which it starts again and counts the time as the invocation's.
constexpr std::chrono::seconds kInitialization{10};
// In the folder of the packages that functions import; tools/setup --lambda fills it.
constexpr const char* kOwnClients = "lambda";
// Where layers are.
constexpr const char* kLayers = "/opt";

std::chrono::milliseconds start_timeout(const config::Function& function) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(kInitialization + function.timeout);
}

Result<PreparedWorker> with_session(const WorkerSetup& setup, LaunchPlan plan,
                                    Surroundings around) {
  auto session = std::make_unique<LambdaSession>(setup);
  if (auto ok = session->open(); !ok) return std::unexpected(ok.error());
  around.worker = setup.name;
  around.api = session->address();
  // An isolated worker has a /tmp of its own.
  around.temporary = setup.function.isolation.on() ? fs::path("/tmp") : session->temporary();
  plan.reads.emplace_back(kLayers);
  plan.environment.merge(environment(setup.function, around, SystemClock().now()));
  plan.folder = around.code.string();
  plan.memory_bytes = setup.function.memory_bytes;
  return PreparedWorker{std::move(plan), std::move(session)};
}

// The first of the folders that has it; empty: none.
template <std::size_t N>
fs::path first_with(const std::array<fs::path, N>& folders, const fs::path& what) {
  std::error_code ignored;
  for (const fs::path& folder : folders)
    if (!folder.empty() && fs::exists(folder / what, ignored)) return folder;
  return {};
}

// The folder in whose packages the client is; empty: the interpreter may have it, and says so if it
// does not.
fs::path client_for_python(const WorkerSetup& setup, const PythonOptions& options) {
  return first_with(std::array{options.code, options.client, setup.sdks / kOwnClients / "python"},
                    "awslambdaric");
}

Surroundings around_python(const PythonOptions& options, const fs::path& client) {
  Surroundings around;
  around.execution = "AWS_Lambda_python";
  around.handler = options.handler;
  around.code = options.code;
  around.runtime = client.empty() ? options.code : client;
  return around;
}

// Beside those of every function.
std::map<std::string, std::string> variables_for_python(const config::Function& function,
                                                        const PythonOptions& options,
                                                        const fs::path& client) {
  if (client.empty() || client == options.code) return {};
  const auto own = function.environment.find("PYTHONPATH");
  return {{"PYTHONPATH", own == function.environment.end() ? client.string()
                                                           : own->second + ":" + client.string()}};
}

std::optional<ZygotePlan> zygote_of_python(const WorkerSetup& setup, const fs::path& state) {
  const auto& options = std::any_cast<const PythonOptions&>(setup.function.settings);
  const fs::path client = client_for_python(setup, options);
  auto variables = variables_for_python(setup.function, options, client);
  variables.merge(environment(setup.function, around_python(options, client), SystemClock().now()));
  // What each worker has of its own.
  for (const char* name : {"AWS_LAMBDA_RUNTIME_API", "AWS_LAMBDA_LOG_STREAM_NAME"})
    variables.erase(name);
  if (variables["TMPDIR"].empty()) variables.erase("TMPDIR");
  auto plan = python_zygote(setup, state,
                            {"lambda", options.interpreter, options.code, options.handler,
                             std::move(variables), options.zygote});
  if (plan) plan->launch.reads.insert(plan->launch.reads.end(), {client.string(), kLayers});
  return plan;
}

Result<PreparedWorker> prepare_python(const WorkerSetup& setup) {
  const auto& options = std::any_cast<const PythonOptions&>(setup.function.settings);
  const fs::path client = client_for_python(setup, options);
  LaunchPlan plan;
  plan.command = python_command(options.interpreter, setup.function);
  plan.command.insert(plan.command.end(), {"-m", "awslambdaric", options.handler});
  plan.environment = variables_for_python(setup.function, options, client);
  plan.reads.push_back(client.string());
  return with_session(setup, std::move(plan), around_python(options, client));
}

Result<PreparedWorker> prepare_node(const WorkerSetup& setup) {
  const auto& options = std::any_cast<const NodeOptions&>(setup.function.settings);
  const fs::path program = "node_modules/aws-lambda-ric/bin/index.mjs";
  const fs::path client = first_with(
      std::array{options.code, options.client, setup.sdks / kOwnClients / "node"}, program);
  if (client.empty())
    return fail(ErrorKind::unavailable, "E3142",
                "there is no aws-lambda-ric, AWS's client for Node.js: run `npm install "
                "aws-lambda-ric` in {}",
                options.code.string());
  LaunchPlan plan;
  plan.command = {options.interpreter};
  if (const auto memory = setup.function.memory_bytes)
    plan.command.push_back(fmt::format("--max-old-space-size={}", (*memory / 4 * 3) >> 20));
  teach_aws_sdk_v2(setup, plan);
  plan.command.insert(plan.command.end(), {(client / program).string(), options.handler});
  plan.reads.push_back(client.string());
  Surroundings around;
  around.execution = "AWS_Lambda_nodejs";
  around.handler = options.handler;
  around.code = options.code;
  around.runtime = client;
  return with_session(setup, std::move(plan), std::move(around));
}

// A JVM that is not told takes what the machine has, and dies at the limit of its memory.
void add_memory_options(std::vector<std::string>& command, std::uint64_t memory) {
  command.push_back(fmt::format("-Xmx{}m", (memory / 2) >> 20));
  command.emplace_back("-XX:ReservedCodeCacheSize=48m");
}

Result<PreparedWorker> prepare_java(const WorkerSetup& setup) {
  const auto& options = std::any_cast<const JavaOptions&>(setup.function.settings);
  std::error_code ignored;
  const bool folder = fs::is_directory(options.code, ignored);
  const fs::path own = folder ? options.code / "lib" : options.code.parent_path() / "lib";
  fs::path client;
  for (const fs::path& place : {own, options.client, setup.sdks / kOwnClients / "java"})
    if (client.empty() && !place.empty()) client = java_client(place);
  if (client.empty())
    return fail(ErrorKind::unavailable, "E3142",
                "there is no aws-lambda-java-runtime-interface-client, AWS's client for Java: copy "
                "its jars (mvn dependency:copy-dependencies) to {}",
                own.string());
  std::string path = fmt::format("{}:{}/*", options.code.string(), own.string());
  if (client.parent_path() != own) path += fmt::format(":{}/*", client.parent_path().string());
  LaunchPlan plan;
  plan.command = {options.interpreter, "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"};
  plan.reads = {own.string(), client.parent_path().string()};
  if (const auto memory = setup.function.memory_bytes) add_memory_options(plan.command, *memory);
  plan.command.insert(
      plan.command.end(),
      {"-cp", path, "com.amazonaws.services.lambda.runtime.api.client.AWSLambda", options.handler});
  Surroundings around;
  around.execution = "AWS_Lambda_java";
  around.handler = options.handler;
  around.code = folder ? options.code : options.code.parent_path();
  around.runtime = client.parent_path();
  auto prepared = with_session(setup, std::move(plan), std::move(around));
  if (!prepared) return prepared;
  const auto& temporary = static_cast<const LambdaSession&>(*prepared->session).temporary();
  keep_out_of_tmp(prepared->plan, client, temporary);
  prepared->plan.reads.push_back(temporary.string());
  return prepared;
}

Result<PreparedWorker> prepare_provided(const WorkerSetup& setup) {
  const auto& options = std::any_cast<const ProvidedOptions&>(setup.function.settings);
  LaunchPlan plan;
  plan.command = {program_of(options).string()};
  Surroundings around;
  around.execution = "AWS_Lambda_provided";
  around.handler = options.handler;
  around.code = around.runtime = folder_of(options);
  return with_session(setup, std::move(plan), std::move(around));
}

}  // namespace

RuntimeSpec python() {
  return {python_options(), prepare_python, start_timeout, zygote_of_python};
}
RuntimeSpec node() {
  return {node_options(), prepare_node, start_timeout};
}
RuntimeSpec java() {
  return {java_options(), prepare_java, start_timeout};
}
RuntimeSpec provided() {
  return {provided_options(), prepare_provided, start_timeout};
}

}  // namespace pelton::worker::lambda
