// SPDX-License-Identifier: Apache-2.0
#include "connectors/postgres/settings.h"

#include <libpq-fe.h>

#include <algorithm>
#include <charconv>

namespace pelton::postgres {
namespace {

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> out(1);
  for (const char c : list) {
    if (c == ',')
      out.emplace_back();
    else
      out.back() += c;
  }
  return out;
}

// What libpq quotes can be the URL with its password, or a part of it; the name of an option is
// not.
std::string without_secrets(std::string why) {
  if (why.starts_with("invalid connection option") ||
      why.starts_with("invalid URI query parameter"))
    return why;
  const std::size_t first = why.find('"'), last = why.rfind('"');
  if (first < last) why.replace(first, last - first + 1, "...");
  return why;
}

}  // namespace

std::string sentence(const char* message) {
  std::string text = message == nullptr ? "" : message;
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  for (char& c : text)
    if (c == '\n' || c == '\t') c = ' ';
  return text;
}

Result<Settings> settings_of(const std::string& url) {
  char* error = nullptr;
  PQconninfoOption* options = PQconninfoParse(url.c_str(), &error);
  if (options == nullptr) {
    const std::string why = without_secrets(sentence(error));
    PQfreemem(error);
    return fail(ErrorKind::invalid, "E7080", "`url` is not a PostgreSQL connection string: {}",
                why);
  }
  Settings out;
  for (const PQconninfoOption* option = options; option->keyword != nullptr; ++option)
    if (option->val != nullptr) out[option->keyword] = option->val;
  PQconninfoFree(options);
  return out;
}

std::string place_of(const Settings& settings) {
  const auto get = [&](const char* name, const char* otherwise) {
    const auto at = settings.find(name);
    return at == settings.end() ? std::string(otherwise) : at->second;
  };
  return fmt::format("{}:{}/{}", get("host", "localhost"), get("port", "5432"),
                     get("dbname", get("user", "").c_str()));
}

std::vector<Settings> hosts_of(const Settings& settings) {
  std::size_t count = 1;
  std::map<std::string, std::vector<std::string>> lists;
  for (const char* name : {"host", "hostaddr", "port"}) {
    const auto at = settings.find(name);
    if (at == settings.end()) continue;
    count = std::max(count, lists.emplace(name, split(at->second)).first->second.size());
  }
  std::vector<Settings> out(count, settings);
  for (const auto& [name, values] : lists) {
    if (values.size() != count && (name != "port" || values.size() != 1)) return {settings};
    for (std::size_t i = 0; i < count; ++i) out[i][name] = values[values.size() == 1 ? 0 : i];
  }
  return out;
}

Result<std::chrono::milliseconds> connect_timeout(const Settings& settings) {
  const auto at = settings.find("connect_timeout");
  const std::string text = at == settings.end() ? "0" : at->second;
  int seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc{} || end != text.data() + text.size())
    return fail(ErrorKind::invalid, "E7080",
                "`url`: connect_timeout is \"{}\", not a number of "
                "seconds",
                text);
  return seconds <= 0 ? std::chrono::hours(24) : std::chrono::seconds(std::max(seconds, 2));
}

Parameters::Parameters(const Settings& settings) {
  for (const auto& [name, value] : settings) {
    names_.push_back(name.c_str());
    values_.push_back(value.c_str());
  }
  names_.push_back(nullptr);
  values_.push_back(nullptr);
}

}  // namespace pelton::postgres
