// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pelton::postgres {

using Oid = std::uint32_t;

// What the server's catalog says of a type.
struct TypeFacts {
  Oid base = 0;                                         // of a domain; 0: it is none
  Oid element = 0;                                      // of an array; 0: it is none
  char delimiter = ',';                                 // between its elements
  std::vector<std::pair<std::string, Oid>> attributes;  // of a composite type
};

// Interface. The server's catalog, as it is now. Errors are those of its connection.
class Catalog {
 public:
  virtual ~Catalog() = default;
  // Nothing: there is no such type (any more).
  virtual Result<std::optional<TypeFacts>> type(Oid oid) = 0;
  // The columns of the primary key, in its order; empty: it has none, or the table is gone.
  virtual Result<std::vector<std::string>> primary_key(Oid relation) = 0;
};

// How the values of a type are written in JSON.
struct Type {
  enum class Shape : std::uint8_t {
    text,
    boolean,
    number,
    decimal,  // numeric, of any precision
    money,
    json,
    bytea,
    date,
    timestamp,
    array,
    composite,
  };
  Shape shape = Shape::text;
  char delimiter = ',';
  const Type* element = nullptr;
  std::vector<std::pair<std::string, const Type*>> attributes{};
};

// The types of one table's columns. Those that are not built in are looked up in the catalog, once.
// A type that the catalog does not know is written as text. The types live as long as this.
class Types {
 public:
  Result<const Type*> of(Oid oid, Catalog& catalog);

 private:
  Status fill(Type& type, const TypeFacts& facts, Catalog& catalog);

  std::map<Oid, std::unique_ptr<Type>> types_;
};

}  // namespace pelton::postgres
