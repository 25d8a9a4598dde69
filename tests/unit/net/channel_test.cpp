// SPDX-License-Identifier: Apache-2.0
// Both ends of a connection in one thread: the engine's is a Channel, the other one a socket or
// OpenSSL's own client.
#include "engine/net/channel.h"

#include "engine/net/limits.h"

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <array>
#include <fstream>

namespace pelton::net {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
using Then = Moved::Then;
using std::chrono::milliseconds;

// PEM files NAME.pem and NAME.key of a new key, for itself.
void make_certificate(const std::filesystem::path& folder, const std::string& name,
                      long valid_for = 3600) {
  EVP_PKEY* const key = EVP_EC_gen("P-256");
  X509* const certificate = X509_new();
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), valid_for);
  X509_set_pubkey(certificate, key);
  X509_NAME* const subject = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(certificate, subject);
  X509_sign(certificate, key, EVP_sha256());
  FILE* file = std::fopen((folder / (name + ".pem")).c_str(), "w");
  PEM_write_X509(file, certificate);
  std::fclose(file);
  file = std::fopen((folder / (name + ".key")).c_str(), "w");
  PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(file);
  X509_free(certificate);
  EVP_PKEY_free(key);
}

class ChannelTest : public testing::Test {
 protected:
  ChannelTest() {
    std::string name = testing::TempDir() + "/channel-XXXXXX";
    folder = ::mkdtemp(name.data());
    make_certificate(folder, "one");
    make_certificate(folder, "two");
    use("one.pem", "one.key");
  }
  ~ChannelTest() override {
    SSL_free(client);
    SSL_CTX_free(client_context);
    if (peer >= 0) ::close(peer);
    std::filesystem::remove_all(folder);
  }

  void use(const char* certificate, const char* key) {
    const auto over = std::filesystem::copy_options::overwrite_existing;
    std::filesystem::copy_file(folder / certificate, settings().certificate, over);
    std::filesystem::copy_file(folder / key, settings().key, over);
  }
  config::ListenerTls settings() const {
    return {folder / "web.pem", folder / "web.key", "", {}, {}};
  }
  Certificates::Report report() {
    return [this](const Status& used) { reports.push_back(used ? "used" : used.error().code); };
  }

  // A file of that content, with the size and time of modification of what was there before.
  void overwrite(const std::filesystem::path& file, std::string content) const {
    const auto time = std::filesystem::last_write_time(file);
    content.resize(std::filesystem::file_size(file), '\n');
    std::ofstream(file) << content;
    std::filesystem::last_write_time(file, time);
  }

  // The engine's end; the other one is `peer`.
  Socket pair() {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    peer = ends[1];
    Socket socket(io.get_executor());
    socket.assign(Stream(AF_UNIX, 0), ends[0]);
    return socket;
  }
  Channel accepted(Certificates& certificates) {
    Socket socket = pair();
    Ssl tls = certificates.accept(socket.native_handle(), now);
    return {std::move(socket), std::move(tls)};
  }
  Channel encrypted(Certificates& certificates) {
    Channel channel = accepted(certificates);
    client_context = SSL_CTX_new(TLS_client_method());
    client = SSL_new(client_context);
    SSL_set_fd(client, peer);
    SSL_set_connect_state(client);
    ::fcntl(peer, F_SETFL, O_NONBLOCK);
    std::array<char, 100> nothing{};
    for (int i = 0; i < 10 && SSL_do_handshake(client) != 1; ++i) channel.receive(nothing);
    EXPECT_TRUE(SSL_is_init_finished(client));
    channel.receive(nothing);
    return channel;
  }
  std::string served_name() {
    X509* const certificate = SSL_get1_peer_certificate(client);
    char text[100] = "";
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, text,
                              sizeof text);
    X509_free(certificate);
    return text;
  }
  // The subject of what a new client is shown.
  std::string shown_at(Certificates& certificates, std::chrono::steady_clock::time_point at) {
    now = at;
    const Channel channel = encrypted(certificates);
    const std::string name = served_name();
    SSL_free(std::exchange(client, nullptr));
    SSL_CTX_free(std::exchange(client_context, nullptr));
    ::close(std::exchange(peer, -1));
    return name;
  }

  boost::asio::io_context io;
  std::filesystem::path folder;
  int peer = -1;
  SSL_CTX* client_context = nullptr;
  SSL* client = nullptr;
  std::chrono::steady_clock::time_point now{std::chrono::hours(1)};
  std::vector<std::string> reports;
  std::array<char, 1000> buffer{};
};

TEST_F(ChannelTest, InTheClearBytesPassAsTheyAre) {
  Channel channel(pair(), nullptr);
  EXPECT_EQ(channel.receive(buffer).then, Then::wait_read);
  ASSERT_EQ(::send(peer, "abc", 3, 0), 3);
  EXPECT_FALSE(channel.says_no_more());
  const Moved got = channel.receive(buffer);
  EXPECT_EQ(std::string_view(buffer.data(), got.bytes), "abc");
  const std::array<std::string_view, 3> parts{"head ", "", "body"};
  EXPECT_EQ(channel.send(parts).bytes, 9U);
  EXPECT_EQ(::recv(peer, buffer.data(), buffer.size(), 0), 9);
  ::shutdown(peer, SHUT_WR);
  EXPECT_TRUE(channel.says_no_more());
  EXPECT_FALSE(channel.has_gone()) << "it still listens";
  EXPECT_EQ(channel.receive(buffer).then, Then::end);
  ::close(std::exchange(peer, -1));
  EXPECT_TRUE(channel.has_gone());
}

TEST_F(ChannelTest, ByTlsARecordIsReadInPiecesAndAHeadAndItsBodyAreOne) {
  auto certificates = Certificates::load(settings(), report());
  ASSERT_TRUE(certificates) << certificates.error().text();
  Channel channel = encrypted(**certificates);
  EXPECT_EQ(served_name(), "one");
  const std::string sent(2500, 'x');
  ASSERT_EQ(SSL_write(client, sent.data(), 2500), 2500);
  EXPECT_EQ(channel.receive(buffer).bytes, 1000U);
  EXPECT_TRUE(channel.has_more()) << "the socket has nothing more";
  EXPECT_EQ(channel.receive(buffer).bytes, 1000U);
  EXPECT_EQ(channel.receive(buffer).bytes, 500U);
  EXPECT_FALSE(channel.has_more());
  EXPECT_EQ(channel.receive(buffer).then, Then::wait_read);
  const std::array<std::string_view, 3> parts{"head ", "body", ""};
  EXPECT_EQ(channel.send(parts).bytes, 9U);
  EXPECT_EQ(SSL_read(client, buffer.data(), 1000), 9);
  EXPECT_FALSE(channel.says_no_more());
  channel.finish();
  EXPECT_EQ(SSL_get_error(client, SSL_read(client, buffer.data(), 1000)), SSL_ERROR_ZERO_RETURN);
  SSL_shutdown(client);
  ::shutdown(peer, SHUT_WR);
  EXPECT_TRUE(channel.says_no_more());
}

TEST_F(ChannelTest, AReaderThatDoesNotReadIsWaitedFor) {
  auto certificates = Certificates::load(settings(), report());
  Channel channel = encrypted(**certificates);
  std::string body(4U << 20, 'y');
  body.back() = 'z';
  std::array<std::string_view, 3> parts{"", body, ""};
  std::string got;
  int waits = 0;
  while (!parts[1].empty() || !got.ends_with('z')) {
    const Moved moved = parts[1].empty() ? Moved{Then::wait_write, 0} : channel.send(parts);
    ASSERT_NE(moved.then, Then::end);
    parts[1].remove_prefix(moved.bytes);
    if (moved.then == Then::go_on) continue;
    ++waits;
    for (int read; (read = SSL_read(client, buffer.data(), 1000)) > 0;)
      got.append(buffer.data(), static_cast<std::size_t>(read));
  }
  EXPECT_GT(waits, 1);
  EXPECT_EQ(got, body);
}

TEST_F(ChannelTest, AHandshakeIsDoneInSteps) {
  auto certificates = Certificates::load(settings(), report());
  Channel channel = accepted(**certificates);
  client_context = SSL_CTX_new(TLS_client_method());
  client = SSL_new(client_context);
  SSL_set_fd(client, peer);
  SSL_set_connect_state(client);
  ::fcntl(peer, F_SETFL, O_NONBLOCK);
  EXPECT_EQ(channel.handshake().then, Then::wait_read);
  EXPECT_LT(SSL_do_handshake(client), 1);
  EXPECT_EQ(channel.handshake().then, Then::wait_read) << "the answer has been sent";
  EXPECT_EQ(SSL_do_handshake(client), 1);
  EXPECT_EQ(channel.handshake().then, Then::go_on);
  ASSERT_EQ(SSL_write(client, "abc", 3), 3);
  EXPECT_EQ(channel.receive(buffer).bytes, 3U);
}

TEST_F(ChannelTest, AHandshakeThatDoesNotEndIsEnded) {
  auto certificates = Certificates::load(settings(), report());
  Channel channel = accepted(**certificates);
  // A hello of 128 KiB is being said, as far as the protocol goes.
  std::string hello("\x01\x02\x00\x00\x03\x03", 6);
  hello.resize(16384, 'x');
  for (std::size_t said = 0; said + hello.size() <= kMaxHandshakeBytes; said += hello.size()) {
    ASSERT_EQ(::send(peer, "\x16\x03\x01\x40\x00", 5, 0), 5);
    ASSERT_EQ(::send(peer, hello.data(), hello.size(), 0), static_cast<ssize_t>(hello.size()));
    const bool enough = said + 2 * hello.size() > kMaxHandshakeBytes;
    EXPECT_EQ(channel.handshake().then, enough ? Then::end : Then::wait_read) << said;
  }
}

TEST_F(ChannelTest, OnlyRequestsForNewKeysAreOneTryEach) {
  auto certificates = Certificates::load(settings(), report());
  Channel channel = encrypted(**certificates);
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(SSL_key_update(client, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
    ASSERT_EQ(SSL_do_handshake(client), 1);
  }
  ASSERT_EQ(SSL_write(client, "abc", 3), 3);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(channel.receive(buffer).then, Then::wait_read) << i;
  EXPECT_EQ(channel.receive(buffer).bytes, 3U);
}

TEST_F(ChannelTest, SessionsAreKeptByTheirClientsAlone) {
  auto certificates = Certificates::load(settings(), report());
  for (const bool with_ticket : {true, false}) {
    client_context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_max_proto_version(client_context, TLS1_2_VERSION);
    if (!with_ticket) SSL_CTX_set_options(client_context, SSL_OP_NO_TICKET);
    SSL_SESSION* session = nullptr;
    for (const bool again : {false, true}) {
      Channel channel = accepted(**certificates);
      client = SSL_new(client_context);
      if (again) SSL_set_session(client, session);
      SSL_set_fd(client, peer);
      SSL_set_connect_state(client);
      ::fcntl(peer, F_SETFL, O_NONBLOCK);
      for (int i = 0; i < 10 && SSL_do_handshake(client) != 1; ++i) channel.handshake();
      EXPECT_TRUE(SSL_is_init_finished(client));
      EXPECT_EQ(SSL_session_reused(client) == 1, again && with_ticket);
      channel.receive(buffer);
      channel.finish();
      SSL_shutdown(client);
      if (!again) session = SSL_get1_session(client);
      SSL_free(std::exchange(client, nullptr));
      ::close(std::exchange(peer, -1));
    }
    SSL_SESSION_free(session);
    SSL_CTX_free(std::exchange(client_context, nullptr));
  }
}

TEST_F(ChannelTest, WhoSpeaksHttpIsToldThatThisIsHttps) {
  auto certificates = Certificates::load(settings(), report());
  Channel channel = accepted(**certificates);
  ASSERT_GT(::send(peer, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 27, 0), 0);
  EXPECT_EQ(channel.receive(buffer).then, Then::end);
  channel.finish();
  const ssize_t got = ::recv(peer, buffer.data(), buffer.size(), 0);
  ASSERT_GT(got, 0);
  EXPECT_THAT(std::string(buffer.data(), static_cast<std::size_t>(got)),
              testing::AllOf(StartsWith("HTTP/1.1 400 "), HasSubstr("serves HTTPS")));
}

TEST_F(ChannelTest, FilesThatAreNoCertificateAndKeyAreRefused) {
  use("one.pem", "two.key");
  EXPECT_THAT(Certificates::load(settings(), report()).error().text(),
              testing::AllOf(HasSubstr("E5014"), HasSubstr("web.key")));
  use("one.key", "one.key");
  EXPECT_THAT(Certificates::load(settings(), report()).error().text(), HasSubstr("web.pem"));
  use("one.pem", "one.key");
  config::ListenerTls with_clients = settings();
  with_clients.client_ca = folder / "one.key";
  EXPECT_THAT(Certificates::load(with_clients, report()).error().text(), HasSubstr("one.key"));
  std::ofstream(folder / "web.key").close();
  EXPECT_FALSE(Certificates::load(settings(), report()));
}

TEST_F(ChannelTest, WhatIsWrongWithTheFilesIsSaidInWords) {
  const auto said = [this] { return Certificates::load(settings(), report()).error().message; };
  use("one.pem", "two.key");
  EXPECT_THAT(said(), HasSubstr("key values mismatch"));
  use("one.key", "one.key");
  EXPECT_THAT(said(), HasSubstr("no start line"));
  std::filesystem::remove(folder / "web.pem");
  EXPECT_THAT(said(), HasSubstr("No such file"));
}

TEST_F(ChannelTest, CertificatesThatClientsRefuseAreToldOf) {
  const WallTime today = SystemClock().now();
  EXPECT_TRUE(Certificates::check(settings(), today));
  const auto later = Certificates::check(settings(), today + std::chrono::hours(2));
  ASSERT_FALSE(later);
  EXPECT_THAT(later.error().text(), testing::AllOf(HasSubstr("E5030"), HasSubstr("has expired")));
  const auto before = Certificates::check(settings(), today - std::chrono::hours(2));
  ASSERT_FALSE(before);
  EXPECT_THAT(before.error().text(),
              testing::AllOf(HasSubstr("E5030"), HasSubstr("not valid yet")));
  use("one.pem", "two.key");
  EXPECT_EQ(Certificates::check(settings(), today).error().code, "E5014");
  use("one.pem", "one.key");
  auto certificates = Certificates::load(settings(), report());
  make_certificate(folder, "old", -60);
  use("old.pem", "old.key");
  EXPECT_EQ(shown_at(**certificates, now), "old") << "it may be meant";
  EXPECT_THAT(reports, testing::ElementsAre("E5030"));
}

TEST_F(ChannelTest, AFileThatIsRepairedInPlaceIsUsed) {
  auto certificates = Certificates::load(settings(), report());
  const auto begin = now;
  const auto good = folder / "two.pem";
  use("two.pem", "two.key");
  overwrite(folder / "web.pem", "not a certificate");
  for (int i = 0; i < 3; ++i) shown_at(**certificates, begin + i * milliseconds(1000));
  EXPECT_THAT(reports, testing::ElementsAre("E5014"));
  std::string content(std::filesystem::file_size(good), ' ');
  std::ifstream(good).read(content.data(), static_cast<std::streamsize>(content.size()));
  overwrite(folder / "web.pem", content);
  EXPECT_EQ(shown_at(**certificates, begin + milliseconds(4000)), "two");
  EXPECT_THAT(reports, testing::ElementsAre("E5014", "used"));
}

TEST_F(ChannelTest, ReplacedCertificatesAreUsedOnceTheyFit) {
  auto certificates = Certificates::load(settings(), report());
  const auto begin = now;
  EXPECT_EQ(shown_at(**certificates, begin), "one");
  use("two.pem", "one.key");
  EXPECT_EQ(shown_at(**certificates, begin + milliseconds(500)), "one") << "looked a moment ago";
  EXPECT_EQ(shown_at(**certificates, begin + milliseconds(1000)), "one");
  EXPECT_THAT(reports, testing::IsEmpty()) << "perhaps the key is being replaced, too";
  EXPECT_EQ(shown_at(**certificates, begin + milliseconds(2000)), "one");
  EXPECT_EQ(shown_at(**certificates, begin + milliseconds(3000)), "one");
  EXPECT_THAT(reports, testing::ElementsAre("E5014")) << "said once";
  use("two.pem", "two.key");
  EXPECT_EQ(shown_at(**certificates, begin + milliseconds(4000)), "two");
  EXPECT_THAT(reports, testing::ElementsAre("E5014", "used"));
  std::filesystem::remove(folder / "web.pem");
  EXPECT_EQ(shown_at(**certificates, begin + milliseconds(5000)), "two") << "gone, for now";
}

}  // namespace
}  // namespace pelton::net
