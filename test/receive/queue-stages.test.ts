// A stage of a queue is asked about recipients of that queue, and about messages that have one; never before RCPT.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Assignment } from '../../src/policy/queues/assignment.ts';
import { goOn, type RcptFacts, type Stage } from '../../src/policy/stage.ts';
import type { StageEntry } from '../../src/policy/stage-entry.ts';
import { placesOf } from '../../src/process/roles/store-places.ts';
import type { StorePlace } from '../../src/receive/store-places.ts';
import type { SpoolWriter } from '../../src/spool/types.ts';
import { parseRecipientDomain } from '../../src/values/domain.ts';
import { parseHeaderCondition } from '../../src/values/header-condition.ts';
import { MemorySpool } from './memory-spool.ts';
import { SessionHarness } from './session-harness.ts';

/** Says at which points it was asked, and about whom. */
class Asked implements Stage {
  readonly name = 'scanner';
  readonly told: string[] = [];

  readonly connect = () => this.#tell('connect');
  readonly helo = () => this.#tell('helo');
  readonly mail = () => this.#tell('mail');
  readonly rcpt = ({ recipient }: RcptFacts) => this.#tell(`rcpt ${recipient.address}`);
  readonly data = () => this.#tell('data');
  readonly headers = () => this.#tell('headers');
  readonly content = () => this.#tell('content');

  #tell(text: string): typeof goOn {
    this.told.push(text);
    return goOn;
  }
}

const later = ['data', 'headers', 'content'];

/** The queue `far` is for recipients at far.test, and for what says so in its header. */
async function toldOf(
  queues: readonly string[],
  to: readonly string[],
  others: readonly (Stage | StageEntry)[] = [],
): Promise<string[]> {
  const far = new MemorySpool();
  const rules = [
    { store: 1, domain: [parseRecipientDomain('far.test')] },
    { store: 1, headers: [parseHeaderCondition('Subject: far')] },
  ];
  const choosePlaces = (spool: SpoolWriter, watch: StorePlace['watch']) =>
    placesOf(
      [
        { spool, watch },
        { queue: 'far', spool: far, watch },
      ],
      [new Assignment(rules)],
      '',
    );
  const scanner = new Asked();
  const session = new SessionHarness(
    [{ stage: scanner, queues }, ...others],
    undefined,
    undefined,
    choosePlaces,
  );
  const recipients = to.map((each) => `RCPT TO:<${each}>\r\n`).join('');
  session.receive(Buffer.from(`EHLO c.test\r\nMAIL FROM:<a@a.test>\r\n${recipients}DATA\r\n`));
  session.receive(Buffer.from('Subject: far\r\n\r\nHello\r\n.\r\n'));
  while (session.isBusy) await new Promise((resolve) => setImmediate(resolve));
  assert.match(session.output, /^250 2\.0\.0 queued/mu);
  session.end();
  return scanner.told;
}

test('it is asked about recipients of its queue from RCPT on, and not before', async () => {
  assert.deepEqual(await toldOf(['far'], ['x@far.test']), ['rcpt x@far.test', ...later]);
});

test('it is not asked about mail of other queues, also where the header chooses its queue in the end', async () => {
  assert.deepEqual(await toldOf(['far'], ['x@own.test']), []);
});

test('the default queue has its name', async () => {
  assert.deepEqual(await toldOf(['default'], ['x@own.test', 'y@far.test']), ['rcpt x@own.test', ...later]);
  assert.deepEqual(await toldOf(['default'], ['y@far.test']), []);
  assert.deepEqual(await toldOf(['default', 'far'], ['y@far.test', 'x@own.test']), [
    'rcpt y@far.test',
    'rcpt x@own.test',
    ...later,
  ]);
});

test('of a message for several queues, it is asked about its recipients and about the message', async () => {
  assert.deepEqual(await toldOf(['far'], ['x@own.test', 'y@far.test', 'z@own.test']), [
    'rcpt y@far.test',
    ...later,
  ]);
});

test('a recipient that is refused does not make it a message of that queue', async () => {
  const refusing: Stage = {
    name: 'refusing',
    rcpt: ({ recipient }) =>
      recipient.address === 'y@far.test'
        ? { kind: 'reject', reply: { code: 550, enhanced: '5.1.1', text: 'No such user' } }
        : goOn,
  };
  assert.deepEqual(await toldOf(['far'], ['x@own.test', 'y@far.test'], [refusing]), ['rcpt y@far.test']);
});

test('the copy of a tap in its queue does not, either', async () => {
  const copying: Stage = {
    name: 'copying',
    data: () => ({
      kind: 'continue',
      edits: [{ kind: 'add-recipient', recipient: { address: 'copy@far.test', isCopy: true } }],
    }),
  };
  assert.deepEqual(await toldOf(['far'], ['x@own.test'], [copying]), []);
});
