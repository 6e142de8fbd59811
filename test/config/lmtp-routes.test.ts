// Routes to LMTP servers and routes that discard, as a configuration names them: what is taken, and what is refused in which words.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/config.ts';
import { ConfigError } from '../../src/config/read/config-error.ts';

const refused: readonly (readonly [what: string, text: string, problem: string])[] = [
  [
    'LMTP to port 25',
    '[[route]]\nlmtp = ["mailbox.example:25"]',
    '2:9 route[1].lmtp[1]: "mailbox.example:25": LMTP is not spoken on port 25; name the server\'s LMTP port, e.g. "unix:/run/dovecot/lmtp" or "127.0.0.1:24"',
  ],
  [
    'a Unix-domain socket without its kind',
    '[[route]]\nlmtp = ["/run/dovecot/lmtp"]',
    '2:9 route[1].lmtp[1]: "/run/dovecot/lmtp": write "unix:/run/dovecot/lmtp" for a Unix-domain socket',
  ],
  [
    'a Unix-domain socket without its whole path',
    '[[route]]\nlmtp = ["unix:run/lmtp"]',
    '2:9 route[1].lmtp[1]: "unix:run/lmtp": write the whole path of the socket, beginning with a slash, e.g. "unix:/run/dovecot/lmtp" or "127.0.0.1:24"',
  ],
  [
    'a route that delivers and discards',
    '[[route]]\nlmtp = ["unix:/run/dovecot/lmtp"]\ndiscard = true',
    '3:11 route[1].discard: lmtp and discard exclude each other: give only one of relay, lmtp, qmqp, qmtp, pipe, archive, mailbox, local, redirect, hold, error, discard and mx',
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

test('sockets and hosts are read, and the port of LMTP is 24 where none is given', () => {
  const { route } = parseConfig(
    '[[route]]\nlmtp = ["unix:/run/dovecot/lmtp", "mailbox.example"]\nmode = "balance"\n\n[[route]]\ndomain = ["x.example"]\ndiscard = true\n',
    'sluice.toml',
  );
  assert.deepEqual(route, [
    {
      kind: 'lmtp',
      domain: [],
      sender: [],
      lmtp: [
        { kind: 'unix', path: '/run/dovecot/lmtp' },
        { kind: 'host', host: 'mailbox.example', port: 24 },
      ],
      mode: 'balance',
    },
    { kind: 'discard', domain: [{ kind: 'exact', domain: 'x.example' }], sender: [] },
  ]);
});
