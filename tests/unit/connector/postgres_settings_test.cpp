// SPDX-License-Identifier: Apache-2.0
#include "connectors/postgres/session.h"
#include "connectors/postgres/settings.h"

#include <gmock/gmock.h>

namespace pelton::postgres {
namespace {

using testing::ElementsAre;

std::vector<std::string> places(const std::string& url) {
  std::vector<std::string> out;
  for (const Settings& host : hosts_of(settings_of(url).value())) out.push_back(place_of(host));
  return out;
}

TEST(PostgresSettings, HostsAreTriedOneAfterAnother) {
  EXPECT_THAT(places("postgresql://u@a:1/x"), ElementsAre("a:1/x"));
  EXPECT_THAT(places("postgresql://u@a:1,b:2/x"), ElementsAre("a:1/x", "b:2/x"));
  EXPECT_THAT(places("host=a,b,c port=7 dbname=x"), ElementsAre("a:7/x", "b:7/x", "c:7/x"));
  EXPECT_THAT(places("dbname=x"), ElementsAre("localhost:5432/x"));
  EXPECT_THAT(places("host=a,b port=1,2,3 dbname=x"), ElementsAre("a,b:1,2,3/x")) << "libpq's";
}

TEST(PostgresSettings, ATimeOutIsANumberOfSeconds) {
  using std::chrono::seconds;
  EXPECT_EQ(connect_timeout({{"connect_timeout", "10"}}).value(), seconds(10));
  EXPECT_EQ(connect_timeout({{"connect_timeout", "1"}}).value(), seconds(2));
  EXPECT_GT(connect_timeout({{"connect_timeout", "0"}}).value(), seconds(3'600));
  for (const char* text : {"", "x", "10s", "1.5"})
    EXPECT_EQ(connect_timeout({{"connect_timeout", text}}).error().code, "E7080") << text;
}

TEST(PostgresSettings, AnOptionWithAWrongValueIsNoServerThatIsAway) {
  const std::atomic<bool> hurry = false;
  for (const char* url : {"postgresql://127.0.0.1/x?sslmode=bogus",
                          "postgresql://127.0.0.1:99999/x", "host=a,b port=1,2,3"}) {
    EXPECT_EQ(Session::open(url, Session::Kind::sql).error().code, "E7080") << url;
    EXPECT_EQ(Session::open_writer(url, std::chrono::seconds(1), hurry).error().code, "E7080")
        << url;
  }
}

TEST(PostgresSettings, APasswordIsNotShown) {
  for (const char* url : {"postgresql://u:s3cret@[::1/x", "postgresql://u:s3cret%zz@h/x",
                          "u:s3cret@h/x", "postgresql://u:s3cret@h/x?a=b=s3cret"}) {
    const auto settings = settings_of(url);
    ASSERT_FALSE(settings) << url;
    EXPECT_EQ(settings.error().message.find("s3cret"), std::string::npos)
        << settings.error().message;
  }
  EXPECT_NE(settings_of("postgresql://h/x?sslmod=1").error().message.find("sslmod"),
            std::string::npos)
      << "what is wrong is";
}

}  // namespace
}  // namespace pelton::postgres
