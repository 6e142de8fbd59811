// Routes to servers of QMQP and QMTP, as a configuration names them: what is taken, and what is refused in which words.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/config.ts';
import { ConfigError } from '../../src/config/read/config-error.ts';

const refused: readonly (readonly [what: string, text: string, problem: string])[] = [
  ['no server', '[[route]]\nqmqp = []', '2:8 route[1].qmqp: must name one server at least'],
  [
    'a socket without its kind',
    '[[route]]\nqmtp = ["/run/qmtp"]',
    '2:9 route[1].qmtp[1]: "/run/qmtp": write "unix:/run/qmtp" for a Unix-domain socket',
  ],
  [
    'a log-in',
    '[[credential]]\nname = "c"\nuser = "u"\npassword_file = "/p"\n[[route]]\nqmqp = ["q.example"]\ncredential = "c"',
    '7:14 route[1].credential: is only for relay: MX hosts take mail without a log-in',
  ],
  [
    'TLS on a socket of this host',
    '[[route]]\nqmtp = ["unix:/run/qmtp"]\ntls = "required"',
    '3:7 route[1].tls: cannot be had on a Unix-domain socket, which never leaves this host; leave tls out',
  ],
  [
    'both protocols',
    '[[route]]\nqmqp = ["q.example"]\nqmtp = ["q.example"]',
    '3:8 route[1].qmtp: qmqp and qmtp exclude each other: give only one of relay, lmtp, qmqp, qmtp, pipe, archive, mailbox, local, redirect, hold, error, discard and mx',
  ],
];

for (const [what, text, problem] of refused) {
  test(`${what} is refused with its place`, () => {
    assert.throws(
      () => parseConfig(text, 'sluice.toml'),
      (error) => {
        assert.ok(error instanceof ConfigError);
        assert.deepEqual(
          error.problems.map(({ line, column, key, message }) => `${line}:${column} ${key}: ${message}`),
          [problem],
        );
        return true;
      },
    );
  });
}

test('the ports are those of IANA where none is given', () => {
  const { route } = parseConfig(
    '[[route]]\nqmqp = ["q.example", "192.0.2.1:6280"]\ntls = "verified"\n[[route]]\ndomain = ["d.example"]\nqmtp = ["[2001:db8::1]", "unix:/run/qmtp"]\nmode = "balance"\nsrs = false\nverp = "+="',
    'sluice.toml',
  );
  assert.deepEqual(route, [
    {
      kind: 'qmqp',
      domain: [],
      sender: [],
      mode: 'failover',
      tls: 'verified',
      servers: [
        { kind: 'host', host: 'q.example', port: 628 },
        { kind: 'host', host: '192.0.2.1', port: 6280 },
      ],
    },
    {
      kind: 'qmtp',
      domain: [{ kind: 'exact', domain: 'd.example' }],
      sender: [],
      mode: 'balance',
      verp: '+=',
      servers: [
        { kind: 'host', host: '2001:db8::1', port: 209 },
        { kind: 'unix', path: '/run/qmtp' },
      ],
    },
  ]);
});
