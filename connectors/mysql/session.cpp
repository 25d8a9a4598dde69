// SPDX-License-Identifier: Apache-2.0
#include "connectors/mysql/session.h"

#include <errmsg.h>
#include <mysql.h>
#include <openssl/ssl.h>
#include <poll.h>

// The client library's own socket layer: what has been read from the socket already. Behind
// mysql.h, whose types it uses.
using uchar = unsigned char;
#define HAVE_TLS
#include <ma_pvio.h>

#include <algorithm>
#include <mutex>

namespace pelton::mysql {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr unsigned kConnectSeconds = 10;
// Within a message, or before the answer to a statement.
constexpr unsigned kReadSeconds = 60;
constexpr unsigned long kLargestPacket = 1UL << 30U;

// Times are UTC, texts UTF-8, statements as we write them, whatever the server's defaults are. A
// reader that is slow for a while is not cut off.
constexpr const char* kSetUp =
    "SET NAMES utf8mb4, SESSION time_zone = '+00:00', SESSION sql_mode = '', SESSION "
    "net_write_timeout = 3600, SESSION net_read_timeout = 3600, SESSION wait_timeout = 86400";

// A server that takes nothing for so long hangs.
constexpr unsigned kTakeSeconds = 5;
// Beyond the time after which the server itself gives up a statement.
constexpr milliseconds kGrace{2'000};
// How long is waited for once somebody is in a hurry.
constexpr milliseconds kHurry{1'000};
constexpr milliseconds kSlice{100};

constexpr const char* kWriterModes =
    "SET SESSION sql_mode = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_AUTO_VALUE_ON_ZERO,"
    "NO_BACKSLASH_ESCAPES,NO_ENGINE_SUBSTITUTION', SESSION innodb_lock_wait_timeout = {}, SESSION "
    "autocommit = 1";
// A transaction whose engine was cut off must not keep its locks: only MariaDB can see to it.
constexpr const char* kMariaWriter =
    "SET SESSION idle_transaction_timeout = 60, SESSION max_statement_time = {}";

// Numbers of errors after which the same login does not help later either.
bool is_login_error(unsigned number) {
  switch (number) {
    case server_error::kAccessDenied:
    case server_error::kDatabaseDenied:
    case 1049:  // unknown database
    case 1130:  // host not allowed
    case 1251:  // authentication not supported
    case 1698:  // access denied without a password
    case 1820:  // the password has expired
    case 1862:
    case 3118:  // the account is locked
    case 4151:
    case CR_AUTH_PLUGIN_CANNOT_LOAD:
      return true;
    default:
      return false;
  }
}

// The server is there, but not for us now: it is shutting down, full, or ended the session. Numbers
// from 2000 to 2999 are the client library's.
bool is_away(unsigned number) {
  switch (number) {
    case 1040:  // too many connections
    case 1053:  // shutting down
    case 1152:
    case 1158:
    case 1159:
    case 1160:
    case 1161:
    case 1203:
    case 1205:  // lock wait timeout
    case 1213:  // deadlock
    case 1317:  // interrupted
    case 1412:  // the table's definition has changed
    case 1927:  // killed
    case 1969:  // max_statement_time
    case 3024:  // max_execution_time
    case 3169:
      return true;
    default:
      return number >= 2000 && number < 3000;
  }
}

bool is_missing_right(unsigned number) {
  return number == server_error::kSpecialDenied || number == server_error::kTableDenied ||
         number == server_error::kColumnDenied || number == server_error::kDatabaseDenied ||
         number == server_error::kAccessDenied;
}

void set_tls(MYSQL* connection, const net::Tls& tls) {
  const auto path = [](const std::filesystem::path& file) {
    return file.empty() ? nullptr : file.c_str();
  };
  ::mysql_ssl_set(connection, path(tls.key), path(tls.certificate), path(tls.ca), nullptr, nullptr);
  if (!tls.key_password.empty())
    ::mysql_optionsv(connection, MARIADB_OPT_TLS_PASSPHRASE, tls.key_password.c_str());
  const my_bool on = 1, verify = tls.verify_host ? 1 : 0;
  ::mysql_optionsv(connection, MYSQL_OPT_SSL_ENFORCE, &on);
  ::mysql_optionsv(connection, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
}

void set_options(MYSQL* connection, const Server& server, unsigned read_seconds,
                 unsigned write_seconds) {
  ::mysql_optionsv(connection, MYSQL_OPT_CONNECT_TIMEOUT, &kConnectSeconds);
  ::mysql_optionsv(connection, MYSQL_OPT_READ_TIMEOUT, &read_seconds);
  ::mysql_optionsv(connection, MYSQL_OPT_WRITE_TIMEOUT, &write_seconds);
  ::mysql_optionsv(connection, MYSQL_OPT_MAX_ALLOWED_PACKET, &kLargestPacket);
  ::mysql_optionsv(connection, MYSQL_SET_CHARSET_NAME, "utf8mb4");
  // To the library, "localhost" is a socket.
  const unsigned tcp = MYSQL_PROTOCOL_TCP;
  ::mysql_optionsv(connection, MYSQL_OPT_PROTOCOL, &tcp);
  // No file of this machine is the server's business.
  const unsigned off = 0;
  ::mysql_optionsv(connection, MYSQL_OPT_LOCAL_INFILE, &off);
  if (server.tls) set_tls(connection, *server.tls);
}

int left(Session::Time deadline) {
  const auto time = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(time.count(), 0, 60'000));
}

}  // namespace

void Session::Close::operator()(st_mysql* connection) const {
  ::mysql_close(connection);
}

// With its connection it would read what is left of the rows, which can be much. Whoever ends in
// the middle of them closes the connection as well.
void Session::Close::operator()(st_mysql_res* rows) const {
  rows->handle = nullptr;
  ::mysql_free_result(rows);
}

Result<Session> Session::open(const Server& server) {
  return log_in(server, kReadSeconds, kReadSeconds, nullptr);
}

Result<Session> Session::open_writer(const Server& server, std::chrono::seconds longest,
                                     const std::atomic<bool>& hurry) {
  const auto seconds = static_cast<unsigned>(longest.count());
  auto session = log_in(server, std::min(seconds, kConnectSeconds), kTakeSeconds, &hurry);
  if (!session) return session;
  Status set = session->run(fmt::format(fmt::runtime(kWriterModes), seconds));
  if (set && session->is_mariadb())
    set = session->run(fmt::format(fmt::runtime(kMariaWriter), seconds));
  if (!set) return std::unexpected(set.error());
  session->longest_ = longest + kGrace;
  return session;
}

// In steps, if somebody can be in a hurry: the library tells what it waits for and leaves the
// waiting to us. Told that the time is over, it gives up.
bool Session::connect(const Server& server) {
  MYSQL* const connection = connection_.get();
  if (hurry_ == nullptr)
    return ::mysql_real_connect(connection, server.host.c_str(), server.user.c_str(),
                                server.password.c_str(), nullptr, server.port, nullptr,
                                0) != nullptr;
  ::mysql_optionsv(connection, MYSQL_OPT_NONBLOCK, nullptr);
  MYSQL* connected = nullptr;
  int wanted =
      ::mysql_real_connect_start(&connected, connection, server.host.c_str(), server.user.c_str(),
                                 server.password.c_str(), nullptr, server.port, nullptr, 0);
  Time deadline = steady_clock::now() + std::chrono::seconds(kConnectSeconds);
  while (wanted != 0)
    wanted = ::mysql_real_connect_cont(&connected, connection, wait(wanted, deadline));
  return connected != nullptr;
}

// What has come of what the library waits for.
int Session::wait(int wanted, Time& deadline) const {
  short events = 0;
  if ((wanted & MYSQL_WAIT_READ) != 0) events |= POLLIN;
  if ((wanted & MYSQL_WAIT_WRITE) != 0) events |= POLLOUT;
  if ((wanted & MYSQL_WAIT_EXCEPT) != 0) events |= POLLPRI;
  pollfd waiting{::mysql_get_socket(connection_.get()), events, 0};
  for (bool hurried = false;;) {
    const Time now = steady_clock::now();
    hasten(deadline, hurried);
    if (::poll(&waiting, 1, left(std::min(deadline, now + kSlice))) > 0) break;
    if (steady_clock::now() >= deadline) return MYSQL_WAIT_TIMEOUT;
  }
  int out = 0;
  if ((waiting.revents & POLLOUT) != 0) out |= MYSQL_WAIT_WRITE;
  if ((waiting.revents & POLLPRI) != 0) out |= MYSQL_WAIT_EXCEPT;
  if ((waiting.revents & ~(POLLOUT | POLLPRI)) != 0) out |= MYSQL_WAIT_READ;
  return out;
}

Result<Session> Session::log_in(const Server& server, unsigned read_seconds, unsigned write_seconds,
                                const std::atomic<bool>* hurry) {
  static std::once_flag once;
  std::call_once(once, [] { ::mysql_server_init(0, nullptr, nullptr); });
  Session session(::mysql_init(nullptr), server.address());
  MYSQL* const connection = session.connection_.get();
  set_options(connection, server, read_seconds, write_seconds);
  session.hurry_ = hurry;
  session.longest_ = std::chrono::seconds(read_seconds) + kGrace;
  if (!session.connect(server)) {
    const unsigned number = ::mysql_errno(connection);
    const bool certificate = server.tls && number == CR_SSL_CONNECTION_ERROR;
    if (is_login_error(number) || certificate)
      return fail(ErrorKind::invalid, "E7222", "the server at {} refuses the login: {}",
                  session.address_, ::mysql_error(connection));
    return fail(ErrorKind::unavailable, "E7221", "the server at {} cannot be reached: {}",
                session.address_, ::mysql_error(connection));
  }
  if (auto set = session.run(kSetUp); !set) return std::unexpected(set.error());
  return session;
}

std::unexpected<Error> Session::error() {
  error_number_ = ::mysql_errno(connection_.get());
  const std::string why = ::mysql_error(connection_.get());
  if (is_away(error_number_))
    return fail(ErrorKind::unavailable, "E7221", "the server at {} cannot be reached: {}", address_,
                why);
  return fail(ErrorKind::invalid, is_missing_right(error_number_) ? "E7223" : "E7224",
              "the server at {} refuses: {}", address_, why);
}

bool Session::is_mariadb() const {
  return ::mariadb_connection(connection_.get()) != 0;
}

unsigned long Session::version() const {
  return ::mysql_get_server_version(connection_.get());
}

std::string Session::sqlstate() const {
  return ::mysql_sqlstate(connection_.get());
}

std::string Session::refusal() const {
  return ::mysql_error(connection_.get());
}

Status Session::send(const std::string& statement) {
  MYSQL* const connection = connection_.get();
  if (hurry_ == nullptr)
    return ::mysql_real_query(connection, statement.data(), statement.size()) == 0 ? Status{}
                                                                                   : error();
  if (::mysql_send_query(connection, statement.data(), statement.size()) != 0) return error();
  if (!answered())
    return fail(ErrorKind::unavailable, "E7221", "the server at {} has not answered in time",
                address_);
  return ::mysql_read_query_result(connection) == 0 ? Status{} : error();
}

// The deadline is nearer for who is in a hurry.
void Session::hasten(Time& deadline, bool& hurried) const {
  if (hurried || !hurry_->load()) return;
  hurried = true;
  deadline = std::min(deadline, steady_clock::now() + kHurry);
}

// False: not by the time that a statement may take, which is shorter for who is in a hurry.
bool Session::answered() {
  Time deadline = steady_clock::now() + longest_;
  for (bool hurried = false;;) {
    const Time now = steady_clock::now();
    hasten(deadline, hurried);
    if (readable(std::min(deadline, now + kSlice))) return true;
    if (steady_clock::now() >= deadline) return false;
  }
}

Result<Rows> Session::query(const std::string& statement) {
  if (auto sent = send(statement); !sent) return std::unexpected(sent.error());
  const std::unique_ptr<MYSQL_RES, Close> result(::mysql_store_result(connection_.get()));
  Rows out;
  if (!result) {
    if (::mysql_errno(connection_.get()) != 0) return error();
    return out;
  }
  const unsigned columns = ::mysql_num_fields(result.get());
  while (MYSQL_ROW row = ::mysql_fetch_row(result.get())) {
    const unsigned long* const lengths = ::mysql_fetch_lengths(result.get());
    auto& to = out.emplace_back();
    for (unsigned i = 0; i < columns; ++i)
      to.push_back(row[i] == nullptr ? std::nullopt
                                     : std::optional<std::string>({row[i], lengths[i]}));
  }
  return out;
}

Status Session::run(const std::string& statement) {
  const auto rows = query(statement);
  return rows ? Status{} : std::unexpected(rows.error());
}

Result<std::string> Session::value(const std::string& statement) {
  const auto rows = query(statement);
  if (!rows) return std::unexpected(rows.error());
  return rows->empty() || rows->front().empty() ? "" : rows->front()[0].value_or("");
}

Status Session::start_rows(const std::string& statement) {
  if (::mysql_real_query(connection_.get(), statement.data(), statement.size()) != 0)
    return error();
  rows_.reset(::mysql_use_result(connection_.get()));
  if (!rows_) return error();
  row_.resize(::mysql_num_fields(rows_.get()));
  return {};
}

Result<const RowViews*> Session::next_row(Time deadline) {
  if (!rows_ || !readable(deadline)) return nullptr;
  const MYSQL_ROW row = ::mysql_fetch_row(rows_.get());
  if (row == nullptr) {
    if (::mysql_errno(connection_.get()) != 0) return error();
    rows_.reset();
    return nullptr;
  }
  const unsigned long* const lengths = ::mysql_fetch_lengths(rows_.get());
  for (std::size_t i = 0; i < row_.size(); ++i)
    row_[i] =
        row[i] == nullptr ? std::nullopt : std::optional<std::string_view>({row[i], lengths[i]});
  return &row_;
}

Status Session::start_events(std::uint8_t command, std::string_view arguments) {
  const auto send = connection_->methods->db_command;
  if (send(connection_.get(), static_cast<enum_server_command>(command), arguments.data(),
           arguments.size(), 1, nullptr) != 0)
    return error();
  return {};
}

Result<std::optional<std::string_view>> Session::next_event(Time deadline) {
  if (!readable(deadline)) return std::nullopt;
  const unsigned long size = ::mysql_net_read_packet(connection_.get());
  if (size == packet_error) return error();
  const std::string_view packet(reinterpret_cast<const char*>(connection_->net.read_pos), size);
  // The first byte: 0 before an event, 254 at the end of them.
  if (packet.empty() || packet.front() != 0)
    return fail(ErrorKind::unavailable, "E7221", "the server at {} has ended the replication",
                address_);
  return packet.substr(1);
}

// What the library, or TLS, has read ahead does not show on the socket.
bool Session::readable(Time deadline) const {
  const MARIADB_PVIO* const socket = connection_->net.pvio;
  if (socket == nullptr) return true;
  if (socket->cache != nullptr && socket->cache + socket->cache_size > socket->cache_pos)
    return true;
  if (socket->ctls != nullptr && ::SSL_pending(static_cast<const SSL*>(socket->ctls->ssl)) > 0)
    return true;
  pollfd waiting{::mysql_get_socket(connection_.get()), POLLIN, 0};
  return ::poll(&waiting, 1, left(deadline)) > 0;
}

}  // namespace pelton::mysql
