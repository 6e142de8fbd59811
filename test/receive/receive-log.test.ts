// What the log says of refusals.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Events, logListener } from '../../src/log/events.ts';
import type { LogFields } from '../../src/log/event.ts';
import type { Reply } from '../../src/protocol/smtp/server/server-types.ts';
import { ReceiveLog } from '../../src/receive/receive-log.ts';

for (const [reply, written] of [
  [{ code: 550, enhanced: '5.7.1', text: 'No' }, '550 5.7.1 No'],
  [{ code: 550, enhanced: '5.7.1', text: ['No', 'thanks'] }, '550 5.7.1 No thanks'],
  [{ code: 421, text: 'bye' }, '421 bye'],
] as const satisfies readonly (readonly [Reply, string])[]) {
  test(`the log writes a reply as the client gets it: ${written}`, () => {
    const replies: unknown[] = [];
    const log = {
      isOn: () => true,
      event: (_name: string, { reply: said }: LogFields) => void replies.push(said),
    };
    const events = new Events([logListener(log)]);
    new ReceiveLog(events).rejected('192.0.2.1', 'MAIL', reply, '', '');
    assert.deepEqual(replies, [written]);
  });
}
