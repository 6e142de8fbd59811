// The header of the PROXY protocol, versions 1 and 2, whole and cut at every byte, right and wrong.

import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import fc from 'fast-check';
import { crc32c } from '../../../src/protocol/proxy/crc32c.ts';
import { maxProxyHeaderOctets, readProxyHeader } from '../../../src/protocol/proxy/proxy-header.ts';
import { ipv4, ipv6, record, version2, withChecksum } from './headers.ts';

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

/** Address, port, address, port; `none`; or why it is invalid. */
function read(bytes: Buffer): string {
  const verdict = readProxyHeader(bytes);
  if (verdict.kind === 'more') return 'more';
  if (verdict.kind === 'invalid') return `invalid: ${verdict.reason}`;
  const { source } = verdict;
  if (source.kind === 'none') return `none ${verdict.octets}`;
  const { client, destination } = source;
  return `${client.address} ${client.port} ${destination.address} ${destination.port} ${verdict.octets}`;
}

const good: readonly (readonly [string, Buffer, string])[] = [
  ['TCP4', latin1('PROXY TCP4 192.0.2.1 198.51.100.2 56324 25\r\n'), '192.0.2.1 56324 198.51.100.2 25 44'],
  [
    'TCP6',
    latin1('PROXY TCP6 2001:DB8::1 2001:db8:0:0::2 1 65535\r\n'),
    '2001:db8::1 1 2001:db8::2 65535 48',
  ],
  [
    'a mapped address',
    latin1('PROXY TCP6 ::ffff:192.0.2.1 ::ffff:c000:202 1 2\r\n'),
    '192.0.2.1 1 192.0.2.2 2 49',
  ],
  ['UNKNOWN', latin1('PROXY UNKNOWN\r\n'), 'none 15'],
  ['UNKNOWN with a rest', latin1('PROXY UNKNOWN ffff::1 ffff::2 1 2 and more\r\n'), 'none 44'],
  [
    'version 2, IPv4',
    version2({ addresses: ipv4('192.0.2.1', '198.51.100.2', 56324, 25) }),
    '192.0.2.1 56324 198.51.100.2 25 28',
  ],
  [
    'version 2, IPv6',
    version2({
      protocol: 0x21,
      addresses: ipv6('20010db8000000000000000000000001', '20010db8000000000000000000000002', 1, 2),
    }),
    '2001:db8::1 1 2001:db8::2 2 52',
  ],
  [
    'version 2, a mapped address',
    version2({
      protocol: 0x21,
      addresses: ipv6('00000000000000000000ffffc0000201', '00000000000000000000ffffc0000202', 1, 2),
    }),
    '192.0.2.1 1 192.0.2.2 2 52',
  ],
  ['version 2, a Unix-domain socket', version2({ protocol: 0x31, addresses: Buffer.alloc(216) }), 'none 232'],
  ['version 2, UNSPEC', version2({ protocol: 0, addresses: Buffer.from('whatever') }), 'none 24'],
  ['version 2, LOCAL', version2({ command: 0x20, protocol: 0, addresses: Buffer.alloc(0) }), 'none 16'],
  [
    'version 2, LOCAL with anything',
    version2({ command: 0x20, protocol: 0xff, addresses: Buffer.alloc(7, 255) }),
    'none 23',
  ],
  [
    'version 2 with records',
    version2({
      addresses: Buffer.concat([
        ipv4('192.0.2.1', '192.0.2.2', 1, 2),
        record(4, ''),
        record(5, 'unique'),
        record(0xea, 'vpce-0'),
      ]),
    }),
    '192.0.2.1 1 192.0.2.2 2 49',
  ],
  [
    'version 2 with a checksum',
    withChecksum({ addresses: Buffer.concat([ipv4('192.0.2.1', '192.0.2.2', 1, 2), record(1, 'h2')]) }),
    '192.0.2.1 1 192.0.2.2 2 40',
  ],
];

for (const [name, header, expected] of good) {
  test(`${name}: the header is read, what follows is not, and no beginning of it is taken for the whole`, () => {
    assert.equal(read(header), expected);
    assert.equal(read(Buffer.concat([header, latin1('EHLO client\r\n')])), expected);
    assert.equal(read(Buffer.concat([header, header])), expected);
    for (let cut = 0; cut < header.length; cut++)
      assert.equal(read(header.subarray(0, cut)), 'more', String(cut));
  });
}

const bad: readonly (readonly [string, Buffer, RegExp])[] = [
  ['SMTP', latin1('EHLO client\r\n'), /does not begin/],
  ['HTTP', latin1('PUT / HTTP/1.1\r\n'), /does not begin/],
  ['lower case', latin1('proxy TCP4 192.0.2.1 192.0.2.2 1 2\r\n'), /does not begin/],
  ['another protocol', latin1('PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n'), /protocol/],
  ['no protocol', latin1('PROXY \r\n'), /protocol/],
  ['two blanks', latin1('PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n'), /addresses/],
  ['a blank at the end', latin1('PROXY TCP4 192.0.2.1 192.0.2.2 1 2 \r\n'), /addresses/],
  ['IPv6 as IPv4', latin1('PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n'), /addresses/],
  ['IPv4 as IPv6', latin1('PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n'), /addresses/],
  ['a zone', latin1('PROXY TCP6 fe80::1%eth0 fe80::2 1 2\r\n'), /addresses/],
  ['a leading zero in an address', latin1('PROXY TCP4 192.0.02.1 192.0.2.2 1 2\r\n'), /addresses/],
  ['a leading zero in a port', latin1('PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n'), /ports/],
  ['a port that is too large', latin1('PROXY TCP4 192.0.2.1 192.0.2.2 65536 2\r\n'), /ports/],
  ['a negative port', latin1('PROXY TCP4 192.0.2.1 192.0.2.2 -1 2\r\n'), /ports/],
  ['a missing port', latin1('PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n'), /ports/],
  ['a bare LF', latin1('PROXY TCP4 192.0.2.1 192.0.2.2 1 2\nEHLO x\r\n'), /bare LF/],
  ['a bare CR', latin1('PROXY TCP4 192.0.2.1 192.0.2.2 1 2\rEHLO x\r\n'), /bare CR/],
  ['a line without end', latin1(`PROXY UNKNOWN ${'x'.repeat(93)}`), /107/],
  ['CRLF one octet too late', latin1(`PROXY UNKNOWN ${'x'.repeat(92)}\r\n`), /107/],
  ['version 1 in version 2', version2({ command: 0x11 }), /version/],
  ['version 3', version2({ command: 0x31 }), /version/],
  ['an unknown command', version2({ command: 0x22 }), /command/],
  ['an unknown family', version2({ protocol: 0x41 }), /family/],
  ['an unknown transport', version2({ protocol: 0x13 }), /transport/],
  ['datagrams', version2({ protocol: 0x12 }), /datagrams/],
  ['too short for IPv4', version2({ addresses: Buffer.alloc(11) }), /too small/],
  ['too short for IPv6', version2({ protocol: 0x21, addresses: Buffer.alloc(35) }), /too small/],
  ['too short for a path', version2({ protocol: 0x31, addresses: Buffer.alloc(215) }), /too small/],
  ['too long', version2({ addresses: Buffer.alloc(maxProxyHeaderOctets) }), /more than 4096/],
  [
    'a record that is cut off',
    version2({ addresses: Buffer.concat([ipv4('192.0.2.1', '192.0.2.2', 1, 2), Buffer.from([4, 0])]) }),
    /cut off/,
  ],
  [
    'a record beyond the end',
    version2({ addresses: Buffer.concat([ipv4('192.0.2.1', '192.0.2.2', 1, 2), Buffer.from([4, 0, 1])]) }),
    /longer than/,
  ],
  [
    'a checksum of three octets',
    version2({ addresses: Buffer.concat([ipv4('192.0.2.1', '192.0.2.2', 1, 2), record(3, 'abc')]) }),
    /checksum/,
  ],
];

for (const [name, header, reason] of bad) {
  test(`${name}: refused, and for its first octets no later than needed`, () => {
    assert.match(read(header), /^invalid: /);
    assert.match(read(header), reason);
    for (let cut = 0; cut < header.length; cut++)
      assert.match(read(header.subarray(0, cut)), /^more$|^invalid/);
  });
}

test('a line of exactly 107 octets is read, also when it comes octet by octet', () => {
  const line = latin1(`PROXY UNKNOWN ${'x'.repeat(91)}\r\n`);
  assert.equal(line.length, 107);
  assert.equal(read(line), 'none 107');
  for (let cut = 0; cut < line.length; cut++) assert.equal(read(line.subarray(0, cut)), 'more');
});

test('a header of version 2 that is too long is refused as soon as its length is known', () => {
  const header = version2({ addresses: Buffer.alloc(maxProxyHeaderOctets) });
  assert.match(read(header.subarray(0, 16)), /more than 4096/);
  assert.equal(read(header.subarray(0, 15)), 'more');
});

test('every change of a bit in a header with a checksum is noticed, or makes it no such header', () => {
  const header = withChecksum({
    addresses: Buffer.concat([ipv4('192.0.2.1', '192.0.2.2', 1, 2), record(1, 'h2')]),
  });
  const taken = read(header);
  for (let bit = 16 * 8; bit < header.length * 8; bit++) {
    const changed = Buffer.from(header);
    changed[bit >> 3]! ^= 1 << (bit & 7);
    // A record of another type is no checksum: then nobody says what the header was.
    if (bit >> 3 === header.length - 7) continue;
    assert.match(read(changed), /^invalid/, String(bit));
  }
  assert.match(taken, /^192\.0\.2\.1 /);
});

test('CRC32C is that of RFC 3720 B.4', () => {
  assert.equal(crc32c(Buffer.alloc(32), 0, 0), 0x8a9136aa);
  assert.equal(crc32c(Buffer.alloc(32, 255), 0, 0), 0x62a8ab43);
  assert.equal(crc32c(Buffer.alloc(32, 255), 0, 32), 0x8a9136aa);
  assert.equal(crc32c(latin1('123456789'), 0, 0), 0xe3069283);
});

/** Bytes that are near to a header. */
const nearHeader = fc
  .tuple(
    fc.constantFrom(...[...good, ...bad].map(([, header]) => header.subarray(0, 300))),
    fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 4 }),
    fc.uint8Array({ maxLength: 40 }),
  )
  .map(([header, changes, rest]) => {
    const bytes = Buffer.concat([header, rest]);
    for (const [at, octet] of changes) bytes[at % bytes.length] = octet;
    return bytes;
  });

test('fuzz: a verdict depends on the header alone, and is the same however the bytes are cut', () => {
  fc.assert(
    fc.property(fc.oneof(nearHeader, fc.uint8Array({ maxLength: 300 }).map(Buffer.from)), (bytes) => {
      const whole = readProxyHeader(bytes);
      if (whole.kind === 'header') assert.ok(whole.octets <= Math.min(bytes.length, maxProxyHeaderOctets));
      const octets = whole.kind === 'header' ? whole.octets : bytes.length;
      let decided = false;
      for (let cut = 0; cut <= bytes.length; cut++) {
        const part = readProxyHeader(bytes.subarray(0, cut));
        if (decided || cut >= octets) assert.deepEqual(part, whole, String(cut));
        else if (part.kind !== 'more') {
          assert.equal(part.kind, 'invalid');
          assert.deepEqual(part, whole);
          decided = true;
        }
      }
    }),
    { numRuns: 1_000 },
  );
});

test('fuzz: any client of version 1 is read as it was written', () => {
  const ports = fc.integer({ min: 0, max: 65_535 });
  fc.assert(
    fc.property(fc.ipV4(), fc.ipV4(), ports, ports, (source, destination, from, to) => {
      const line = `PROXY TCP4 ${source} ${destination} ${from} ${to}\r\n`;
      assert.equal(read(latin1(line)), `${source} ${from} ${destination} ${to} ${line.length}`);
    }),
  );
});
