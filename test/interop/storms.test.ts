// The steps of docs/storms.md, run word for word.

import { test } from 'node:test';
import { Ground } from '../../sim/neighbours/ground.ts';
import { runPage, withoutNetwork } from './run-page.ts';
import { withoutSwaks } from './swaks.ts';

test('the steps of the page work as they are', { skip: withoutNetwork() || withoutSwaks() }, async (t) => {
  await runPage(Ground.of(t), {
    file: 'docs/storms.md',
    part: 'A storm, step by step',
    files: { toml: 'sluice.toml' },
  });
});
