// A process that makes whole TLS handshakes at a steady rate, until it is ended: PORT RATE. Prints how many it has made each second.

import { BenchClient } from './client.ts';

const [port, rate] = process.argv.slice(2).map(Number) as [number, number];
/** A server that is slower than the rate gets no more than these at once. */
const mostAtOnce = 500;
let made = 0;
let failed = 0;
let underWay = 0;
let due = 0;

async function handshake(): Promise<void> {
  underWay++;
  try {
    const client = await BenchClient.open(port);
    try {
      await client.secure();
      made++;
    } finally {
      client.destroy();
    }
  } catch {
    failed++;
  } finally {
    underWay--;
  }
}

const everyMs = 10;
setInterval(() => {
  due += (rate * everyMs) / 1000;
  for (; due >= 1 && underWay < mostAtOnce; due--) void handshake();
  due = Math.min(due, rate);
}, everyMs);
setInterval(() => {
  process.stdout.write(`${made} made, ${failed} failed\n`);
  made = 0;
  failed = 0;
}, 1000);
