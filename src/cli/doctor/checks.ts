// All checks of `sluice doctor`. To add one: a file with its facts and its pure judgement, a line here, and a row for each of its codes in
// docs/doctor.md.

import { certificates } from './certificate-facts.ts';
import type { Check } from './check.ts';
import { clock } from './clock.ts';
import { configuration } from './configuration.ts';
import { crash } from './crash.ts';
import { disk } from './disk-facts.ts';
import { dns } from './dns-facts.ts';
import { domains } from './domain-facts.ts';
import { instance } from './instance.ts';
import { limits } from './limits.ts';
import { log } from './log.ts';
import { memory } from './memory.ts';
import { names } from './names-facts.ts';
import { openFiles } from './open-files.ts';
import { ports } from './port-facts.ts';
import { rights } from './rights-facts.ts';
import { runtime } from './runtime.ts';
import { ways } from './ways-facts.ts';

export const checks: readonly Check[] = [
  configuration,
  instance,
  rights,
  openFiles,
  ports,
  memory,
  disk,
  clock,
  crash,
  dns,
  names,
  domains,
  certificates,
  ways,
  limits,
  log,
  runtime,
];
