// SPDX-License-Identifier: Apache-2.0
#include "connectors/mysql/charset.h"

#include <iconv.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace pelton::mysql {
namespace {

struct Name {
  std::string_view server;
  const char* iconv;
  bool ascii = true;
};

// What the servers call latin1 is Windows' code page.
constexpr auto kNames = std::to_array<Name>({
    {"armscii8", "ARMSCII-8", true}, {"big5", "BIG5", true},
    {"cp1250", "CP1250", true},      {"cp1251", "CP1251", true},
    {"cp1256", "CP1256", true},      {"cp1257", "CP1257", true},
    {"cp850", "CP850", true},        {"cp852", "CP852", true},
    {"cp866", "CP866", true},        {"cp932", "CP932", true},
    {"dec8", "DEC-MCS", true},       {"eucjpms", "EUC-JP-MS", true},
    {"euckr", "UHC", true},          {"gb18030", "GB18030", true},
    {"gb2312", "GB2312", true},      {"gbk", "GBK", true},
    {"greek", "ISO-8859-7", true},   {"hebrew", "ISO-8859-8", true},
    {"hp8", "HP-ROMAN8", true},      {"koi8r", "KOI8-R", true},
    {"koi8u", "KOI8-U", true},       {"latin1", "CP1252", true},
    {"latin2", "ISO-8859-2", true},  {"latin5", "ISO-8859-9", true},
    {"latin7", "ISO-8859-13", true}, {"macce", "MAC-CENTRALEUROPE", true},
    {"macroman", "MACINTOSH", true}, {"sjis", "SJIS", false},
    {"swe7", "SEN_850200_B", false}, {"tis620", "TIS-620", true},
    {"ucs2", "UCS-2BE", false},      {"ujis", "EUC-JP", true},
    {"utf16", "UTF-16BE", false},    {"utf16le", "UTF-16LE", false},
    {"utf32", "UTF-32BE", false},
});

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

iconv_t no_converter() {
  return reinterpret_cast<iconv_t>(-1);
}

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (c & 0x80) == 0; });
}

}  // namespace

Charset::Charset(std::string_view name) {
  utf8_ = name.starts_with("utf8") || name.empty();
  if (utf8_) return;
  latin1_ = name == "latin1";
  const auto at = std::ranges::find(kNames, name, &Name::server);
  ascii_ = at == kNames.end() || at->ascii;
  const iconv_t opened = ::iconv_open("UTF-8", at == kNames.end() ? "US-ASCII" : at->iconv);
  if (opened != no_converter()) converter_ = opened;
}

Charset::~Charset() {
  if (converter_ != nullptr) ::iconv_close(converter_);
}

std::string_view Charset::to_utf8(std::string_view text, std::string& scratch) const {
  if (utf8_ || converter_ == nullptr || (ascii_ && is_ascii(text))) return text;
  scratch.clear();
  ::iconv(converter_, nullptr, nullptr, nullptr, nullptr);
  // iconv does not write to its input.
  char* in = const_cast<char*>(text.data());  // NOLINT(cppcoreguidelines-pro-type-const-cast)
  std::size_t left = text.size();
  while (left > 0) {
    std::array<char, 1024> out;
    char* to = out.data();
    std::size_t room = out.size();
    const std::size_t done = ::iconv(converter_, &in, &left, &to, &room);
    scratch.append(out.data(), out.size() - room);
    if (done != static_cast<std::size_t>(-1) || errno == E2BIG) continue;
    if (latin1_) {
      // Five bytes that Windows leaves undefined are control characters to the servers.
      scratch += '\xC2';
      scratch += *in;
    } else {
      scratch += kReplacement;
    }
    ++in;
    --left;
  }
  return scratch;
}

}  // namespace pelton::mysql
