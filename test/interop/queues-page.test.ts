// The part of docs/queues.md about a queue for each tenant, run word for word.

import { test } from 'node:test';
import { Ground } from '../../sim/neighbours/ground.ts';
import { runPage, withoutNetwork } from './run-page.ts';
import { withoutSwaks } from './swaks.ts';

test(
  'the commands for a queue of each tenant print what the page says',
  {
    skip: withoutSwaks() || withoutNetwork(),
  },
  async (t) => {
    await runPage(Ground.of(t), {
      file: 'docs/queues.md',
      part: 'A queue for each tenant',
      files: { toml: 'sluice.toml' },
    });
  },
);
