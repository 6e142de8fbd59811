// The first part of docs/plugins.md, run word for word in a network of its own.

import { suite, test } from 'node:test';
import { Ground } from '../../sim/neighbours/ground.ts';
import { runPage, withoutNetwork } from './run-page.ts';
import { withoutSwaks } from './swaks.ts';

suite('A plugin in five minutes', { skip: withoutSwaks() || withoutNetwork() }, () => {
  test('the commands of the page print what it says', async (t) => {
    await runPage(Ground.of(t), {
      file: 'docs/plugins.md',
      part: 'A plugin in five minutes',
      files: {
        toml: 'sluice.toml',
        ts: (text) => (text.includes('node:test') ? 'no-digits.test.ts' : 'no-digits.ts'),
      },
    });
  });
});
