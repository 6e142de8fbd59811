// The test of route-by-content.ts. Run it by: sluice plugin test route-by-content.ts

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testPlugin } from 'sluice/plugin/testing';
import plugin from './route-by-content.ts';

const options = { route: 'bulk' };
const recipients = Array.from({ length: 50 }, (_, at) => `user${at}@example.com`);

for (const [what, facts] of [
  ['a list', { message: 'List-Unsubscribe: <mailto:leave@example.net>\nSubject: x\n\n' }],
  ['bulk mail that says so', { message: 'Precedence: bulk\n\n' }],
  ['a message to many', { recipients }],
] as const) {
  test(`${what} goes the other way`, async () => {
    await using asked = await testPlugin(plugin, { options });
    assert.deepEqual(await asked.headers(facts), {
      kind: 'continue',
      edits: [{ kind: 'set-route', route: 'bulk' }],
    });
  });
}

test('a letter goes its usual way', async () => {
  await using asked = await testPlugin(plugin, { options });
  assert.deepEqual(await asked.headers({ message: 'Precedence: first-class\nSubject: x\n\n' }), {
    kind: 'continue',
  });
});
