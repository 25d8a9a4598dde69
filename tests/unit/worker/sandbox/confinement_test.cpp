// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/worker/sandbox/confined.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <filesystem>

// What a confined process may and may not do.
namespace pelton::worker::sandbox {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class Confinement : public Confined {
 protected:
  Confinement() {
    test::write_file(path("code/main"), "code");
    test::write_file(path("other/main"), "other code");
    test::write_file(path("data/log"), "events");
    function.files = {{"code", path("code")}};
    places.data = path("data");
  }
  std::string path(const std::string& below) const { return (folder.path() / below).string(); }
  bool may_read(const std::string& file) { return succeeds("cat " + file + " >/dev/null"); }
  bool may_write(const std::string& file) { return succeeds("echo x >" + file); }
  // What Python's os does, or the name of its error.
  std::string python(const std::string& line) {
    return said(
        "/usr/bin/python3 -c 'import ctypes, errno, os, resource, signal, socket\ntry:\n  print(" +
        line + ")\nexcept OSError as error: print(errno.errorcode[error.errno])'");
  }
};

// ---- files

TEST_F(Confinement, CodeIsReadOnly) {
  EXPECT_TRUE(may_read(path("code/main")));
  EXPECT_FALSE(may_write(path("code/main")));
  EXPECT_FALSE(may_write(path("code/new")));
  EXPECT_FALSE(succeeds("rm " + path("code/main")));
  EXPECT_FALSE(succeeds("mv " + path("code/main") + " /tmp/main"));
  EXPECT_EQ(test::read_file(path("code/main")), "code");
}

TEST_F(Confinement, NothingElseIsRead) {
  EXPECT_FALSE(may_read(path("other/main")));
  EXPECT_FALSE(may_read("/etc/shadow"));
  EXPECT_FALSE(succeeds("ls /root"));
  EXPECT_EQ(said("ls " + path("")), "code\nexit 0");
  EXPECT_FALSE(succeeds("ls /etc/ssl/private"));
}

TEST_F(Confinement, TheSystemIsReadAndRun) {
  EXPECT_TRUE(succeeds("ls /usr/lib /proc /sys >/dev/null"));
  EXPECT_TRUE(may_read("/etc/passwd"));
  EXPECT_TRUE(succeeds("head -c 16 /dev/urandom >/dev/null && head -c 16 /dev/zero >/dev/null"));
}

TEST_F(Confinement, NothingIsWrittenBesideTheTemporaryFolders) {
  for (const char* file : {"/var/tmp/pelton-x", "/usr/pelton-x", "/etc/pelton-x", "/pelton-x",
                           "/dev/pelton-x", "/run/pelton-x", "/proc/sys/kernel/core_pattern"})
    EXPECT_FALSE(may_write(file)) << file;
  EXPECT_TRUE(may_write("/tmp/x"));
  EXPECT_TRUE(may_write("/dev/shm/x"));
  EXPECT_FALSE(fs::exists("/tmp/x"));
}

TEST_F(Confinement, APathThroughALinkIsTheTargetsPath) {
  EXPECT_FALSE(succeeds("ln -s " + path("other/main") + " /tmp/link && cat /tmp/link"));
  EXPECT_FALSE(succeeds("cat " + path("code/../other/main")));
}

TEST_F(Confinement, PathsOfTheConfigAreReadAndWritten) {
  test::write_file(path("models/one"), "model");
  fs::create_directories(path("out"));
  function.isolation.read = {path("models"), path("other/main")};
  function.isolation.write = {path("out")};
  EXPECT_TRUE(may_read(path("models/one")));
  EXPECT_FALSE(may_write(path("models/one")));
  EXPECT_TRUE(may_read(path("other/main"))) << "a file by itself";
  EXPECT_TRUE(may_write(path("out/result")));
  EXPECT_TRUE(succeeds("mkdir " + path("out/deep") + " && mv " + path("out/result") + " " +
                       path("out/deep/result")));
  EXPECT_EQ(test::read_file(path("out/deep/result")), "x\n");
}

TEST_F(Confinement, WhereItRunsMayBeWhereItWrites) {
  fs::create_directories(path("out"));
  fs::create_directory_symlink(path("out"), path("link"));
  for (const char* place : {"out", "link"}) {
    function.isolation.write = {path(place)};
    change = [&](LaunchPlan& plan) { plan.folder = path(place); };
    EXPECT_TRUE(succeeds("echo x >here && mkdir -p below && chmod 700 below")) << place;
    EXPECT_EQ(test::read_file(path("out/here")), "x\n");
    EXPECT_TRUE(succeeds("rm here && rmdir below"));
  }
}

TEST_F(Confinement, ModesTimesAndAttributesOfOthersFilesStay) {
  const std::string file = "/var/tmp/pelton-confinement-" + std::to_string(::getpid());
  test::write_file(file, "of the machine");
  function.isolation.read = {file};
  EXPECT_TRUE(may_read(file));
  EXPECT_FALSE(succeeds("chmod 600 " + file));
  EXPECT_FALSE(succeeds("touch -d 2020-01-01 " + file));
  EXPECT_EQ(python("os.setxattr(\"" + file + "\", \"user.x\", b\"x\")"), "EROFS\nexit 0");
  EXPECT_EQ(python("os.truncate(\"" + file + "\", 0)").substr(0, 1), "E");
  function.isolation.write = {"/var/tmp"};
  EXPECT_TRUE(succeeds("chmod 600 " + file));
  fs::remove(file);
}

TEST_F(Confinement, NoFileIsMadeThatRunsAsItsOwner) {
  EXPECT_TRUE(succeeds("cp /bin/true /tmp/x && chmod 755 /tmp/x && /tmp/x"));
  for (const char* mode : {"4755", "2755"}) {
    EXPECT_FALSE(succeeds(std::string("cp /bin/true /tmp/x && chmod ") + mode + " /tmp/x")) << mode;
    EXPECT_EQ(python(std::string("os.open(\"/tmp/y\", os.O_CREAT | os.O_WRONLY, 0o") + mode + ")"),
              "EPERM\nexit 0");
    EXPECT_EQ(python(std::string("os.open(\"/tmp\", os.O_TMPFILE | os.O_WRONLY, 0o") + mode + ")"),
              "EPERM\nexit 0");
    EXPECT_EQ(python(std::string("os.mknod(\"/tmp/y\", 0o10") + mode + ")"), "EPERM\nexit 0");
  }
}

TEST_F(Confinement, APathThatIsNotThereIsPassedOver) {
  function.isolation.read = {path("missing")};
  EXPECT_EQ(said("exit 3"), "exit 3");
}

TEST_F(Confinement, SetUserIdGivesNothing) {
  EXPECT_THAT(said("grep -h -E 'NoNewPrivs|CapEff|CapBnd|Seccomp:' /proc/self/status"),
              HasSubstr("NoNewPrivs:\t1"));
  EXPECT_THAT(said("grep CapEff /proc/self/status"), StartsWith("CapEff:\t0000000000000000"));
  EXPECT_THAT(said("grep CapBnd /proc/self/status"), HasSubstr("0000000000000000"));
}

// ---- mounts

TEST_F(Confinement, TheDataFolderIsHidden) {
  function.isolation.read = {path("")};
  EXPECT_TRUE(may_read(path("other/main"))) << "what is above it is readable";
  EXPECT_FALSE(may_read(path("data/log")));
  EXPECT_EQ(said("ls " + path("data")), "exit 0");
}

TEST_F(Confinement, WhatIsWantedBelowTheDataFolderIsThere) {
  test::write_file(path("data/functions/f/learnt"), "modules");
  function.isolation.write = {path("data/functions/f")};
  EXPECT_EQ(said("cat " + path("data/functions/f/learnt") + "; ls " + path("data")),
            "modulesfunctions\nexit 0");
  EXPECT_TRUE(may_write(path("data/functions/f/more")));
  EXPECT_EQ(test::read_file(path("data/functions/f/more")), "x\n");
}

TEST_F(Confinement, TheMachinesTemporaryFilesAreNotThere) {
  test::write_file(path("mine"), "of the machine");
  EXPECT_FALSE(succeeds("stat " + path("mine")));
  EXPECT_TRUE(succeeds("stat " + path("code/main"))) << "but what it may read is";
}

TEST_F(Confinement, ItsTemporaryFolderIsBounded) {
  function.isolation.temporary_bytes = 1 << 20;
  EXPECT_THAT(said("head -c 4000000 /dev/zero >/tmp/large"), HasSubstr("No space left on device"));
  EXPECT_THAT(said("head -c 4000000 /dev/zero >/dev/shm/large"),
              HasSubstr("No space left on device"));
  EXPECT_TRUE(succeeds("head -c 900000 /dev/zero >/tmp/small"));
}

TEST_F(Confinement, ItsTemporaryFilesAreAsManyAsTheyMayHavePages) {
  function.isolation.temporary_bytes = 64 << 10;
  for (const char* place : {"/tmp", "/dev/shm"}) {
    const std::string make = std::string("cd ") + place + " && for i in $(seq ";
    EXPECT_TRUE(succeeds(make + "60); do : >$i || exit 1; done"));
    EXPECT_FALSE(succeeds(make + "100); do : >$i || exit 1; done"));
  }
}

TEST_F(Confinement, AnotherHasAnotherTemporaryFolder) {
  EXPECT_TRUE(may_write("/tmp/x"));
  EXPECT_FALSE(may_read("/tmp/x"));
}

TEST_F(Confinement, NothingIsMounted) {
  EXPECT_FALSE(succeeds("mount -t tmpfs tmpfs /tmp"));
  EXPECT_FALSE(succeeds("umount /tmp"));
  EXPECT_FALSE(succeeds("unshare -Urm true"));
}

// ---- processes

TEST_F(Confinement, OthersAreNeitherSeenNorSignalled) {
  const std::string us = std::to_string(::getpid());
  EXPECT_FALSE(succeeds("ls /proc/" + us));
  EXPECT_EQ(python("os.kill(" + us + ", 0)"), "ESRCH\nexit 0");
  EXPECT_TRUE(python("os.kill(1, signal.SIGKILL)").ends_with("exit 0"))
      << "the first is deaf to it";
}

TEST_F(Confinement, SystemCallsOfDebuggersAreRefused) {
  for (const char* call : {"ptrace(0, 0, 0, 0)", "unshare(0x10000000)", "setns(0, 0)"})
    EXPECT_EQ(said(std::string("/usr/bin/python3 -c 'import ctypes; c = ctypes.CDLL(None, "
                               "use_errno=True); print(c.") +
                   call + ", ctypes.get_errno())'"),
              "-1 1\nexit 0")
        << call;
}

TEST_F(Confinement, ThreadsAndChildrenAreMadeAsEver) {
  EXPECT_EQ(said("/usr/bin/python3 -c 'import threading, subprocess\n"
                 "t = threading.Thread(target=print, args=(1,)); t.start(); t.join()\n"
                 "print(subprocess.check_output([\"echo\", \"2\"]).decode(), end=\"\")'"),
            "1\n2\nexit 0");
}

TEST_F(Confinement, AZygoteKeepsItsNumberAndSignalsNobody) {
  change = [](LaunchPlan& plan) { plan.sandbox->stays = true; };
  const auto child = launched({"/bin/sh", "-c", "kill -0 $PPID 2>/dev/null && exit 1; exit 0"});
  if (!child && child.error().code == "E7310") GTEST_SKIP() << child.error().text();
  ASSERT_TRUE(child) << child.error().text();
  int status = 0;
  ASSERT_EQ(::waitpid(child->pid, &status, 0), child->pid);
  EXPECT_EQ(ending_text(status), "exit 0") << "1: it may signal us";
}

TEST_F(Confinement, AZygoteSetsNoLimitsOfOthers) {
  change = [](LaunchPlan& plan) { plan.sandbox->stays = true; };
  for (const char* attempt :
       {"resource.prlimit(os.getppid(), resource.RLIMIT_CPU, (-1, -1))",
        "os.setpriority(os.PRIO_PROCESS, os.getppid(), os.nice(0))",
        "os.setpriority(os.PRIO_USER, 0, os.nice(0))", "os.sched_setaffinity(os.getppid(), {0})",
        "os.sched_setscheduler(os.getppid(), os.SCHED_IDLE, os.sched_param(0))"})
    EXPECT_EQ(python(attempt), "EPERM\nexit 0") << attempt;
  EXPECT_EQ(python("resource.setrlimit(resource.RLIMIT_CPU, (60, 60)) or os.nice(1) and 1"),
            "1\nexit 0")
      << "but its own";
}

// ---- network

TEST_F(Confinement, TheMachinesNetworkIsThereUnlessItIsNotWanted) {
  const char* const bind = "socket.create_server((\"127.0.0.1\", 0)) and 1";
  EXPECT_EQ(python(bind), "1\nexit 0");
  function.isolation.network = config::Isolation::Network::loopback;
  EXPECT_EQ(python(bind), "1\nexit 0");
  EXPECT_EQ(said("ls /sys/class/net | wc -l >/dev/null; cat /proc/net/dev | tail -n +3 | wc -l"),
            "1\nexit 0");
  const char* const connect = "socket.create_connection((\"192.0.2.1\", 80), 5)";
  EXPECT_EQ(python(connect), "ENETUNREACH\nexit 0");
  function.isolation.network = config::Isolation::Network::none;
  EXPECT_EQ(python("socket.create_connection((\"127.0.0.1\", 80), 5)"), "ENETUNREACH\nexit 0");
}

TEST_F(Confinement, ALoopbackOfItsOwnIsNotTheMachines) {
  const UniqueFd ours(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(ours.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(ours.get(), 1), 0);
  ASSERT_EQ(::getsockname(ours.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  const std::string connect = fmt::format("socket.create_connection((\"127.0.0.1\", {}), 5) and 1",
                                          ntohs(address.sin_port));
  EXPECT_EQ(python(connect), "1\nexit 0");
  function.isolation.network = config::Isolation::Network::loopback;
  EXPECT_EQ(python(connect), "ECONNREFUSED\nexit 0");
}

TEST_F(Confinement, FamiliesOfSocketsThatNobodyNeedsAreRefused) {
  EXPECT_EQ(python("socket.socket(socket.AF_ALG)"), "EPERM\nexit 0");
  EXPECT_EQ(python("socket.socket(socket.AF_VSOCK)"), "EPERM\nexit 0");
  EXPECT_EQ(python("socket.socket(31)"), "EPERM\nexit 0") << "AF_BLUETOOTH";
  EXPECT_EQ(python("socket.socket(socket.AF_UNIX) and 1"), "1\nexit 0");
}

// ---- limits

TEST_F(Confinement, LimitsHold) {
  function.open_files = 300;
  function.nice = 4;
  const int nice = ::getpriority(PRIO_PROCESS, 0) + 4;
  EXPECT_EQ(said("ulimit -n; ulimit -c; nice"), fmt::format("300\n0\n{}\nexit 0", nice));
}

TEST_F(Confinement, TheKernelRefusesProcessesToAnybodyButRoot) {
  function.processes = 5;
  auto child = launched({"/bin/true"});
  ASSERT_TRUE(child) << child.error().text();
  EXPECT_EQ(child->sandbox->holds_processes, ::geteuid() != 0);
  ::waitpid(child->pid, nullptr, 0);
}

}  // namespace
}  // namespace pelton::worker::sandbox
