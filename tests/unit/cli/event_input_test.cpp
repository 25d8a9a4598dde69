// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/event_input.h"

#include "engine/cli/json_layout.h"
#include "tests/contract/temporary_folder.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gmock/gmock.h>

#include <fstream>

namespace pelton::cli {
namespace {

namespace json = boost::json;

TEST(EventInput, IsAFileAsItIs) {
  const test::TemporaryFolder folder;
  const std::string name = (folder.path() / "event").string();
  std::ofstream(name) << "{\n}\n";
  const auto body = read_event({name, {}, {}});
  ASSERT_TRUE(body);
  EXPECT_EQ(body->text, "{\n}\n");
  EXPECT_FALSE(body->is_event);
  EXPECT_EQ(read_event({folder.path().string(), {}, {}}).error().code, "E5020");
  std::ofstream(name) << std::string((16U << 20) + 1, 'x');
  EXPECT_EQ(read_event({name, {}, {}}).error().code, "E5020");
}

TEST(EventInput, OrIsMadeOfWords) {
  EventInput input;
  EXPECT_EQ(read_event(input)->text, "{}");
  input.data = "\xff";
  EXPECT_EQ(read_event(input)->text, R"({"data_base64":"/w=="})");
  input.data = "x";
  input.attributes = {"k", "t", "s", "c", {"a=b=c", "d="}};
  const auto body = read_event(input);
  EXPECT_TRUE(body->is_event);
  EXPECT_EQ(body->text, R"({"key":"k","type":"t","subject":"s","content_type":"c",)"
                        R"("headers":[["a","b=c"],["d",""]],"data":"x"})");
  input.attributes.headers = {"=b"};
  EXPECT_EQ(read_event(input).error().code, "E5004");
}

TEST(JsonLayout, HasAMemberALine) {
  EXPECT_EQ(laid_out(json::parse(R"({"a":[1,{"b":"\n"}],"c":{},"d":[],"e":null})")),
            "{\n  \"a\": [\n    1,\n    {\n      \"b\": \"\\n\"\n    }\n  ],\n"
            "  \"c\": {},\n  \"d\": [],\n  \"e\": null\n}");
  EXPECT_EQ(laid_out("x"), "\"x\"");
}

}  // namespace
}  // namespace pelton::cli
