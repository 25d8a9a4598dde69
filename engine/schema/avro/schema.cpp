// SPDX-License-Identifier: Apache-2.0
#include "engine/schema/avro/schema.h"

#include "engine/base/json_quoted.h"
#include "engine/base/utf8.h"
#include "engine/schema/codec.h"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

namespace pelton::schema::avro {
namespace {

namespace json = boost::json;

// Of one schema with all that it refers to.
constexpr std::size_t kMostNodes = 100'000;
constexpr std::size_t kMostFullName = 1'024;

struct Primitive {
  std::string_view name;
  Type type;
};
constexpr std::array kPrimitives{
    Primitive{"null", Type::null},    Primitive{"boolean", Type::boolean},
    Primitive{"int", Type::int_},     Primitive{"long", Type::long_},
    Primitive{"float", Type::float_}, Primitive{"double", Type::double_},
    Primitive{"bytes", Type::bytes},  Primitive{"string", Type::string},
};

struct LogicalName {
  std::string_view name;
  Type of;
  Logical logical;
};
constexpr std::array kLogical{
    LogicalName{"date", Type::int_, Logical::date},
    LogicalName{"time-millis", Type::int_, Logical::time_millis},
    LogicalName{"time-micros", Type::long_, Logical::time_micros},
    LogicalName{"timestamp-millis", Type::long_, Logical::timestamp_millis},
    LogicalName{"timestamp-micros", Type::long_, Logical::timestamp_micros},
    LogicalName{"local-timestamp-millis", Type::long_, Logical::local_timestamp_millis},
    LogicalName{"local-timestamp-micros", Type::long_, Logical::local_timestamp_micros},
    LogicalName{"decimal", Type::bytes, Logical::decimal},
    LogicalName{"decimal", Type::fixed, Logical::decimal},
    LogicalName{"duration", Type::fixed, Logical::duration},
};

template <typename... Args>
std::unexpected<Error> bad(fmt::format_string<Args...> sentence, Args&&... args) {
  return std::unexpected(
      Error{ErrorKind::invalid, "E6162",
            "not a valid Avro schema: " + fmt::format(sentence, std::forward<Args>(args)...)});
}

const json::value* member(const json::object& object, std::string_view name) {
  return object.if_contains(name);
}

std::string_view text_of(const json::object& object, std::string_view name) {
  const json::value* value = member(object, name);
  const json::string* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string_view{} : std::string_view(*text);
}

bool is_name(std::string_view name) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !name.empty() && letter(name.front()) && std::ranges::all_of(name, [&](char c) {
    return letter(c) || (c >= '0' && c <= '9') || c == '.';
  });
}

// What kind of JSON value tells a branch from others. Numbers are one kind, but several numeric
// branches do not make a union ambiguous: the first one that holds the value is as good.
enum class Kind : std::uint8_t { null, boolean, number, text, array, object };

Kind kind_of(const Node& node) {
  if (node.logical == Logical::duration) return Kind::object;
  if (node.logical != Logical::none) return Kind::text;
  switch (node.type) {
    case Type::null:
      return Kind::null;
    case Type::boolean:
      return Kind::boolean;
    case Type::int_:
    case Type::long_:
    case Type::float_:
    case Type::double_:
      return Kind::number;
    case Type::array:
      return Kind::array;
    case Type::record:
    case Type::map:
      return Kind::object;
    default:
      return Kind::text;
  }
}

// About what it takes in memory, besides the values of defaults.
std::size_t bytes_of(const Node& node) {
  std::size_t bytes = sizeof(Node) + 2 * node.name.size() + 16 * node.branches.size();
  for (const Field& each : node.fields)
    bytes += sizeof(Field) + each.name.size() + each.quoted.size();
  for (const std::string& each : node.symbols) bytes += sizeof(std::string) + each.size();
  return bytes;
}

}  // namespace

class Parser {
 public:
  Result<std::unique_ptr<const Schema>> run(const Source& source) {
    for (const Source::Reference& reference : source.references)
      if (auto ok = document(reference.text); !ok) return std::unexpected(ok.error());
    const auto root = document(source.text);
    if (!root) return std::unexpected(root.error());
    for (Node* each : unions_) tell_apart(*each);
    for (const auto& each : schema_->nodes_) schema_->bytes_ += bytes_of(*each);
    schema_->root_ = *root;
    return std::unique_ptr<const Schema>(std::move(schema_));
  }

 private:
  using Parsed = Result<const Node*>;

  Parsed document(const std::string& text) {
    boost::system::error_code error;
    json::parse_options options;
    options.max_depth = 2 * kMostDepth;
    const json::value value = json::parse(text, error, {}, options);
    // A name alone is a schema, too, and registries have it without quotes.
    if (error && is_name(text) && text.size() <= kMostFullName)
      return type(json::value(text), "", 0);
    if (error) return bad("it is not JSON ({})", error.message());
    return type(value, "", 0);
  }

  Node& add(Type type, std::string name) {
    Node& node = *schema_->nodes_.emplace_back(std::make_unique<Node>());
    node.type = type;
    node.name = std::move(name);
    return node;
  }

  // `space`: the namespace of what encloses it.
  Parsed type(const json::value& value, const std::string& space, int depth) {
    if (depth > kMostDepth) return bad("it is nested more than {} deep", kMostDepth);
    if (schema_->nodes_.size() > kMostNodes) return bad("it has more than {} types", kMostNodes);
    if (const json::string* name = value.if_string()) return named(std::string(*name), space);
    if (const json::array* branches = value.if_array()) return union_of(*branches, space, depth);
    const json::object* object = value.if_object();
    if (object == nullptr) return bad("a type is a name, a list or an object");
    const json::value* inner = member(*object, "type");
    if (inner == nullptr) return bad("an object has no `type`");
    // {"type": {"type": ...}}
    if (!inner->is_string()) return type(*inner, space, depth + 1);
    return complex(*object, std::string(inner->get_string()), space, depth);
  }

  Parsed named(const std::string& name, const std::string& space) {
    const auto primitive = std::ranges::find(kPrimitives, name, &Primitive::name);
    if (primitive != kPrimitives.end()) return &add(primitive->type, name);
    for (const std::string& full : {qualified(name, space), name})
      if (const auto found = names_.find(full); found != names_.end()) return found->second;
    return bad("there is no type \"{}\"", shortened(name, kMostQuoted));
  }

  Parsed union_of(const json::array& branches, const std::string& space, int depth) {
    Node& node = add(Type::union_, "union");
    std::set<std::pair<Type, std::string>> seen;
    for (const json::value& each : branches) {
      const auto branch = type(each, space, depth + 1);
      if (!branch) return branch;
      if ((*branch)->type == Type::union_) return bad("a union is directly in a union");
      if (!seen.emplace((*branch)->type, (*branch)->name).second)
        return bad("a union has \"{}\" twice", (*branch)->name);
      node.branches.push_back(*branch);
    }
    if (node.branches.empty()) return bad("a union is empty");
    unions_.push_back(&node);
    return &node;
  }

  Parsed complex(const json::object& object, const std::string& name, const std::string& space,
                 int depth) {
    if (name == "array") return collection(Type::array, object, "items", space, depth);
    if (name == "map") return collection(Type::map, object, "values", space, depth);
    if (name == "record" || name == "error") return record(object, space, depth);
    if (name == "enum") return enumeration(object, space);
    if (name == "fixed") return fixed(object, space);
    const auto base = named(name, space);
    if (!base) return base;
    const bool primitive =
        std::ranges::find(kPrimitives, name, &Primitive::name) != kPrimitives.end();
    if (primitive) set_logical(*schema_->nodes_.back(), object);
    return base;
  }

  Parsed collection(Type type_of, const json::object& object, std::string_view of,
                    const std::string& space, int depth) {
    const json::value* items = member(object, of);
    if (items == nullptr) return bad("an array or a map has no `{}`", of);
    Node& node = add(type_of, type_of == Type::array ? "array" : "map");
    const auto inner = type(*items, space, depth + 1);
    if (!inner) return inner;
    node.items = *inner;
    return &node;
  }

  static std::string qualified(const std::string& name, const std::string& space) {
    const bool full = space.empty() || name.find('.') != std::string::npos;
    return full ? name : space + "." + name;
  }

  // Says where the type is known, and in which namespace its own parts are.
  Result<Node*> declare(Type type, const json::object& object, std::string& space) {
    const std::string name(text_of(object, "name"));
    if (!is_name(name))
      return bad("\"{}\" is not the name of a type", shortened(name, kMostQuoted));
    if (const json::value* own = member(object, "namespace"); own != nullptr && own->is_string())
      space = std::string(own->get_string());
    const std::string full = qualified(name, space);
    if (full.size() > kMostFullName)
      return bad("the name {} has more than {} characters", shortened(full, kMostQuoted),
                 kMostFullName);
    space = full.substr(0, full.rfind('.') == std::string::npos ? 0 : full.rfind('.'));
    Node& node = add(type, full);
    if (!names_.emplace(full, &node).second) return bad("\"{}\" is defined twice", full);
    return &node;
  }

  Parsed record(const json::object& object, std::string space, int depth) {
    const auto node = declare(Type::record, object, space);
    if (!node) return std::unexpected(node.error());
    const json::value* fields = member(object, "fields");
    if (fields == nullptr || !fields->is_array()) return bad("{} has no fields", (*node)->name);
    std::set<std::string> names;
    for (const json::value& each : fields->get_array()) {
      const json::object* field = each.if_object();
      if (field == nullptr) return bad("a field of {} is no object", (*node)->name);
      auto made = this->field(*field, **node, space, depth);
      if (!made) return std::unexpected(made.error());
      if (!names.insert(made->name).second)
        return bad("{} has two fields \"{}\"", (*node)->name, shortened(made->name, kMostQuoted));
      (*node)->fields.push_back(std::move(*made));
    }
    return *node;
  }

  Result<Field> field(const json::object& object, const Node& of, const std::string& space,
                      int depth) {
    Field field;
    field.name = std::string(text_of(object, "name"));
    const json::value* inner = member(object, "type");
    if (field.name.empty() || inner == nullptr)
      return bad("a field of {} has no name or no type", of.name);
    field.quoted = json_quoted(field.name) + ":";
    const auto made = type(*inner, space, depth + 1);
    if (!made) return std::unexpected(made.error());
    field.type = *made;
    if (const json::value* fallback = member(object, "default")) field.fallback = *fallback;
    return field;
  }

  Parsed enumeration(const json::object& object, std::string space) {
    const auto node = declare(Type::enum_, object, space);
    if (!node) return std::unexpected(node.error());
    const json::value* symbols = member(object, "symbols");
    if (symbols == nullptr || !symbols->is_array()) return bad("{} has no symbols", (*node)->name);
    for (const json::value& each : symbols->get_array()) {
      if (!each.is_string()) return bad("a symbol of {} is not a text", (*node)->name);
      (*node)->symbols.emplace_back(each.get_string());
    }
    return *node;
  }

  Parsed fixed(const json::object& object, std::string space) {
    const auto node = declare(Type::fixed, object, space);
    if (!node) return std::unexpected(node.error());
    const json::value* size = member(object, "size");
    if (size == nullptr || !size->is_int64() || size->get_int64() < 0 ||
        static_cast<std::size_t>(size->get_int64()) > kMostJson)
      return bad("{} has no size", (*node)->name);
    (*node)->size = static_cast<std::size_t>(size->get_int64());
    set_logical(**node, object);
    return *node;
  }

  static void set_logical(Node& node, const json::object& object) {
    const std::string_view name = text_of(object, "logicalType");
    const auto found = std::ranges::find_if(kLogical, [&](const LogicalName& each) {
      return each.name == name && each.of == node.type;
    });
    if (found == kLogical.end()) return;
    if (found->logical == Logical::duration && node.size != 12) return;
    if (found->logical == Logical::decimal) {
      const json::value* scale = member(object, "scale");
      const json::value* precision = member(object, "precision");
      const auto number = [](const json::value* value) {
        return value == nullptr || !value->is_int64() ? -1 : value->get_int64();
      };
      const std::int64_t digits = number(precision), fraction = scale ? number(scale) : 0;
      if (digits < 1 || fraction < 0 || fraction > digits || digits > 1'000) return;
      node.scale = static_cast<std::uint32_t>(fraction);
    }
    node.logical = found->logical;
  }

  static void tell_apart(Node& node) {
    std::set<Kind> kinds;
    for (const Node* each : node.branches) {
      const Kind kind = kind_of(*each);
      if (!kinds.insert(kind).second && kind != Kind::number) node.tagged = true;
    }
  }

  std::unique_ptr<Schema> schema_ = std::make_unique<Schema>();
  std::map<std::string, const Node*> names_;
  std::vector<Node*> unions_;
};

Result<std::unique_ptr<const Schema>> Schema::parse(const Source& source) {
  return Parser().run(source);
}

}  // namespace pelton::schema::avro
