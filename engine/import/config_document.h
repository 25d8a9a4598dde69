// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/import/import.h"
#include "engine/import/service.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace pelton::importer {

// Value. A config file, and comments for some of its entries: by section and name.
struct Document {
  Node root;
  std::map<std::pair<std::string, std::string>, std::string> comments;
};

// Gives the parts their names: those of the functions, in kebab case. E1011: two are the same.
Document make_document(const Service& service, const Options& options);

// "get-user" of "getUser": a name of a part of a config.
std::string part_name(const std::string& name);

}  // namespace pelton::importer
