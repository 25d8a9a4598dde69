// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace pelton::test {

// A bucket ("bucket") behind S3's protocol on a loopback port of its own: listings in pages,
// objects, multipart uploads. Does not check signatures. Thread-safe.
class FakeS3 {
 public:
  struct Object {
    std::string data;
    std::string etag;
    std::string modified;  // as listings have it
    std::map<std::string, std::string> headers{};
  };
  // An order of the keys in listings; the default is that of their bytes.
  using Order = std::function<bool(const std::string&, const std::string&)>;

  FakeS3();
  ~FakeS3();
  FakeS3(const FakeS3&) = delete;
  FakeS3& operator=(const FakeS3&) = delete;

  std::string url() const;
  void put(const std::string& key, const std::string& data,
           const std::string& modified = "2026-11-29T10:00:00.000Z");
  void remove(const std::string& key);
  // A copy; with an empty etag: there is none.
  Object get(const std::string& key) const;
  std::vector<std::string> keys() const;
  void set_page_size(std::size_t objects);
  void set_order(Order order);
  // The next requests are answered so: a status and S3's code.
  void fail_next(int status, const std::string& code, int requests = 1);
  // Method and target of all requests so far.
  std::vector<std::string> requests() const;
  // Refuses connections, or accepts them again on the same port.
  void set_down(bool down);

 private:
  class Server;
  const std::unique_ptr<Server> server_;
};

}  // namespace pelton::test
