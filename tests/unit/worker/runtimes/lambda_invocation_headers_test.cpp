// SPDX-License-Identifier: Apache-2.0
#include "engine/model/batch_builder.h"
#include "engine/model/invocation_headers.h"
#include "engine/worker/runtimes/lambda/invocation_headers.h"

#include <gtest/gtest.h>

namespace pelton::worker::lambda {
namespace {

constexpr const char* kRequestId = "0a1b2c3d-0000-4000-8000-0123456789ab";

model::Frame frame_with(const char* name, std::string_view value) {
  model::EventView event;
  event.headers = {{"other", "x"}, {name, value}};
  model::BatchBuilder builder;
  builder.add(event);
  model::Frame frame;
  frame.batch = builder.finish();
  return frame;
}

TEST(InvocationHeaders, ARequestIdIsAUuid) {
  const auto id = [](std::string_view value) {
    return own_request_id(frame_with(model::kRequestIdHeader, value), 0);
  };
  EXPECT_EQ(id(kRequestId), kRequestId);
  for (const char* wrong :
       {"", "1", "0A1B2C3D-0000-4000-8000-0123456789ab", "0a1b2c3d-0000-4000-8000-0123456789a\n",
        "0a1b2c3d-0000-4000-8000-0123456789abc", "0a1b2c3d00000-4000-8000-0123456789ab"})
    EXPECT_EQ(id(wrong), std::nullopt) << wrong;
  EXPECT_EQ(own_request_id(frame_with("request-id", kRequestId), 0), std::nullopt);
}

TEST(InvocationHeaders, AClientContextIsAJsonObjectOnOneLine) {
  const auto context = [](std::string_view value) {
    return own_client_context(frame_with(model::kClientContextHeader, value), 0);
  };
  EXPECT_EQ(context(R"({"custom":{"a":"\u00fc"}})"), R"({"custom":{"a":"\u00fc"}})");
  for (const char* wrong : {"", "1", "[]", "{", "{\"a\":\r\n1}", "{\"a\":\"\xc3\xbc\"}", " {}"})
    EXPECT_EQ(context(wrong), std::nullopt) << wrong;
  EXPECT_EQ(own_client_context(frame_with("client-context", "{}"), 0), std::nullopt);
}

}  // namespace
}  // namespace pelton::worker::lambda
