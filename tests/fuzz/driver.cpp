// SPDX-License-Identifier: Apache-2.0
// Gives a target changed seeds where there is no libFuzzer: the same ones for the same --seed.
//   TARGET [--runs N] [--seed N]   change seeds
//   TARGET FILE...                 give it these inputs once
// What ends the process is written to crash-SEED-RUN first.
#include "tests/fuzz/driver.h"

#include <array>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <string_view>

namespace {

using Random = std::mt19937_64;

std::string current;
std::string current_name;

void keep_input(int signal) {
  if (std::FILE* file = std::fopen(current_name.c_str(), "wb")) {
    std::fwrite(current.data(), 1, current.size(), file);
    std::fclose(file);
    std::fprintf(stderr, "the input is in %s\n", current_name.c_str());
  }
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

std::size_t below(Random& random, std::size_t end) {
  return end == 0 ? 0 : random() % end;
}

// Bytes that decoders stumble over: ends of ranges, lengths, brackets.
std::string piece(Random& random) {
  using namespace std::string_view_literals;
  constexpr std::array kPieces{"\0"sv,
                               "\x01"sv,
                               "\x7f"sv,
                               "\x80"sv,
                               "\xff"sv,
                               "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"sv,
                               "\xff\xff\xff\xff\x0f"sv,
                               "\xfe\xff\xff\xff\xff\xff\xff\xff\x7f"sv,
                               "{"sv,
                               "}"sv,
                               "["sv,
                               "]"sv,
                               "\""sv,
                               "\\u0000"sv,
                               "1e999"sv,
                               "-9223372036854775808"sv,
                               "18446744073709551615"sv,
                               "null"sv,
                               "{}"sv,
                               "\xed\xa0\x80"sv};
  return std::string(kPieces[below(random, kPieces.size())]);
}

void change(std::string& text, const std::vector<std::string>& seeds, Random& random) {
  const std::size_t at = below(random, text.size() + 1);
  const std::size_t count = below(random, std::min<std::size_t>(text.size() - at, 16) + 1);
  switch (below(random, 6)) {
    case 0:
      if (at < text.size()) text[at] = static_cast<char>(random());
      break;
    case 1:
      text.erase(at, count);
      break;
    case 2:
      text.insert(at, piece(random));
      break;
    case 3:
      text.insert(at, text.substr(below(random, text.size() + 1), count * 4));
      break;
    case 4:
      text.resize(at);
      break;
    default: {
      const std::string& other = seeds[below(random, seeds.size())];
      text = text.substr(0, at) + other.substr(std::min(at, other.size()));
    }
  }
}

void give(const std::string& input) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
}

int run(std::uint64_t seed, std::uint64_t runs) {
  const std::vector<std::string> seeds = pelton::fuzz::seeds();
  for (const std::string& each : seeds) give(current = each);
  for (std::uint64_t i = 0; i < runs; ++i) {
    Random random(seed * 1'000'003 + i);
    current = seeds[below(random, seeds.size())];
    for (std::size_t n = 1 + below(random, 6); n > 0; --n) change(current, seeds, random);
    current_name = "crash-" + std::to_string(seed) + "-" + std::to_string(i);
    give(current);
  }
  std::cout << runs << " inputs of seed " << seed << " did no harm\n";
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t seed = 1, runs = 100'000;
  std::vector<std::string> files;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if ((word == "--runs" || word == "--seed") && i + 1 < argc)
      (word == "--runs" ? runs : seed) = std::stoull(argv[++i]);
    else
      files.emplace_back(word);
  }
  for (const std::string& file : files) {
    std::ifstream in(file, std::ios::binary);
    give({std::istreambuf_iterator<char>(in), {}});
  }
  if (!files.empty()) return 0;
  current_name = "crash-seeds";
  for (const int signal : {SIGABRT, SIGSEGV, SIGFPE, SIGILL, SIGBUS})
    std::signal(signal, keep_input);
  return run(seed, runs);
}
