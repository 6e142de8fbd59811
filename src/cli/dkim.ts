// `sluice dkim`: makes the keys that sign mail, shows what to publish of them, and compares it with what is published.

import type { Command } from 'commander';
import { registerCheck } from './dkim-check.ts';
import { registerKeygen } from './dkim-keygen.ts';
import { registerShow } from './dkim-show.ts';

export function register(program: Command): void {
  const dkim = program
    .command('dkim')
    .description('make keys that sign mail, and compare them with what is published');
  registerKeygen(dkim);
  registerShow(dkim);
  registerCheck(dkim);
}
