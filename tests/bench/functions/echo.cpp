// SPDX-License-Identifier: Apache-2.0
#include <pelton/function.h>

int main(int argc, char** argv) {
  return pelton::serve(
      argc, argv, [](const pelton::Event& event, const pelton::Context&, pelton::Outputs& out) {
        out.add(event.data());
        return pelton::done();
      });
}
