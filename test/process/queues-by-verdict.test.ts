// Queues for marked mail and for reports, with Sluice as a program: what a stage marks, and bounces, are kept and delivered apart.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';
import { destination, send } from '../interop/mail.ts';

/** Marks what has the Subject "spam". */
const plugin = `import { found, plugin } from 'sluice/plugin';
export default plugin(() => ({
  content: ({ header }) => {
    const subject = header.fields.find(({ name }) => name === 'subject')?.value.trim();
    return found({ verdict: subject === 'spam' ? 'spam' : 'clean' });
  },
}));
`;

const contentOf = (subject: string, lines = 1): string =>
  `Subject: ${subject}\r\n\r\n${`${'x'.repeat(70)}\r\n`.repeat(lines)}`;

test('marked mail, small and large, and bounces are in queues of their own, and are delivered from there', async (t) => {
  const ground = Ground.of(t);
  const mx = await destination(ground);
  const config = {
    queues: { spam: {}, bounces: {} },
    stage: [{ kind: 'plugin', name: 'marks', file: 'marks.ts' }],
    assignment: [
      { queue: 'spam', results: ['marks.verdict=spam'] },
      { queue: 'bounces', reports: true },
    ],
    route: [{ domain: ['dead.test'], error: '550 5.1.2 No such host' }, { relay: [`127.0.0.1:${mx.port}`] }],
  };
  const directory = ground.folder('sluice');
  writeFileSync(join(directory, 'marks.ts'), plugin);
  const sluice = await startSluice(ground, { config, directory });
  const from = 'a@a.test';
  for (const [to, text] of [
    ['small@b.test', contentOf('spam')],
    ['large@b.test', contentOf('spam', 40_000)],
    ['clean@b.test', contentOf('ham')],
    ['nobody@dead.test', contentOf('ham')],
  ] as const) {
    const replies = await send(sluice.port, { from, to: [to], content: text });
    assert.match(replies.at(-1) ?? '', /^250/u, replies.join('\n'));
  }
  const received = await sluice.logged('received', 5);
  assert.equal(received.find(({ via }) => via === 'bounce')?.['queue'], 'bounces');
  const queueOf = (to: string): unknown => received.find((each) => String(each['to']) === to)?.['queue'];
  assert.deepEqual(['small@b.test', 'large@b.test', 'clean@b.test', 'nobody@dead.test'].map(queueOf), [
    'spam',
    'spam',
    undefined,
    undefined,
  ]);
  await until('all have arrived', () => mx.messages.length === 4);
  const large = mx.messages.find(({ recipients }) => recipients[0] === 'large@b.test');
  assert.ok(large !== undefined && large.content.length > 40_000 * 72);
});
