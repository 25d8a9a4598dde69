// SPDX-License-Identifier: Apache-2.0
// Empty: what all tests include is compiled with this source, once.
