// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/functions/order.h"

#include <pelton/function.h>

int main(int argc, char** argv) {
  pelton::bench::Biller biller;
  return pelton::serve(
      argc, argv, [&](const pelton::Event& event, const pelton::Context&, pelton::Outputs& out) {
        out.add(biller.bill(event.data()));
        return pelton::done();
      });
}
