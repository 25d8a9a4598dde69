// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace pelton::cli {

// Opens those of the descriptors 0 to 2 that are closed on /dev/null. Otherwise the next file that
// is opened, such as the store's log, gets the number and is written to by whatever prints. Before
// anything is opened. Reading from 0 and writing to 1 still fail, as from and to a closed
// descriptor; what is written to 2 is dropped.
void open_standard_descriptors();

}  // namespace pelton::cli
