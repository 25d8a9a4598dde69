// SPDX-License-Identifier: Apache-2.0
#include "engine/config/parts/isolation.h"

#include "engine/config/spec/fields.h"

#include <filesystem>

namespace pelton::config {
namespace {

namespace fs = std::filesystem;

void resolve(const Section& section, const std::string& option, ReadContext& context,
             std::vector<std::string>& paths) {
  for (std::string& path : paths) {
    path = (context.folder_of(section.place(option)) / path).lexically_normal().string();
    std::error_code ignored;
    if (path.size() > 1 && path.ends_with('/')) path.pop_back();
    if (!fs::exists(path, ignored))
      context.problems.error(section.place(option), "E1014",
                             fmt::format("{}: {} does not exist", option, path));
  }
}

// What nobody heeds must not look like a protection.
void refuse_without_level(const Section& section, const std::string& prefix, ReadContext& context) {
  for (const char* name : {"network", "read", "write", "temporary"})
    if (const std::string option = prefix + name; section.node(option) != nullptr)
      context.problems.error(section.place(option), "E7313",
                             fmt::format("{}: has no effect without isolation.level `standard` or "
                                         "`required`",
                                         option));
}

void check(const Section& section, const std::string& prefix, ReadContext& context,
           Isolation& isolation) {
  resolve(section, prefix + "read", context, isolation.read);
  resolve(section, prefix + "write", context, isolation.write);
  if (!isolation.on()) refuse_without_level(section, prefix, context);
}

}  // namespace

Fields<Isolation> isolation_fields() {
  return Fields<Isolation>("isolation", "What the workers are kept from.")
      .shorthand("level")
      .choice("level", &Isolation::level,
              {{"none", Isolation::Level::none},
               {"standard", Isolation::Level::standard},
               {"required", Isolation::Level::required}},
              "`none`: workers may do what the engine's user may. `standard`: they are kept from "
              "files, processes and system calls that are not theirs, as far as the kernel allows "
              "the engine to do so. `required`: no worker starts with less than that.")
      .choice("network", &Isolation::network,
              {{"all", Isolation::Network::all},
               {"loopback", Isolation::Network::loopback},
               {"none", Isolation::Network::none}},
              "`all`: the machine's network. `loopback`: a loopback interface of their own, which "
              "reaches nothing but themselves. `none`: no network.")
      .option("read", &Isolation::read,
              "Files and folders that workers may read and run, beside the system's, their "
              "interpreter and their code.",
              {.example = "[./models]"})
      .option("write", &Isolation::write,
              "Files and folders that workers may also write to, beside `/tmp`.",
              {.example = "[./out]"})
      .option("temporary", &Isolation::temporary_bytes,
              "Size of the workers' own `/tmp`, which is held in memory.",
              {.at_least = "64KiB", .at_most = "64GiB"})
      .then(check);
}

std::string word_of(Isolation::Level level) {
  switch (level) {
    case Isolation::Level::none:
      return "none";
    case Isolation::Level::standard:
      return "standard";
    case Isolation::Level::required:
      return "required";
  }
  return {};
}

}  // namespace pelton::config
