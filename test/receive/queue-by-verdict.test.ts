// The queue of a message is chosen by what is known at its end: results of stages, and its header. Its queue id is the one that is stored.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Assignment, type AssignmentRule } from '../../src/policy/queues/assignment.ts';
import { goOn, type ContentFacts, type Stage } from '../../src/policy/stage.ts';
import { placesOf } from '../../src/process/roles/store-places.ts';
import type { StorePlace } from '../../src/receive/store-places.ts';
import { SpoolError } from '../../src/spool/spool-error.ts';
import type { SpoolWriter } from '../../src/spool/types.ts';
import { parseRecipientDomain } from '../../src/values/domain.ts';
import { parseHeaderCondition } from '../../src/values/header-condition.ts';
import { parseResultCondition } from '../../src/values/result-condition.ts';
import { MemorySpool } from './memory-spool.ts';
import { SessionHarness } from './session-harness.ts';

const small = 'Hello\r\n';
const large = `${'x'.repeat(70)}\r\n`.repeat(10_000);

/** Marks by its Subject. */
const scanner: Stage = {
  name: 'scanner',
  content: ({ header }) => {
    const subject = header.fields.find(({ name }) => name === 'subject')?.value.trim() ?? '';
    return { kind: 'continue', result: { verdict: subject, score: subject === 'spam' ? '9.5' : '0' } };
  },
};
/** Makes the stages before it ask for the queue id. */
const asker: Stage = {
  name: 'asker',
  data: ({ transaction }) => (transaction.queueId === '' ? { kind: 'discard', reason: 'no id' } : goOn),
};

const spamRule: AssignmentRule = { store: 1, results: [parseResultCondition('scanner.score>=8')] };
const isLarge = (content: string): boolean => content === large;

interface Ground {
  readonly session: SessionHarness;
  readonly stores: readonly MemorySpool[];
}

function ground(rules: readonly AssignmentRule[], stages: readonly Stage[] = [asker, scanner]): Ground {
  const others = [new MemorySpool(), new MemorySpool()] as const;
  // As stores of one instance, no two give the same ids.
  for (const [index, each] of others.entries())
    for (let number = 0; number <= index * 100 + 100; number++) each.newQueueId();
  const choosePlaces = (spool: SpoolWriter, watch: StorePlace['watch']) =>
    placesOf(
      [
        { spool, watch },
        { queue: 'spam', spool: others[0], watch },
        { queue: 'far', spool: others[1], watch },
      ],
      [new Assignment(rules)],
      '',
    );
  const session = new SessionHarness(stages, undefined, undefined, choosePlaces);
  session.receive(Buffer.from('EHLO client.example\r\n'));
  return { session, stores: [session.spool, ...others] };
}

async function send(
  { session }: Ground,
  subject: string,
  body: string,
  to: readonly string[] = ['x@own.test'],
): Promise<string> {
  const from = session.output.length;
  const recipients = to.map((each) => `RCPT TO:<${each}>\r\n`).join('');
  session.receive(Buffer.from(`MAIL FROM:<a@a.test>\r\n${recipients}DATA\r\n`));
  if (session.output.includes('354', from)) {
    const content = Buffer.from(`Subject: ${subject}\r\n\r\n${body}.\r\n`);
    // The header and the body come apart, as over a connection.
    for (let at = 0, end = 100; at < content.length; at = end, end += 50_000) {
      session.receive(content.subarray(at, end));
      while (session.isHeld) await new Promise((resolve) => setImmediate(resolve));
    }
  }
  while (session.isBusy) await new Promise((resolve) => setImmediate(resolve));
  return session.output.slice(from);
}

const kept = ({ stores }: Ground): string[][] =>
  stores.map((spool) =>
    spool.kept.map(({ envelope }) => envelope.recipients.map(({ address }) => address).join(' ')),
  );

/** The queue id in the 250, in the Received field and in the envelope is one and the same. */
function assertOneId(replies: string, { envelope, content }: MemorySpool['kept'][number]): void {
  const [, told] = /queued as (\S+)/u.exec(replies) ?? [];
  assert.equal(told, envelope.queueId);
  assert.match(content, new RegExp(`^Received: [^;]* id ${envelope.queueId}\\b`, 'u'));
}

for (const [what, body] of [
  ['in memory', small],
  ['in a file', large],
] as const) {
  test(`${what}: marked mail ends in the queue of marked mail, and other mail does not`, async () => {
    const place = ground([spamRule]);
    const replies = await send(place, 'spam', body);
    await send(place, 'ham', body, ['y@own.test']);
    assert.deepEqual(kept(place), [['y@own.test'], ['x@own.test'], []]);
    const [marked] = place.stores[1]?.kept ?? [];
    assert.ok(marked !== undefined);
    assertOneId(replies, marked);
    assert.ok(marked.content.endsWith(body));
    assert.equal(marked.large, isLarge(body));
    const received = place.session.log
      .map((line) => JSON.parse(line))
      .filter(({ event }) => event === 'received');
    assert.match(received[0].begunAs, /^ID\d+$/u);
    assert.notEqual(received[0].begunAs, received[0].id);
    assert.equal('begunAs' in received[1], false);
    assert.equal(place.session.spool.aborted, isLarge(body) ? 1 : 0, 'nothing is left in the first store');
    place.session.end();
    assert.equal(place.session.memory.usedBytes, 0);
  });

  test(`${what}: a marked message for several queues is split as the rules say at its end`, async () => {
    const far = { store: 2, domain: [parseRecipientDomain('far.test')] };
    const both = ground([far, spamRule]);
    const replies = await send(both, 'spam', body, ['x@own.test', 'y@far.test', 'z@own.test']);
    assert.deepEqual(kept(both), [[], ['x@own.test z@own.test'], ['y@far.test']]);
    const [first] = both.stores[1]?.kept ?? [];
    assert.ok(first !== undefined);
    assertOneId(replies, first);
    assert.equal(both.session.submitted.length, 2);
    both.session.end();
  });

  test(`${what}: when the queue of marked mail cannot store it, the client keeps it`, async () => {
    const place = ground([spamRule]);
    (place.stores[1] as MemorySpool).failure = new SpoolError('SPOOL_FULL', 'full');
    assert.match(await send(place, 'spam', body), /^452 4\.3\.1 /mu);
    assert.match(await send(place, 'ham', body), /^250 2\.0\.0 queued/mu);
    assert.deepEqual(kept(place), [['x@own.test'], [], []]);
    place.session.end();
    assert.equal(place.session.memory.usedBytes, 0);
  });

  test(`${what}: a body that a stage has put in goes to the queue of marked mail, too`, async () => {
    const replacing: Stage = {
      name: 'replacing',
      content: async (facts: ContentFacts) => {
        const draft = facts.newBody();
        await draft.write(Buffer.from(body));
        await draft.write(Buffer.from('replaced\r\n'));
        return { kind: 'continue', edits: [{ kind: 'replace-body', body: draft }] };
      },
    };
    const place = ground([spamRule], [asker, replacing, scanner]);
    const replies = await send(place, 'spam', small);
    const [marked] = place.stores[1]?.kept ?? [];
    assert.ok(marked !== undefined);
    assertOneId(replies, marked);
    assert.ok(marked.content.endsWith(`${body}replaced\r\n`));
    place.session.end();
  });
}

test('quarantined mail is split as other mail: no operator of a queue gets at recipients of another one', async () => {
  const holding: Stage = { name: 'holding', content: () => ({ kind: 'quarantine', reason: 'odd' }) };
  const far = { store: 2, domain: [parseRecipientDomain('far.test')] };
  const place = ground([spamRule, far], [asker, scanner, holding]);
  await send(place, 'x', small, ['x@own.test', 'y@far.test']);
  assert.deepEqual(kept(place), [['x@own.test'], [], ['y@far.test']]);
  for (const store of [0, 2]) assert.equal(place.stores[store]?.kept[0]?.envelope.quarantine, 'odd');
  place.session.end();
});

test('a rule may look at the header, also where no stage does', async () => {
  const bulk = { store: 2, headers: [parseHeaderCondition('Subject: *offer*')] };
  const place = ground([bulk], []);
  assert.match(await send(place, 'A Great OFFER for you', small), /^250 /mu);
  await send(place, 'x', small, ['y@own.test']);
  assert.deepEqual(kept(place), [['y@own.test'], [], ['x@own.test']]);
  assert.match(place.stores[2]?.kept[0]?.content ?? '', /Subject: A Great OFFER for you\r\n\r\nHello\r\n$/u);
  place.session.end();
});
