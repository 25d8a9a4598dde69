// SPDX-License-Identifier: Apache-2.0
#include "engine/http/admin/gzip.h"

#include <boost/beast/zlib/deflate_stream.hpp>
#include <boost/crc.hpp>

namespace pelton::http {
namespace {

namespace zlib = boost::beast::zlib;

void append_u32(std::string& out, std::uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(value >> shift & 0xff);
}

bool rules_out(std::string_view parameters) {
  const auto weight = parameters.find("q=");
  if (weight == std::string_view::npos) return false;
  const std::string_view value = parameters.substr(weight + 2);
  return value.starts_with('0') && value.find_first_of("123456789") == std::string_view::npos;
}

}  // namespace

bool accepts_gzip(const net::Request& request) {
  const std::string* header = request.header("accept-encoding");
  std::string_view rest = header == nullptr ? std::string_view() : std::string_view(*header);
  while (!rest.empty()) {
    const std::string_view coding = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), coding.size() + 1));
    const auto end = coding.find(';');
    const std::string_view name = coding.substr(0, end);
    if (!name.contains("gzip") && !name.contains('*')) continue;
    return end == std::string_view::npos || !rules_out(coding.substr(end));
  }
  return false;
}

std::string gzipped(std::string_view text) {
  std::string out("\x1f\x8b\x08\0\0\0\0\0\0\xff", 10);
  zlib::deflate_stream deflate;
  deflate.reset(1, 15, 8, zlib::Strategy::normal);
  const std::size_t begin = out.size();
  out.resize(begin + deflate.upper_bound(text.size()) + 64);
  zlib::z_params z;
  z.next_in = text.data();
  z.avail_in = text.size();
  z.next_out = out.data() + begin;
  z.avail_out = out.size() - begin;
  boost::system::error_code error;
  deflate.write(z, zlib::Flush::finish, error);
  out.resize(out.size() - z.avail_out);
  boost::crc_32_type crc;
  crc.process_bytes(text.data(), text.size());
  append_u32(out, crc.checksum());
  append_u32(out, static_cast<std::uint32_t>(text.size()));
  return out;
}

}  // namespace pelton::http
