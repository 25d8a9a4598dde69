// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/import/fixture.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace pelton::importer {

namespace fs = std::filesystem;

ImportTest::ImportTest() {
  std::string name = (fs::temp_directory_path() / "import_test_XXXXXX").string();
  EXPECT_NE(::mkdtemp(name.data()), nullptr);
  folder_ = fs::canonical(name);
}

ImportTest::~ImportTest() {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

void ImportTest::write(const std::string& name, std::string_view text) {
  fs::create_directories((folder_ / name).parent_path());
  std::ofstream(folder_ / name, std::ios::binary) << text;
}

Converted ImportTest::convert_text(const std::string& text, const std::string& name) {
  write(name, text);
  return convert(
      folder_ / name,
      [this](const std::string& variable) -> std::optional<std::string> {
        const auto at = variables_.find(variable);
        return at == variables_.end() ? std::nullopt : std::optional(at->second);
      },
      options_);
}

std::string ImportTest::with_function(const std::string& lines) {
  const std::string text =
      "service: svc\nprovider: { name: aws, runtime: nodejs22.x }\nfunctions:\n  f:\n"
      "    handler: index.handler\n" +
      lines;
  const Converted converted = convert_text(text);
  std::string all = converted.text;
  for (const std::string& problem : problems(converted)) all += "# " + problem + "\n";
  return all;
}

std::string ImportTest::value(const std::string& written, const std::string& more) {
  const Converted converted = convert_text(
      "service: svc\nprovider:\n  name: aws\n  runtime: nodejs22.x\n  environment:\n"
      "    V: " +
      written + "\nfunctions: { f: { handler: a.b } }\n" + more);
  const auto at = converted.text.find("      V: \"");
  if (at == std::string::npos) return fmt::format("{}", fmt::join(problems(converted), "\n"));
  const auto begin = at + 10;
  return converted.text.substr(begin, converted.text.find("\"\n", begin) - begin);
}

std::vector<std::string> ImportTest::problems(const Converted& converted) {
  std::vector<std::string> all;
  for (const config::Diagnostic& problem : converted.problems)
    all.push_back(fmt::format("{} {} {}", problem.place.line, problem.code, problem.message));
  return all;
}

std::string ImportTest::section(const std::string& text, const std::string& name) {
  std::istringstream in(text);
  std::string found;
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    if (!line.empty() && line[0] != ' ')
      inside = line == name + ":";
    else if (inside && line.find_first_not_of(' ') != line.find('#'))
      found += line + "\n";
  }
  return found;
}

}  // namespace pelton::importer
