// Several transactions on the way: each message reaches its own recipients once, whatever is refused, wherever the connection is cut, and
// in whichever way a server breaks.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Plan, Quirk } from './model-server.ts';
import {
  contentOf,
  type Mail,
  type Played,
  play,
  recipientOf,
  senderOf,
  type World,
} from './pipelining-world.ts';

const refusal = (least: string): fc.Arbitrary<string | undefined> =>
  fc.oneof(
    { weight: 6, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.constantFrom(`550 5.7.1 no ${least}`, `451 4.3.0 not now ${least}`) },
  );

const mails: fc.Arbitrary<Mail[]> = fc.array(
  fc.record({
    plan: fc.record({
      mail: refusal('MAIL'),
      rcpt: fc.array(refusal('RCPT'), { maxLength: 3 }),
      data: refusal('DATA'),
      content: refusal('content'),
    }),
    recipients: fc.integer({ min: 1, max: 3 }),
    lines: fc.constantFrom(0, 1, 30, 60),
  }),
  { minLength: 1, maxLength: 8 },
);

const worlds = fc.record({
  mails,
  depth: fc.integer({ min: 1, max: 5 }),
  pipelining: fc.constantFrom(true, true, true, false),
  chunking: fc.boolean(),
  quitsEarly: fc.boolean(),
  seed: fc.integer({ min: 0, max: 2 ** 31 }),
});

/** Whether the plan refuses a recipient for good: never, for a message that goes by BDAT, because of DATA. */
function isRefused({ plan }: Mail, recipient: number, byChunk: boolean): boolean {
  const all = [plan.mail, plan.rcpt?.[recipient], byChunk ? undefined : plan.data, plan.content];
  return all.some((each) => each?.startsWith('5'));
}

/** Every message that was accepted is whole, and went to recipients of its own. */
function assertRightRecipients({ mails: sent }: World, { accepted }: Played): void {
  for (const { sender, recipients, content } of accepted) {
    const mail = Number(/^m(\d+)/.exec(sender)?.[1]);
    assert.equal(content, contentOf(mail, sent[mail]!.lines), 'the whole message of this sender');
    const own = new Set(Array.from({ length: sent[mail]!.recipients }, (_, i) => recipientOf(mail, i)));
    assert.deepEqual(
      recipients.filter((each) => !own.has(each)),
      [],
      'recipients of this message alone',
    );
  }
}

/** How often the server accepted a message for a recipient. */
function timesAccepted({ accepted }: Played, mail: number, recipient: number): number {
  return accepted.filter(
    ({ sender, recipients }) =>
      sender === senderOf(mail) && recipients.includes(recipientOf(mail, recipient)),
  ).length;
}

function assertFates(world: World, played: Played, isCut: boolean): void {
  assertRightRecipients(world, played);
  for (const [mail, fates] of played.fates.entries()) {
    for (const [recipient, fate] of fates.entries()) {
      const times = timesAccepted(played, mail, recipient);
      const where = `recipient ${recipient} of mail ${mail}`;
      if (fate.result === 'delivered') assert.ok(times >= 1, `${where}: delivered is what was accepted`);
      else assert.ok(times === 0 || fate.inDoubt, `${where}: refused is what was not accepted`);
      assert.ok(times <= 1 || fate.inDoubt, `${where}: twice only where a reply was missing`);
      if (!isCut) assert.ok(!fate.inDoubt && fate.returns === 0, `${where}: no reply was missing`);
    }
  }
}

test('the fate of a message is its own: refused at any place, at any depth, others are not touched', () => {
  let deepest = 0;
  let refused = 0;
  fc.assert(
    fc.property(worlds, (world) => {
      const played = play(world);
      assertFates(world, played, false);
      if (!world.quitsEarly) assert.equal(played.sessions, 1);
      assert.deepEqual([...played.faults], []);
      deepest = Math.max(deepest, played.mostOnTheWay);
      for (const [mail, fates] of played.fates.entries()) {
        const content = contentOf(mail, world.mails[mail]!.lines);
        const byChunk = world.depth > 1 && world.chunking && world.pipelining && content.length <= 700;
        for (const [recipient, fate] of fates.entries()) {
          const expected = isRefused(world.mails[mail]!, recipient, byChunk) ? 'permfail' : 'delivered';
          assert.equal(fate.result, expected, `recipient ${recipient} of mail ${mail}`);
          if (expected === 'permfail') refused++;
        }
      }
    }),
    { numRuns: 3000 },
  );
  assert.equal(deepest, 5);
  assert.ok(refused > 500, `${refused} refused`);
});

test('a connection that is cut at any byte: nobody is forgotten, and nobody gets a message of others', () => {
  let returned = 0;
  let inDoubt = 0;
  fc.assert(
    fc.property(worlds, fc.constantFrom('client', 'server'), fc.nat(4000), (world, of, after) => {
      const cut = { ...world, cut: { of, after } } as const;
      const played = play(cut);
      assertFates(cut, played, true);
      for (const fate of played.fates.flat()) {
        returned += fate.returns;
        inDoubt += fate.inDoubt ? 1 : 0;
      }
    }),
    { numRuns: 3000 },
  );
  assert.ok(returned > 100 && inDoubt > 100, `${returned} given back, ${inDoubt} in doubt`);
});

const fine = (count: number, lines: number): Mail[] =>
  Array.from({ length: count }, () => ({ plan: {}, recipients: 2, lines }));

test('a connection that is cut at each byte of a pipeline, in each direction', () => {
  for (const chunking of [false, true]) {
    const world = { mails: fine(4, 1), depth: 3, pipelining: true, chunking, seed: 7 };
    const { bytes } = play(world);
    for (const side of ['client', 'server'] as const) {
      for (let after = 0; after < bytes[side]; after++) {
        const cut = { ...world, cut: { of: side, after } };
        const played = play(cut);
        assertFates(cut, played, true);
        for (const fate of played.fates.flat()) {
          assert.equal(fate.result, 'delivered', `${side} byte ${after}`);
          assert.ok(fate.tempfails <= 1, `one failed attempt at most, ${side} byte ${after}`);
        }
      }
    }
  }
});

/** What is remembered of a server, and how a message may fare with it. */
const quirks: Readonly<
  Record<
    Quirk,
    { readonly faults: readonly string[]; readonly by: 'data' | 'chunks'; readonly probes?: number }
  >
> = {
  'swallows input behind content': { faults: ['across'], by: 'data' },
  'resets at input behind content': { faults: ['across'], by: 'data' },
  'refuses input behind content and closes': { faults: ['across'], by: 'data' },
  '421 at input behind content': { faults: ['across'], by: 'data' },
  'refuses input behind content': { faults: ['across'], by: 'data' },
  'keeps what it refused': { faults: [], by: 'data' },
  'forgets a message late': { faults: [], by: 'data' },
  'answers out of order': { faults: ['across'], by: 'data' },
  'hangs at input behind content': { faults: ['across'], by: 'data' },
  'swallows whole groups': { faults: ['across'], by: 'chunks', probes: 1 },
  'says too much': { faults: ['across'], by: 'chunks', probes: 1 },
  'does not read refused chunks': { faults: ['across', 'chunk'], by: 'chunks' },
  'stalls at large chunks': { faults: ['across', 'chunk'], by: 'chunks' },
  'does not know BDAT': { faults: ['across', 'chunk'], by: 'chunks' },
  'resets at BDAT': { faults: ['across', 'chunk'], by: 'chunks' },
  // RFC 2920 3.1 allows for it.
  'lets everybody send': { faults: [], by: 'data' },
};

/** Out of order, or with a reply too many, a refusal cannot be told from one of another command; a 250 can, by its status or its place. */
function planFor(quirk: string, plan: Plan): Plan {
  if (quirk === 'answers out of order') return { content: plan.content };
  return quirk === 'says too much' ? {} : plan;
}

for (const [quirk, { faults, by, probes = 0 }] of Object.entries(quirks)) {
  test(`a server that breaks: ${quirk}`, () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(worlds, (each) => {
        const sent = each.mails.map((mail) => ({ ...mail, plan: planFor(quirk, mail.plan) }));
        const world = {
          ...each,
          mails: sent,
          pipelining: true,
          chunking: by === 'chunks',
          quirk: quirk as Quirk,
          probes,
          isWhole: probes > 0 || quirk === 'answers out of order',
        };
        const played = play(world);
        assertFates(world, played, true);
        for (const [mail, fates] of played.fates.entries()) {
          for (const [recipient, fate] of fates.entries()) {
            const { plan } = world.mails[mail]!;
            const refusals = [plan.mail, plan.rcpt?.[recipient], plan.data, plan.content];
            if (fate.result === 'permfail')
              assert.ok(
                refusals.some((text) => text?.startsWith('5')),
                'no bounce but by the plan',
              );
          }
        }
        for (const kind of played.faults) seen.add(kind);
      }),
      { numRuns: 1000 },
    );
    assert.deepEqual([...seen].sort(), faults);
  });
}
