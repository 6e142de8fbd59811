// Every golden dialogue, word for word; then with its bytes cut everywhere, and with the connection lost everywhere.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lmtpDialogues } from '../../lmtp/client-dialogues.ts';
import { dialogues as smtpDialogues } from './dialogues.ts';
import { checkDialogues } from './check-dialogues.ts';
import { ownNameDialogues } from './own-name-dialogues.ts';
import { loginDialogues } from './login-dialogues.ts';
import { pipelinedDialogues } from './pipelined-dialogues.ts';
import { provenHostDialogues } from './proven-host-dialogues.ts';
import { tlsDialogues } from './tls-dialogues.ts';
import { xforwardDialogues } from './xforward-dialogues.ts';
import { type Dialogue, type Input, inputsOf, lines, Player, transcript } from './transcript.ts';
import { failureText } from '../../../../src/protocol/smtp/client/reply-text.ts';

const dialogues = [
  ...smtpDialogues,
  ...checkDialogues,
  ...ownNameDialogues,
  ...lmtpDialogues,
  ...tlsDialogues,
  ...loginDialogues,
  ...xforwardDialogues,
];

/** With them, a transaction that was begun may end without an outcome: another session carries it out. */
const withPipelined = [...dialogues, ...pipelinedDialogues, ...provenHostDialogues];

for (const dialogue of withPipelined) {
  test(`dialogue: ${dialogue.name}`, () => {
    assert.deepEqual(transcript(dialogue), lines(dialogue));
  });
}

function playAll(dialogue: Dialogue, inputs: readonly Input[]): Player {
  const player = new Player(dialogue);
  for (const input of inputs) player.play(input);
  return player;
}

test('a reply cut at any byte gives the same events and output', () => {
  for (const dialogue of withPipelined) {
    const inputs = inputsOf(dialogue);
    const whole = playAll(dialogue, inputs);
    for (const [i, input] of inputs.entries()) {
      if (input.kind !== 'server') continue;
      for (let at = 0; at <= input.bytes.length; at++) {
        const halves = [input.bytes.subarray(0, at), input.bytes.subarray(at)];
        const cut = playAll(dialogue, [
          ...inputs.slice(0, i),
          ...halves.map((bytes) => ({ kind: 'server', bytes }) as const),
          ...inputs.slice(i + 1),
        ]);
        assert.deepEqual(cut.events, whole.events, `${dialogue.name}, input ${i} cut at ${at}`);
        assert.equal(cut.output, whole.output, `${dialogue.name}, input ${i} cut at ${at}`);
      }
    }
  }
});

test('replies that come byte by byte give the same events and output', () => {
  for (const dialogue of withPipelined) {
    const inputs = inputsOf(dialogue);
    const whole = playAll(dialogue, inputs);
    const bytewise = new Player(dialogue);
    for (const input of inputs) {
      if (input.kind === 'call') bytewise.play(input);
      else for (const byte of input.bytes) bytewise.receive(Uint8Array.of(byte));
    }
    assert.deepEqual(bytewise.events, whole.events, dialogue.name);
    assert.equal(bytewise.output, whole.output, dialogue.name);
  }
});

/** One close at the very end, one outcome per recipient of each begun transaction. */
function assertEnded(player: Player, where: string): void {
  const { events, recipients } = player;
  const outcomes = events.flatMap((event) => (event.kind === 'done' ? [event.outcomes] : []));
  assert.equal(outcomes.length, player.begun, where);
  for (const each of outcomes) {
    assert.deepEqual(
      each.map(({ recipient }) => recipient),
      Array.from({ length: recipients }, (_, i) => i),
      where,
    );
    for (const outcome of each) {
      if (outcome.result !== 'delivered') assert.notEqual(failureText(outcome.failure), '', where);
    }
  }
  assert.equal(events.filter(({ kind }) => kind === 'close').length, 1, where);
  const ready = events.some(({ kind }) => kind === 'ready');
  assert.equal(events.filter(({ kind }) => kind === 'failed').length, ready ? 0 : 1, where);
  assert.equal(player.session.phase, 'closed', where);
}

for (const [name, end] of [
  ['lost', 'disconnected ECONNRESET'],
  ['timed out', 'timedOut'],
] as const) {
  test(`a connection ${name} at any byte of a dialogue gives one outcome per recipient and one close`, () => {
    for (const dialogue of dialogues) {
      const inputs = inputsOf(dialogue);
      for (const [i, input] of inputs.entries()) {
        const before = inputs.slice(0, i);
        const cuts = input.kind === 'server' ? input.bytes.length : 1;
        for (let at = 0; at < cuts; at++) {
          const player = playAll(dialogue, before);
          if (input.kind === 'server') player.receive(input.bytes.subarray(0, at));
          player.call(end);
          assertEnded(player, `${dialogue.name}, input ${i}, byte ${at}`);
        }
      }
      const whole = playAll(dialogue, inputs);
      whole.call(end);
      assertEnded(whole, dialogue.name);
    }
  });
}
