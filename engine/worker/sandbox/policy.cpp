// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/sandbox/policy.h"

#include <array>

namespace pelton::worker::sandbox {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLauncher = "pelton-sandbox";
constexpr const char* kTemporary = "/tmp";
// As the zygote of Python names it (functions/sdk/python/pelton/zygote.py).
constexpr const char* kBytecode = "bytecode";
constexpr const char* kCopies = "PELTON_COPIES";

// What comes with the system. Nothing that an administrator puts secrets into.
constexpr std::array kSystem{
    "/usr", "/lib", "/lib32", "/lib64", "/libx32", "/bin", "/sbin", "/proc", "/sys", "/nix/store",
    // names and addresses
    "/etc/hosts", "/etc/resolv.conf", "/etc/nsswitch.conf", "/etc/host.conf", "/etc/gai.conf",
    "/etc/services", "/etc/protocols", "/etc/networks", "/etc/hostname", "/etc/passwd",
    "/etc/group", "/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager",
    // certificates of authorities
    "/etc/ssl/certs", "/etc/ssl/openssl.cnf", "/etc/ca-certificates", "/etc/pki/tls/certs",
    "/etc/pki/tls/cert.pem", "/etc/pki/ca-trust", "/etc/crypto-policies",
    // settings of libraries and interpreters
    "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/ld.so.preload",
    "/etc/localtime", "/etc/timezone", "/etc/mime.types", "/etc/magic", "/etc/os-release",
    "/etc/debian_version", "/etc/machine-id", "/etc/locale.alias", "/etc/alternatives",
    "/etc/fonts", "/etc/python3", "/etc/python3.11", "/etc/java-17-openjdk", "/etc/ImageMagick-6",
    "/etc/inputrc", "/etc/bash.bashrc", "/etc/profile"};

constexpr std::array kDevices{"/dev/null",   "/dev/zero",    "/dev/full",
                              "/dev/random", "/dev/urandom", "/dev/tty"};

void add(Plan& plan, Rule rule, const fs::path& path) {
  if (path.empty()) return;
  std::error_code error;
  // The folders on the way to a link's target have to be its own.
  const fs::path real = fs::canonical(path, error);
  plan.rules.emplace_back(rule, error ? path.string() : real.string());
  // The link itself may be below a folder that is covered.
  if (!error && real != path && rule != Rule::hidden) plan.rules.emplace_back(rule, path.string());
}

// The folder that an installation of an interpreter is in; empty: the system's, or there is none.
fs::path prefix_of(const fs::path& program) {
  const fs::path bin = program.parent_path();
  const fs::path prefix = bin.parent_path();
  std::error_code ignored;
  // pyenv and its kin: scripts that look for the interpreter beside them.
  if (bin.filename() == "shims") return prefix;
  const bool one =
      bin.filename() == "bin" && prefix.has_relative_path() && prefix != "/usr" &&
      (fs::exists(prefix / "lib", ignored) || fs::exists(prefix / "pyvenv.cfg", ignored));
  return one ? prefix : fs::path();
}

bool within_code(const fs::path& program, const config::Function& function) {
  for (const config::FunctionFile& file : function.files)
    if (file.what == "code" && program == file.path) return true;
  return false;
}

void add_program(Plan& plan, const std::string& command, const config::Function& function) {
  const auto found = find_program(command);
  if (!found) return;
  add(plan, Rule::read, *found);
  if (within_code(*found, function)) return;
  std::error_code error;
  const fs::path real = fs::canonical(*found, error);
  for (const fs::path& program : {fs::path(*found), real})
    add(plan, Rule::read, prefix_of(program));
}

void add_rules(Plan& plan, const LaunchPlan& launch, const config::Function& function,
               const Places& places) {
  plan.rules.emplace_back(Rule::temporary, kTemporary);
  plan.rules.emplace_back(Rule::temporary, "/dev/shm");
  plan.rules.emplace_back(Rule::hidden, "/run");
  add(plan, Rule::hidden, places.data);
  for (const char* path : kSystem) add(plan, Rule::read, path);
  for (const char* path : kDevices) add(plan, Rule::device, path);
  for (const config::FunctionFile& file : function.files) add(plan, Rule::read, file.path);
  for (const std::string& path : launch.reads) add(plan, Rule::read, path);
  for (const fs::path& path : places.events) add(plan, Rule::read, path);
  for (const std::string& path : function.isolation.read) add(plan, Rule::read, path);
  for (const std::string& path : function.isolation.write) add(plan, Rule::write, path);
  add_program(plan, launch.command.front(), function);
}

void set_limits(LaunchPlan& plan, const config::Function& function) {
  plan.open_files = function.open_files;
  plan.nice = static_cast<int>(function.nice);
}

}  // namespace

fs::path launcher_in(const fs::path& packages) {
  return packages / kLauncher;
}

Plan bare_plan(const config::Function& function, const Places& places) {
  Plan plan;
  plan.launcher = places.launcher;
  plan.level = function.isolation.level;
  plan.network = function.isolation.network;
  plan.temporary_bytes = function.isolation.temporary_bytes;
  plan.processes = function.processes.value_or(0);
  return plan;
}

void confine(LaunchPlan& plan, const config::Function& function, const Places& places) {
  set_limits(plan, function);
  if (!function.isolation.on()) return;
  confine_copy(plan, function);
  Plan sandbox = bare_plan(function, places);
  add_rules(sandbox, plan, function, places);
  plan.sandbox = std::move(sandbox);
}

void confine_zygote(LaunchPlan& plan, const config::Function& function, const Places& places,
                    const fs::path& state) {
  confine(plan, function, places);
  if (!plan.sandbox) return;
  std::error_code ignored;
  const fs::path bytecode = state / kBytecode;
  fs::create_directories(bytecode, ignored);
  add(*plan.sandbox, Rule::own, state);
  // Its copies write it, and not to the engine's disk.
  plan.sandbox->rules.emplace_back(Rule::kept, fs::weakly_canonical(bytecode, ignored).string());
  add(*plan.sandbox, Rule::read, places.launcher);
  plan.sandbox->stays = true;
  plan.environment[kCopies] = places.launcher.string();
  // The kernel counts all of them together, each with its guard, and the zygote.
  if (plan.sandbox->processes > 0)
    plan.sandbox->processes = (plan.sandbox->processes + 1) * (function.scale.max + 1) + 1;
}

void confine_copy(LaunchPlan& plan, const config::Function& function) {
  if (!function.isolation.on() || function.environment.contains("TMPDIR")) return;
  plan.environment.erase("TMPDIR");
}

}  // namespace pelton::worker::sandbox
