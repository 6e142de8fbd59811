// Values are read as an administrator writes them.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import * as fc from 'fast-check';

import { parseConfig } from '../../src/config/config.ts';
import { parseDomain } from '../../src/values/domain.ts';
import { formatDuration, parseDuration } from '../../src/values/duration.ts';
import { parseListenEndpoint, parseNameServer, parseRelayHost } from '../../src/values/endpoint.ts';
import { parseNetwork } from '../../src/values/network.ts';
import { parseRate } from '../../src/values/rate.ts';
import { parseReply } from '../../src/values/reply.ts';
import { formatSize, parseSize } from '../../src/values/size.ts';

describe('a duration', () => {
  it('is a number and a unit, or several', () => {
    const table = {
      '0s': 0,
      '100ms': 100,
      '30s': 30_000,
      '5m': 300_000,
      '1h30m': 5_400_000,
      '5d': 432_000_000,
      '1w': 604_800_000,
    };
    for (const [text, ms] of Object.entries(table)) assert.equal(parseDuration(text), ms, text);
  });
  it('is printed in a form that can be read back', () => {
    fc.assert(fc.property(fc.nat(10 ** 12), (ms) => parseDuration(formatDuration(ms)) === ms));
  });
});

describe('a size', () => {
  it('counts by 1024 with an i, by 1000 without', () => {
    const table = {
      '0B': 0,
      '512B': 512,
      '64KiB': 65_536,
      '64kib': 65_536,
      '25MB': 25_000_000,
      '1.5GiB': 1_610_612_736,
      '2 MiB': 2_097_152,
    };
    for (const [text, bytes] of Object.entries(table)) assert.equal(parseSize(text), bytes, text);
  });
  it('is printed in a form that can be read back', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.nat(10 ** 9),
          fc.nat(10 ** 4).map((n) => n * 1024),
        ),
        (n) => parseSize(formatSize(n)) === n,
      ),
    );
    assert.equal(formatSize(52_428_800), '50MiB');
  });
});

describe('a rate', () => {
  it('is a number per time', () => {
    assert.deepEqual(parseRate('600/min'), { count: 600, perMs: 60_000 });
    assert.deepEqual(parseRate('5/s'), { count: 5, perMs: 1000 });
    assert.deepEqual(parseRate('10 / hour'), { count: 10, perMs: 3_600_000 });
  });
});

describe('an endpoint', () => {
  it('to listen on is an IP address and a port', () => {
    assert.deepEqual(parseListenEndpoint('127.0.0.1:2525'), { host: '127.0.0.1', port: 2525 });
    assert.deepEqual(parseListenEndpoint('[::]:25'), { host: '::', port: 25 });
    assert.deepEqual(parseListenEndpoint('0.0.0.0:0'), { host: '0.0.0.0', port: 0 });
  });
  it('to hand mail to is a name or an address; the port is 25 if there is none', () => {
    assert.deepEqual(parseRelayHost('Relay.Example.NET'), { host: 'relay.example.net', port: 25 });
    assert.deepEqual(parseRelayHost('relay.example.net:2525'), { host: 'relay.example.net', port: 2525 });
    assert.deepEqual(parseRelayHost('2001:db8::1'), { host: '2001:db8::1', port: 25 });
    assert.deepEqual(parseRelayHost('[2001:db8::1]:26'), { host: '2001:db8::1', port: 26 });
  });
  it('of a name server is an IP address; the port is 53 if there is none', () => {
    assert.deepEqual(parseNameServer('192.0.2.53'), { host: '192.0.2.53', port: 53 });
    assert.deepEqual(parseNameServer('127.0.0.1:5353'), { host: '127.0.0.1', port: 5353 });
  });
});

describe('a network', () => {
  it('is an address and a prefix, or one address', () => {
    assert.deepEqual(parseNetwork('10.0.0.0/8'), { address: '10.0.0.0', prefix: 8 });
    assert.deepEqual(parseNetwork('192.0.2.1'), { address: '192.0.2.1', prefix: 32 });
    assert.deepEqual(parseNetwork('::1/128'), { address: '::1', prefix: 128 });
    assert.deepEqual(parseNetwork('2001:DB8::/32'), { address: '2001:db8::', prefix: 32 });
    assert.deepEqual(parseNetwork('::/0'), { address: '::', prefix: 0 });
  });
});

describe('a domain', () => {
  it('is compared in lower-case A-labels', () => {
    assert.equal(parseDomain('Example.COM.'), 'example.com');
    assert.equal(parseDomain('bücher.example'), 'xn--bcher-kva.example');
    assert.equal(parseDomain('0x7f.1'), '0x7f.1');
  });
});

describe('a route', () => {
  it('has one kind of target', () => {
    const { route } = parseConfig(
      `[[route]]
      name = "partners"
      domain = ["example.com", "*.example.net", "[192.0.2.1]"]
      relay = ["a.example", "b.example:26"]
      mode = "balance"
      [[route]]
      sender = ["News@Example.com", "example.org", "<>"]
      error = "451 Later"
      [[route]]
      mx = true`,
      'sluice.toml',
    );
    assert.deepEqual(route, [
      {
        name: 'partners',
        domain: [
          { kind: 'exact', domain: 'example.com' },
          { kind: 'suffix', domain: 'example.net' },
          { kind: 'exact', domain: '[192.0.2.1]' },
        ],
        sender: [],
        kind: 'relay',
        relay: [
          { host: 'a.example', port: 25 },
          { host: 'b.example', port: 26 },
        ],
        mode: 'balance',
      },
      {
        domain: [],
        sender: [
          { kind: 'mailbox', localPart: 'News', domain: 'example.com' },
          { kind: 'domain', domain: 'example.org' },
          { kind: 'null' },
        ],
        kind: 'error',
        error: { replyCode: 451, enhancedStatus: '4.0.0', text: 'Later' },
      },
      { domain: [], sender: [], kind: 'mx' },
    ]);
  });
  it('takes an error with its enhanced status', () => {
    assert.deepEqual(parseReply('550 5.1.2 No such domain'), {
      replyCode: 550,
      enhancedStatus: '5.1.2',
      text: 'No such domain',
    });
  });
});
