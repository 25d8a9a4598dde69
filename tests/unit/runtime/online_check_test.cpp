// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/online_check.h"

#include "engine/worker/runtimes/native/options.h"
#include "tests/contract/temporary_folder.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pelton::runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class OnlineCheckTest : public ::testing::Test {
 protected:
  OnlineCheckTest() { config.engine.data = folder.path() / "data"; }

  // "LINE CODE message", the folder left out.
  std::vector<std::string> problems() const {
    std::vector<std::string> all;
    for (const config::Diagnostic& problem : check_online(config, check)) {
      std::string text = fmt::format("{} {} {}", problem.place.line, problem.code, problem.message);
      const std::string path = folder.path().string() + "/";
      for (std::size_t at = 0; (at = text.find(path, at)) != std::string::npos;)
        text.erase(at, path.size());
      all.push_back(std::move(text));
    }
    return all;
  }
  config::Connector& connector(const std::string& path, bool written) {
    config::Connector& made = config.connectors.emplace_back();
    made.name = "c";
    made.type = "files";
    made.place = {7, 3};
    made.locations = {config::folder_location(folder.path() / path, written)};
    return made;
  }

  const test::TemporaryFolder folder;
  config::Config config;
  OnlineCheck check;
};

TEST_F(OnlineCheckTest, NothingIsMadeAndNothingIsWrong) {
  connector("inbox", false);
  connector("outbox/below", true);
  EXPECT_THAT(problems(), IsEmpty());
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST_F(OnlineCheckTest, AFileIsNotAFolder) {
  std::ofstream(folder.path() / "file") << "x";
  connector("file", false);
  connector("file/below", true);
  EXPECT_THAT(problems(), ElementsAre("7 E2001 connector c: file is not a folder",
                                      "7 E2001 connector c: file is not a folder"));
}

TEST_F(OnlineCheckTest, AFolderThatCannotBeMadeIsFoundBeforeTheStart) {
  config.engine.data = "/proc/pelton";
  EXPECT_THAT(problems(), ElementsAre("1 E2001 engine.data: the folder /proc/pelton does not exist "
                                      "and cannot be created"));
  std::filesystem::create_directory_symlink("nowhere", folder.path() / "link");
  config.engine.data = folder.path() / "link";
  EXPECT_THAT(problems(), ElementsAre("1 E2001 engine.data: link is a symbolic link to nowhere, "
                                      "which does not exist"));
}

TEST_F(OnlineCheckTest, AConnectorAsksItsSystem) {
  connector("inbox", false);
  connector::ConnectorSpec spec;
  spec.options.type = "files";
  spec.probe = [](const config::Connector&) -> Status {
    return fail(ErrorKind::unavailable, "E9999", "away");
  };
  check.connectors = std::span(&spec, 1);
  EXPECT_THAT(problems(), ElementsAre("7 E9999 connector c: away"));
}

TEST_F(OnlineCheckTest, AnAddressIsTakenUnlessByTheEngineItself) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(socket, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(socket, 1), 0);
  ASSERT_EQ(::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size), 0);
  config.engine.http = config::HttpListen{"127.0.0.1", ntohs(address.sin_port)};
  const auto taken = problems();
  ASSERT_EQ(taken.size(), 1U);
  EXPECT_THAT(taken[0], HasSubstr("1 E5005 engine.http.listen: cannot listen on 127.0.0.1:"));
  check.engine_runs = true;
  EXPECT_THAT(problems(), IsEmpty());
  ::close(socket);
}

TEST_F(OnlineCheckTest, AFunctionWhoseWorkerEndsIsAProblemAtItsPlace) {
  config::Function& function = config.functions.emplace_back();
  function.name = "f";
  function.place = {9, 3};
  function.runtime = "cpp";
  function.settings = worker::native::CppOptions{"/bin/false"};
  const auto found = problems();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_THAT(found[0], HasSubstr("9 E3001 function f: "));
}

}  // namespace
}  // namespace pelton::runtime
