// Which Sluice the tests start: the sources of this checkout, or, where SLUICE_TESTED names the folder of a built one (`tools/build.ts FOLDER`),
// that. A built one starts in two thirds of the time, and is what is installed.

import { join } from 'node:path';

export const sluiceBin = join(
  process.env['SLUICE_TESTED'] ?? join(import.meta.dirname, '../..'),
  'bin/sluice.js',
);
