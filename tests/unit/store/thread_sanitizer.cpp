// SPDX-License-Identifier: Apache-2.0

// ThreadSanitizer asks the program for this. Debian's RocksDB is not instrumented, so the atomics
// that order its readers and writers are not seen: a race with one of its frames in it is not
// judged, nor is Logs::parse, which copies a batch out of RocksDB's memory. Other races of our own
// code are.
extern "C" const char* __tsan_default_suppressions() {  // NOLINT(bugprone-reserved-identifier)
  return "race:librocksdb.so\n"
         "race:pelton::store::Logs::parse\n";
}
