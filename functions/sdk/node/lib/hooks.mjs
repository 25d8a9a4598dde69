// SPDX-License-Identifier: Apache-2.0
// The resolve hook in the thread that Node.js before 22.15 runs hooks in.
import { orOurs } from "./ours.js";

export const resolve = (specifier, context, next) => orOurs(specifier, () => next(specifier, context));
