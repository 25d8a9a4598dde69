// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/runtimes/lambda/java.h"

#include "engine/worker/runtimes/lambda/jar.h"

#include <fmt/format.h>

#include <fstream>
#include <mutex>
#include <utility>

namespace pelton::worker::lambda {
namespace {

namespace fs = std::filesystem;

#if defined(__aarch64__)
constexpr const char* kLibrary = "jni/libaws-lambda-jni.linux-aarch_64.so";
#else
constexpr const char* kLibrary = "jni/libaws-lambda-jni.linux-x86_64.so";
#endif
// The client loads what this names instead of what it would unpack.
constexpr const char* kProperty =
    "com.amazonaws.services.lambda.runtime.api.client.runtimeapi.NativeClient.JNI";

// Of the jar that was unpacked last: workers start many at a time, and unpacking takes milliseconds
// of a thread that has more to do. Any thread.
class LibraryOfClient {
 public:
  // Empty: there is none.
  std::string of(const fs::path& jar) {
    std::error_code error;
    const auto time = fs::last_write_time(jar, error);
    const std::lock_guard lock(mutex_);
    if (!library_.empty() && jar == jar_ && time == time_) return library_;
    library_ = read_entry(jar, kLibrary).value_or("");
    jar_ = jar;
    time_ = time;
    return library_;
  }

 private:
  std::mutex mutex_;
  fs::path jar_;
  fs::file_time_type time_;
  std::string library_;
};

LibraryOfClient& library_of_client() {
  static LibraryOfClient last;
  return last;
}

}  // namespace

fs::path java_client(const fs::path& folder) {
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (name.starts_with("aws-lambda-java-runtime-interface-client") && name.ends_with(".jar"))
      return at->path();
  }
  return {};
}

void keep_out_of_tmp(LaunchPlan& plan, const fs::path& client, const fs::path& temporary) {
  std::vector<std::string> options{"-Djava.io.tmpdir=" + plan.environment["TMPDIR"]};
  // A client without it does as it likes.
  if (const std::string library = library_of_client().of(client); !library.empty()) {
    const fs::path own = temporary / "libaws-lambda-jni.so";
    std::ofstream file(own, std::ios::binary);
    file << library << std::flush;
    if (file) options.push_back(fmt::format("-D{}={}", kProperty, own.string()));
  }
  plan.command.insert(plan.command.begin() + 1, options.begin(), options.end());
}

}  // namespace pelton::worker::lambda
