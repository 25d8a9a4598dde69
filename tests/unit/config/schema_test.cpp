// SPDX-License-Identifier: Apache-2.0
#include "engine/config/spec/schema.h"

#include "engine/config/parts/filter_spec.h"
#include "engine/config/spec/fields.h"
#include "engine/config/specs.h"
#include "tests/unit/config/fixture.h"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace pelton::config {
namespace {

namespace json = boost::json;

class Schema : public ::testing::Test {
 protected:
  Schema() : schema_(json::parse(json_schema(kinds_))) {}

  const json::object& definition(std::string_view name) const {
    return schema_.at("$defs").at(name).as_object();
  }
  // The schema of one entry of a mapping of names, such as "bindings".
  const json::object& part(const char* key) const {
    const std::string_view reference = schema_.at("properties")
                                           .at(key)
                                           .at("additionalProperties")
                                           .at("anyOf")
                                           .at(0)
                                           .at("$ref")
                                           .as_string();
    return definition(reference.substr(std::string_view("#/$defs/").size()));
  }
  const Kinds kinds_ = sample_kinds();
  json::value schema_;
};

void has_all(const json::object& schema, const SectionSpec& section) {
  EXPECT_EQ(schema.at("additionalProperties"), false) << section.name;
  const json::object& properties = schema.at("properties").as_object();
  for (const OptionSpec& option : section.options) {
    ASSERT_TRUE(properties.contains(option.name)) << section.name << "." << option.name;
    EXPECT_FALSE(properties.at(option.name).at("description").as_string().empty());
  }
  for (const SectionSpec& child : section.sections) {
    const json::object& within = properties.at(child.name).as_object();
    has_all(child.shorthand.empty() ? within : within.at("anyOf").at(0).as_object(), child);
  }
}

TEST_F(Schema, IsDraft07AndHasEveryOption) {
  EXPECT_EQ(schema_.at("$schema"), "http://json-schema.org/draft-07/schema#");
  for (const TopLevel& top : top_levels(kinds_)) {
    if (top.key == "connectors") continue;
    has_all(top.named ? part(top.key.c_str()) : schema_.at("properties").at(top.key).as_object(),
            top.spec);
  }
}

TEST_F(Schema, AConnectorHasADirectionAndAType) {
  const json::object& connector = part("connectors");
  EXPECT_TRUE(connector.at("properties").as_object().contains("files"));
  const json::array& all = connector.at("allOf").as_array();
  EXPECT_EQ(all.at(0).at("oneOf").as_array().size(), 2U);
  EXPECT_EQ(all.at(1).at("oneOf").as_array().size(), kinds_.connectors.size());
  EXPECT_EQ(json::serialize(all.at(2).at("if")), R"({"required":["to"]})");
  EXPECT_EQ(all.at(2).at("then").at("properties").at("files").at("$ref"), "#/$defs/files-source");
  EXPECT_EQ(all.at(3).at("then").at("properties").at("files").at("$ref"), "#/$defs/files-sink");
  has_all(definition("files-source"), kinds_.connectors.front().source->options.spec);
}

TEST_F(Schema, AFunctionHasTheOptionsOfItsRuntime) {
  const json::object& function = part("functions");
  EXPECT_TRUE(function.at("properties").as_object().contains("handler"));
  const json::array& all = function.at("allOf").as_array();
  ASSERT_EQ(all.size(), kinds_.runtimes.size());
  EXPECT_EQ(all.at(0).at("if").at("properties").at("runtime").at("const"), "python");
  EXPECT_EQ(json::serialize(all.at(0).at("then").at("required")), R"(["code","handler"])");
  EXPECT_EQ(all.at(1).at("then").at("properties").at("handler"), false);
}

TEST_F(Schema, EditorsGetDefaultsAndExamples) {
  const json::value& stream = part("streams");
  EXPECT_EQ(stream.at("properties").at("partitions").at("default"), 1);
  const json::value& data = schema_.at("properties").at("engine").at("properties").at("data");
  EXPECT_EQ(data.at("default"), "./data");
  const json::value& http = schema_.at("properties").at("engine").at("properties").at("http");
  EXPECT_EQ(json::serialize(http.at("anyOf").at(0).at("properties").at("listen").at("examples")),
            R"(["127.0.0.1:8080"])");
}

TEST_F(Schema, ASectionMayBeOneValue) {
  const json::value& retry = part("bindings").at("properties").at("retry");
  EXPECT_TRUE(retry.at("anyOf").at(0).at("properties").as_object().contains("attempts"));
  EXPECT_EQ(retry.at("anyOf").at(1).at("default"), 5);
}

TEST_F(Schema, SectionsMayBeListedAndNamed) {
  struct ListedRule {
    std::string path;
  };
  struct RuleList {
    std::vector<ListedRule> rules;
    std::map<std::string, ListedRule> named;
  };
  const auto rule = [](const char* name) {
    return Fields<ListedRule>(name, "Rules.")
        .shorthand("path")
        .option("path", &ListedRule::path, "A path.", {.required = true});
  };
  Kinds kinds;
  ConnectorOptions type{"routes", "Routes.", {}, {}};
  type.source = connector_side<RuleList>(Fields<RuleList>("", "")
                                             .listed(&RuleList::rules, rule("rules"))
                                             .named(&RuleList::named, rule("named")),
                                         [](const RuleList&) { return std::vector<Location>{}; });
  kinds.connectors = {type};
  const json::value schema = json::parse(json_schema(kinds));
  const json::value& properties = schema.at("$defs").at("routes-source").at("properties");
  const json::value& rules = properties.at("rules");
  EXPECT_EQ(json::serialize(rules.at("type")), R"(["array","null"])");
  EXPECT_EQ(json::serialize(rules.at("items").at("anyOf").at(0).at("required")), R"(["path"])");
  const json::value& named = properties.at("named");
  EXPECT_EQ(json::serialize(named.at("type")), R"(["object","null"])");
  EXPECT_TRUE(named.at("propertyNames").is_object());
  EXPECT_EQ(named.at("additionalProperties").at("anyOf").as_array().size(), 2U);
}

TEST_F(Schema, KeysOfTheUsersOwnAreAllowed) {
  EXPECT_TRUE(schema_.at("patternProperties").as_object().contains("^x-"));
  EXPECT_TRUE(part("bindings").at("patternProperties").as_object().contains("^x-"));
}

TEST_F(Schema, RequiredOptionsAreRequired) {
  EXPECT_EQ(json::serialize(part("bindings").at("required")), R"(["from","function"])");
  EXPECT_EQ(json::serialize(schema_.at("required")), R"(["version"])");
}

TEST_F(Schema, AFilterKnowsItsConditions) {
  const json::value& filter = definition("filter");
  EXPECT_EQ(part("bindings").at("properties").at("filter").at("allOf").at(0).at("$ref"),
            "#/$defs/filter");
  const json::value& conditions = definition("condition").at("anyOf").at(1).at("properties");
  EXPECT_EQ(conditions.as_object().size(), filter_conditions().size());
  EXPECT_EQ(filter.at("patternProperties").as_object().size(), 2U);
}

}  // namespace
}  // namespace pelton::config
