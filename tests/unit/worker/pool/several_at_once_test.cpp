// SPDX-License-Identifier: Apache-2.0
// Workers that have several invocations at once: those of the runtime `http`.
#include "engine/worker/runtimes/http/options.h"
#include "tests/unit/worker/pool/pool_fixture.h"

#include <algorithm>
#include <fstream>

namespace pelton::worker {
namespace {

// Answers each request with how many it had at once so far. "wait" waits until the file `go` is
// there, "die" ends the process once it has as many as that, "hang" never answers.
constexpr const char* kServer = R"(
import http.server, os, threading, time
lock = threading.Lock()
now = most = 0

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *_): pass
    def do_POST(self):
        global now, most
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        with lock:
            now += 1
            most = max(most, now)
        while body == "wait" and not os.path.exists("go"): time.sleep(0.005)
        if body.startswith("die"):
            deadline = time.monotonic() + 5
            while now < int(body[3:]) and time.monotonic() < deadline: time.sleep(0.005)
            os._exit(5)
        if body == "hang": time.sleep(1000)
        with lock: now -= 1
        answer = str(most).encode()
        self.send_response_only(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
)";

class SeveralAtOnceTest : public PoolFixture {
 protected:
  void serve(std::uint32_t concurrency) {
    std::ofstream(folder.path() / "server.py") << kServer;
    http::Options server;
    server.code = folder.path();
    server.command = {"/usr/bin/python3", "server.py"};
    server.concurrency = concurrency;
    function.runtime = "http";
    function.settings = server;
    start();
  }
  void go() { std::ofstream(folder.path() / "go") << ""; }
  std::string largest() const {
    std::string largest = "0";
    for (const model::FrameResult& result : source.results)
      for (std::size_t i = 0; result.outputs && i < result.outputs->size(); ++i)
        largest = std::max(largest, std::string(result.outputs->data(i)));
    return largest;
  }
};

TEST_F(SeveralAtOnceTest, SlowOnesAreWorkedOnTogether) {
  serve(3);
  give({"wait", "wait", "wait", "wait", "wait"});
  ASSERT_TRUE(run_until([&] { return source.out.size() == 3; }));
  EXPECT_EQ(source.workers_used(), 1U);
  EXPECT_FALSE(run_until([&] { return source.out.size() > 3; }, std::chrono::milliseconds(200)));
  go();
  ASSERT_TRUE(run_until([&] { return source.done == 5; }));
  EXPECT_EQ(largest(), "3");
}

TEST_F(SeveralAtOnceTest, OneAtATimeWithoutTheOption) {
  serve(1);
  give({"a", "b", "c", "d"});
  ASSERT_TRUE(run_until([&] { return source.done == 4; }));
  EXPECT_EQ(largest(), "1");
}

TEST_F(SeveralAtOnceTest, OfSeveralNobodyIsBlamedForACrashAndThenTheyGoAlone) {
  serve(3);
  give({"wait", "wait", "die3"});
  ASSERT_TRUE(run_until([&] { return source.losses.size() == 1; }));
  EXPECT_EQ(source.losses.front().type, "exit 5");
  EXPECT_FALSE(source.losses.front().frame) << "any of the three may have done it";
  go();
  give({"die1", "a", "b", "c"});
  ASSERT_TRUE(run_until([&] { return source.losses.size() == 2; }));
  EXPECT_TRUE(source.losses.back().frame && source.losses.back().index) << "it was alone";
  ASSERT_TRUE(run_until([&] { return source.done == 3; }));
  EXPECT_EQ(largest(), "1");
}

TEST_F(SeveralAtOnceTest, ATimeOutIsThatOfTheOldest) {
  function.timeout = std::chrono::milliseconds(400);
  serve(2);
  give({"hang"});
  ASSERT_TRUE(run_until([&] { return source.out.size() == 1; }));
  const FrameId first = source.out.begin()->first;
  run_until([] { return false; }, std::chrono::milliseconds(150));
  give({"hang"});
  ASSERT_TRUE(run_until([&] { return source.losses.size() == 1; }));
  EXPECT_EQ(source.losses.front().cause, "timeout");
  EXPECT_EQ(source.losses.front().frame, first);
}

TEST_F(SeveralAtOnceTest, AWorkerThatIsToldToEndEnds) {
  serve(2);
  give({"a"});
  ASSERT_TRUE(run_until([&] { return source.done == 1; }));
  EXPECT_TRUE(stop(std::chrono::seconds(1)));
}

}  // namespace
}  // namespace pelton::worker
