// The exchanges of SASL mechanisms: by the RFCs' examples, step by step, and with what clients get wrong.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Exchange, Step } from '../../src/sasl/exchange.ts';
import { beginExchange, mechanismOf } from '../../src/sasl/mechanisms.ts';
import { mechanismNames } from '../../src/values/login-mechanism.ts';
import { type ChannelBindings, noBindings, ScramExchange } from '../../src/sasl/scram-exchange.ts';
import { noHints } from '../../src/sasl/token-exchanges.ts';
import { directoryOf } from './secrets.ts';

const facts = { client: '192.0.2.1', isEncrypted: true };
const directory = directoryOf({ login: 'joe@example.com', password: 'pencil' });

function begin(name: 'PLAIN' | 'LOGIN'): Exchange {
  return beginExchange(name, directory, facts, {
    bindings: noBindings,
    hints: noHints,
    certificateNames: [],
  });
}

async function say(exchange: Exchange, text: string | undefined): Promise<string> {
  const step = await exchange.respond(text === undefined ? undefined : Buffer.from(text));
  return shown(step);
}

function shown(step: Step): string {
  switch (step.kind) {
    case 'challenge':
      return `? ${Buffer.from(step.bytes).toString()}`;
    case 'right':
      return `right ${step.user.address}`;
    case 'wrong':
    case 'hopeless':
      return `${step.kind} ${step.login}: ${step.reason}`;
    default:
      return step.kind;
  }
}

test('PLAIN: a right password, a wrong one, and what is no PLAIN', async () => {
  const plain = (text: string) => say(begin('PLAIN'), text);
  assert.equal(await say(begin('PLAIN'), undefined), '? ');
  assert.equal(await plain('\0joe@example.com\0pencil'), 'right joe@example.com');
  for (const same of ['joe@example.com', 'JOE@Example.COM', 'joe@example.com.'])
    assert.equal(await plain(`${same}\0joe@example.com\0pencil`), 'right joe@example.com', same);
  assert.equal(await plain('\0joe@example.com\0Pencil'), 'wrong joe@example.com: the password is wrong');
  assert.equal(await plain('\0eve@example.com\0pencil'), 'wrong eve@example.com: the password is wrong');
  assert.match(await plain('eve@example.com\0joe@example.com\0pencil'), /^hopeless .*act as another user/);
  assert.equal(await plain('\0down\0pencil'), 'failing');
  for (const text of ['', 'joe', '\0joe', '\0joe@example.com\0', '\0\0pencil', '\0joe\0pen\0cil'])
    assert.equal(await plain(text), 'malformed', JSON.stringify(text));
  const binary = await begin('PLAIN').respond(Buffer.from([0, 0xff, 0, 0x61]));
  assert.equal(binary.kind, 'malformed');
  assert.equal(await plain(`\0${'x'.repeat(256)}\0pencil`), 'malformed');
});

test('LOGIN: the prompts are those that clients expect, and the name may come first', async () => {
  const exchange = begin('LOGIN');
  assert.equal(await say(exchange, undefined), '? Username:');
  assert.equal(await say(exchange, 'joe@example.com'), '? Password:');
  assert.equal(await say(exchange, 'pencil'), 'right joe@example.com');
  const early = begin('LOGIN');
  assert.equal(await say(early, 'joe@example.com'), '? Password:');
  assert.equal(await say(early, 'pen'), 'wrong joe@example.com: the password is wrong');
  assert.equal(await say(begin('LOGIN'), ''), 'malformed');
});

interface Vector {
  readonly name: string;
  readonly mechanism: string;
  readonly username: string;
  readonly password: string;
  readonly salt: string;
  readonly iterations: number;
  readonly client_first: string;
  readonly server_first: string;
  readonly client_final: string;
  readonly server_final: string;
  readonly channel_binding_hex: string;
}

const file = new URL('../../../shared/suites/scram/vectors.json', import.meta.url);

/** The exchange of a vector, with the nonce that the server has there. */
function exchangeOf(vector: Vector, bindings = bindingsOf(vector)): ScramExchange {
  const one = directoryOf({ ...vector, login: vector.username });
  const [, clientNonce = ''] = /,r=([^,]*)/.exec(vector.client_first) ?? [];
  const [, nonce = ''] = /^r=([^,]*)/.exec(vector.server_first) ?? [];
  return new ScramExchange(one, '192.0.2.1', bindings, vector.mechanism.endsWith('-PLUS'), () =>
    nonce.slice(clientNonce.length),
  );
}

function bindingsOf({ client_first: first, channel_binding_hex: hex }: Vector): ChannelBindings {
  const [, type] = /^p=([^,]*)/.exec(first) ?? [];
  return type === undefined ? noBindings : bindingOf(type, Buffer.from(hex, 'hex'));
}

function bindingOf(type: string, value: Uint8Array): ChannelBindings {
  return { isEmpty: false, get: (asked) => (asked === type ? value : undefined) };
}

if (existsSync(file)) {
  for (const vector of JSON.parse(readFileSync(file, 'utf8')) as readonly Vector[]) {
    if (!vector.mechanism.startsWith('SCRAM-SHA-256')) continue;
    test(`${vector.mechanism}: ${vector.name}`, async () => {
      const exchange = exchangeOf(vector);
      const first = await say(exchange, vector.client_first);
      if (vector.client_first.includes(',a=') && !vector.client_first.includes(`,a=${vector.username},`)) {
        assert.match(first, /^hopeless .*act as another user/);
        return;
      }
      assert.equal(first, `? ${vector.server_first}`);
      assert.equal(await say(exchange, vector.client_final), `? ${vector.server_final}`);
      assert.equal(await say(exchange, ''), `right ${vector.username}`);
      assert.equal(await say(exchange, ''), 'malformed', 'it is over');
    });

    test(`${vector.mechanism}, ${vector.name}: another binding, nonce or proof is wrong`, async () => {
      if (vector.client_first.includes(',a=')) return;
      const changes: ((final: string) => string)[] = [
        (final) => final.replace(/^c=[^,]*/, `c=${Buffer.from('n,,x').toString('base64')}`),
        (final) => final.replace(/,r=./, ',r=Z'),
        (final) => final.replace(/,p=..../, ',p=AAAA'),
      ];
      for (const [index, change] of changes.entries()) {
        const exchange = exchangeOf(vector);
        await say(exchange, vector.client_first);
        assert.match(await say(exchange, change(vector.client_final)), index < 2 ? /^hopeless / : /^wrong /);
        assert.equal(await say(exchange, vector.client_final), 'malformed', 'there is one try');
      }
    });
  }
} else {
  test('the vectors of SCRAM', { skip: 'shared/suites/scram is not there' }, () => undefined);
}

test('SCRAM: a client that could bind, where the server offers it, has a list that was changed', async () => {
  const bindings = bindingOf('tls-exporter', Buffer.alloc(32));
  const exchange = new ScramExchange(directory, '192.0.2.1', bindings, false);
  assert.match(
    await say(exchange, 'y,,n=joe@example.com,r=abc'),
    /^hopeless .*list of mechanisms was changed/,
  );
  const fine = new ScramExchange(directory, '192.0.2.1', noBindings, false);
  assert.match(await say(fine, 'y,,n=joe@example.com,r=abc'), /^\? r=abc/);
});

test('SCRAM: a binding that is not offered, and PLUS without one', async () => {
  const bindings = bindingOf('tls-exporter', Buffer.alloc(32));
  const plus = () => new ScramExchange(directory, '192.0.2.1', bindings, true);
  assert.match(await say(plus(), 'p=tls-unique,,n=joe,r=abc'), /^hopeless .*not offered here/);
  assert.equal(await say(plus(), 'n,,n=joe,r=abc'), 'malformed');
  assert.match(
    await say(new ScramExchange(directory, '192.0.2.1', bindings, false), 'p=tls-exporter,,n=joe,r=abc'),
    /^hopeless /,
  );
});

test('SCRAM: what cannot be read is malformed, and a directory that is away fails', async () => {
  const start = (text: string) => say(new ScramExchange(directory, '192.0.2.1', noBindings, false), text);
  for (const text of [
    '',
    'n,,',
    'n,,n=joe',
    'n,,m=x,n=joe,r=abc',
    'n,,n=j=oe,r=abc',
    'n,,n=,r=abc',
    'x,,n=joe,r=abc',
  ])
    assert.equal(await start(text), 'malformed', text);
  assert.equal(await start('n,,n=down,r=abc'), 'failing');
  assert.equal(await start(`n,,n=joe,r=${'a'.repeat(600)}`), 'malformed');
  assert.match(await start('n,,n=joe,r=abc,x=extension'), /^\? r=abc/);
});

test('any bytes end in a step, and never in an error', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...mechanismNames),
      fc.array(
        fc.oneof(
          fc.uint8Array({ maxLength: 60 }),
          fc.string().map((text) => Buffer.from(text)),
        ),
        {
          maxLength: 4,
        },
      ),
      async (name, responses) => {
        const exchange = beginExchange(name, directory, facts, {
          bindings: noBindings,
          hints: noHints,
          certificateNames: [],
        });
        for (const response of responses) {
          const { kind } = await exchange.respond(response);
          assert.notEqual(kind, 'right');
          if (kind !== 'challenge') break;
        }
      },
    ),
  );
});

test('names of mechanisms are known in any case', () => {
  assert.equal(mechanismOf('plain'), 'PLAIN');
  assert.equal(mechanismOf('scram-sha-256-plus'), 'SCRAM-SHA-256-PLUS');
  assert.equal(mechanismOf('CRAM-MD5'), undefined);
});
