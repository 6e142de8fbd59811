// The page docs/submission.md, run word for word in a network of its own: its configuration, its commands, and what it says
// that they print.

import { suite, test } from 'node:test';
import { Ground } from '../../sim/neighbours/ground.ts';
import { runPage, withoutNetwork } from './run-page.ts';
import { withoutSwaks } from './swaks.ts';

suite('A submission server in ten minutes', { skip: withoutSwaks() || withoutNetwork() }, () => {
  test('the commands of the page print what it says', async (t) => {
    const files = { toml: 'sluice.toml' };
    await runPage(Ground.of(t), { file: 'docs/submission.md', files, input: 'a long password' });
  });
});
