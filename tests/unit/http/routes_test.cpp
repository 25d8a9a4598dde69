// SPDX-License-Identifier: Apache-2.0
// docs/admin_api.md names the routes that there are, with their parameters.
#include "engine/http/admin/router.h"

#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

namespace pelton::http {
namespace {

// "POST /v1/streams/NAME/events?partition=&first_line=" -> "POST /v1/streams/*/events partition
// first_line ".
std::string normal(const std::string& documented) {
  std::string out;
  bool in_query = false;
  for (std::size_t i = 0; i < documented.size(); ++i) {
    const char c = documented[i];
    const bool placeholder = !in_query && i > 0 && documented[i - 1] == '/' && c >= 'A' && c <= 'Z';
    if (placeholder) {
      out += '*';
      while (i + 1 < documented.size() && documented[i + 1] >= 'A' && documented[i + 1] <= 'Z') ++i;
    } else if (c == '?' || c == '&') {
      in_query = true;
      out += ' ';
    } else if (c != '=') {
      out += c;
    }
  }
  return out;
}

std::vector<std::string> documented_routes() {
  std::ifstream page(std::string(PELTON_SOURCE_DIR) + "/docs/admin_api.md");
  EXPECT_TRUE(page.is_open());
  std::vector<std::string> routes;
  for (std::string line; std::getline(page, line);) {
    const auto end = line.find('`', 3);
    if (line.starts_with("| `") && line.find(" /") < end)
      routes.push_back(normal(line.substr(3, end - 3)));
  }
  return routes;
}

TEST(Routes, AreThoseOfTheManual) {
  std::vector<std::string> routes;
  for (const AdminRouter::Route& route : AdminRouter::routes()) {
    std::string parameters = route.parameters;
    std::erase(parameters, '+');
    routes.push_back(std::string(route.method) + " " + route.path +
                     (parameters.empty() ? "" : " " + parameters));
  }
  EXPECT_THAT(documented_routes(), ::testing::UnorderedElementsAreArray(routes));
}

}  // namespace
}  // namespace pelton::http
