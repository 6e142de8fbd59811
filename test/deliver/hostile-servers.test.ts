// The table of hostile servers: what becomes of two recipients, the second of which does not exist, when a server does wrong at one step
// of a session with STARTTLS and AUTH. Nobody is lost; nobody who was told 250 is sent to again; the connection is closed, and counted
// until then. Servers with PIPELINING and CHUNKING that break at any byte are in drop-points.test.ts and in test/protocol/smtp/client,
// mailbox servers (LMTP) in test/protocol/lmtp.

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type Ended, faults, type FaultName, play, type StepName, stepNames } from './hostile-servers.ts';

type Fates = Ended['fates'];

const both: Fates = ['deferred', 'deferred'];
/** The first is tried again: a 250 to the content alone means that it was delivered. */
const secondFailed: Fates = ['deferred', 'failed'];

/** What comes of a fault at a step, unless `others` has it. */
const usual: Readonly<Record<StepName, Fates>> = {
  greeting: both,
  EHLO: both,
  STARTTLS: both,
  handshake: both,
  'EHLO under TLS': both,
  AUTH: both,
  MAIL: both,
  RCPT: both,
  'second RCPT': both,
  DATA: secondFailed,
  content: secondFailed,
  QUIT: ['delivered', 'failed'],
};

/** A refusal for good counts from MAIL on: before, it is the host that has failed, and other hosts and times are left. */
const others: Partial<Record<StepName, Partial<Record<FaultName, Fates>>>> = {
  MAIL: {
    'answers 554': ['failed', 'failed'],
    'answers this and all that follows at once': secondFailed,
  },
  RCPT: {
    'answers 554': ['failed', 'deferred'],
    'answers this and all that follows at once': secondFailed,
  },
  'second RCPT': {
    'answers 554': secondFailed,
    'answers this and all that follows at once': secondFailed,
  },
  DATA: { 'answers 554': ['failed', 'failed'] },
  content: {
    'answers 554': ['failed', 'failed'],
    'answers this and all that follows at once': ['delivered', 'failed'],
  },
};

suite('a server does wrong', { concurrency: 8 }, () => {
  for (const step of stepNames) {
    for (const [name, fault] of Object.entries(faults)) {
      const expected = others[step]?.[name as FaultName] ?? usual[step];
      test(`${step}: it ${name}: ${expected.join(', ')}`, { timeout: 20_000 }, async (t) => {
        const { fates, told, ends, open } = await play(t, step, fault);
        assert.deepEqual(fates, expected);
        // Each has one result, or none where the connection came to nothing.
        assert.ok(
          told.every((times) => times === told[0] && times <= 1),
          `results: ${told.join(', ')}`,
        );
        assert.equal(ends.length, 1, 'the connection ends once');
        if (told[0] === 0) assert.match(ends[0]?.kind ?? '', /^(?:failed|unused)$/u);
        assert.equal(open, 0, 'no connection is counted any more');
      });
    }
  }
});
