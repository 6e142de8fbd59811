// `sluice srs`: makes addresses of SRS and turns them back, makes secrets, and looks whether the setting is in order.

import type { Command } from 'commander';
import { registerAddresses } from './srs-addresses.ts';
import { registerCheck } from './srs-check.ts';
import { registerSecret } from './srs-secret.ts';

export function register(program: Command): void {
  const srs = program
    .command('srs')
    .description(
      'rewrite senders of mail that is passed on (SRS), turn such addresses back, and make secrets',
    );
  registerAddresses(srs);
  registerSecret(srs);
  registerCheck(srs);
}
