// All checks of `sluice doctor`. To add one: a file with its facts and its pure judgement, a line here, and a row for each of its codes in
// docs/doctor.md.

import type { Check } from './check.ts';
import { clock } from './clock.ts';
import { configuration } from './configuration.ts';
import { disk } from './disk-facts.ts';
import { dns } from './dns-facts.ts';
import { instance } from './instance.ts';
import { names } from './names-facts.ts';
import { openFiles } from './open-files.ts';

export const checks: readonly Check[] = [configuration, instance, openFiles, disk, clock, dns, names];
