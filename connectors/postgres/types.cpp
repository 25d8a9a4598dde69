// SPDX-License-Identifier: Apache-2.0
#include "connectors/postgres/types.h"

#include <algorithm>
#include <iterator>

namespace pelton::postgres {
namespace {

using Shape = Type::Shape;

struct Builtin {
  Oid oid;
  Oid array;  // of this element type; 0: looked up
  Type type;
};

// From pg_type.dat; the numbers of built-in types never change.
const Builtin kBuiltins[] = {
    {16, 1000, {Shape::boolean}},      // bool
    {17, 1001, {Shape::bytea}},        // bytea
    {18, 1002, {Shape::text}},         // "char"
    {19, 1003, {Shape::text}},         // name
    {20, 1016, {Shape::number}},       // int8
    {21, 1005, {Shape::number}},       // int2
    {23, 1007, {Shape::number}},       // int4
    {25, 1009, {Shape::text}},         // text
    {26, 1028, {Shape::number}},       // oid
    {114, 199, {Shape::json}},         // json
    {142, 143, {Shape::text}},         // xml
    {600, 1017, {Shape::text}},        // point
    {650, 651, {Shape::text}},         // cidr
    {700, 1021, {Shape::number}},      // float4
    {701, 1022, {Shape::number}},      // float8
    {774, 775, {Shape::text}},         // macaddr8
    {790, 791, {Shape::money}},        // money
    {829, 1040, {Shape::text}},        // macaddr
    {869, 1041, {Shape::text}},        // inet
    {1042, 1014, {Shape::text}},       // char(n)
    {1043, 1015, {Shape::text}},       // varchar
    {1082, 1182, {Shape::date}},       // date
    {1083, 1183, {Shape::text}},       // time
    {1114, 1115, {Shape::timestamp}},  // timestamp
    {1184, 1185, {Shape::timestamp}},  // timestamptz
    {1186, 1187, {Shape::text}},       // interval
    {1266, 1270, {Shape::text}},       // timetz
    {1560, 1561, {Shape::text}},       // bit
    {1562, 1563, {Shape::text}},       // varbit
    {1700, 1231, {Shape::decimal}},    // numeric
    {2950, 2951, {Shape::text}},       // uuid
    {3614, 3643, {Shape::text}},       // tsvector
    {3802, 3807, {Shape::json}},       // jsonb
};

const Builtin* builtin(Oid oid, Oid Builtin::*number) {
  const auto* found = std::ranges::find(kBuiltins, oid, number);
  return found == std::end(kBuiltins) ? nullptr : found;
}

}  // namespace

Result<const Type*> Types::of(Oid oid, Catalog& catalog) {
  if (const Builtin* known = builtin(oid, &Builtin::oid)) return &known->type;
  if (const auto at = types_.find(oid); at != types_.end()) return at->second.get();
  Type& type = *types_.emplace(oid, std::make_unique<Type>()).first->second;
  if (const Builtin* of = oid == 0 ? nullptr : builtin(oid, &Builtin::array)) {
    type.shape = Shape::array;
    type.element = &of->type;
    return &type;
  }
  auto facts = catalog.type(oid);
  if (!facts) return std::unexpected(std::move(facts).error());
  if (*facts)
    if (auto filled = fill(type, **facts, catalog); !filled)
      return std::unexpected(std::move(filled).error());
  return &type;
}

Status Types::fill(Type& type, const TypeFacts& facts, Catalog& catalog) {
  if (facts.base != 0) {
    const auto base = of(facts.base, catalog);
    if (!base) return std::unexpected(base.error());
    type = **base;
  } else if (facts.element != 0) {
    const auto element = of(facts.element, catalog);
    if (!element) return std::unexpected(element.error());
    type.shape = Shape::array;
    type.element = *element;
    type.delimiter = facts.delimiter;
  } else if (!facts.attributes.empty()) {
    type.shape = Shape::composite;
    for (const auto& [name, oid] : facts.attributes) {
      const auto attribute = of(oid, catalog);
      if (!attribute) return std::unexpected(attribute.error());
      type.attributes.emplace_back(name, *attribute);
    }
  }
  return {};
}

}  // namespace pelton::postgres
