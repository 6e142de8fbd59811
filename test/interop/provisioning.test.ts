// The page docs/provisioning.md, run word for word.

import { test } from 'node:test';
import { Ground } from '../../sim/neighbours/ground.ts';
import { runPage, withoutNetwork } from './run-page.ts';
import { withoutSwaks } from './swaks.ts';

test('the page of provisioning, step by step', { skip: withoutNetwork() || withoutSwaks() }, (t) =>
  runPage(Ground.of(t), {
    file: 'docs/provisioning.md',
    part: 'Step by step',
    files: { toml: 'sluice.toml' },
  }),
);
