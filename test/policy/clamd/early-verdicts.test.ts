// Verdicts of a clamd that come before it can have the whole message.

import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { setImmediate as aTurn } from 'node:timers/promises';
import { dialService } from '../../../src/io/dial-service.ts';
import { scan } from '../../../src/policy/clamd/scan.ts';
import { ScriptedClamd } from './scripted-clamd.ts';

const never = new AbortController().signal;

test('a verdict that came before the end of a small message went out says nothing about it', async (t) => {
  const clamd = await ScriptedClamd.start(t, {
    say: (moment) => (moment === 'chunk' ? 'stream: OK\0' : undefined),
  });
  const message = async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.from('Subject: x\r\n\r\n');
    await clamd.until(() => clamd.talks[0]?.chunks.length === 1);
  };
  await assert.rejects(
    scan({ dial: dialService, address: clamd.address }, message(), never),
    /it gave its verdict before it had the whole message/,
  );
  await clamd.until(() => clamd.talks[0]?.hasEnded === true);
  assert.equal(clamd.talks[0]?.isWhole, false);
});

test('a verdict while the end of a message waits to be written says nothing about it', async (t) => {
  const clamd = await ScriptedClamd.start(t, {
    say: (moment, { socket }) => {
      if (moment === 'connect') socket.pause();
      return undefined;
    },
  });
  let socket: Socket | undefined;
  const waitingBytes = (): number => socket?.writableLength ?? 0;
  let filledBytes = 0;
  const message = async function* (): AsyncGenerator<Uint8Array> {
    await clamd.until(() => clamd.talks.length === 1);
    while (waitingBytes() === 0) yield Buffer.alloc(64 * 1024);
    filledBytes = waitingBytes();
  };
  const parts = {
    dial: ((...to) => (socket = dialService(...to))) satisfies typeof dialService,
    address: clamd.address,
  };
  const scanned = scan(parts, message(), never);
  const fails = assert.rejects(scanned, /it gave its verdict before it had the whole message/);
  // The chunk without bytes is the last that waits.
  while (filledBytes === 0 || waitingBytes() !== filledBytes + 4) await aTurn();
  clamd.talks[0]?.socket.write('stream: OK\0');
  await fails;
});
