// The tenant of a message: the tables compared with a walk over all tenants.

import assert from 'node:assert/strict';
import { BlockList } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseSenderPattern } from '../../src/values/domain.ts';
import { parseNetwork } from '../../src/values/network.ts';
import { type Tenant, Tenants } from '../../src/policy/tenants.ts';

function tenant(name: string, sender: string[] = [], client: string[] = []): Tenant {
  return { name, sender: sender.map(parseSenderPattern), client: client.map(parseNetwork), priority: 0 };
}

test('without tenants, or when none matches, mail has no tenant', () => {
  assert.equal(new Tenants().of('192.0.2.1', 'a@example.com'), undefined);
  const tenants = new Tenants([tenant('shop', ['shop.example'], ['192.0.2.0/24'])]);
  assert.equal(tenants.of('192.0.2.1', 'a@example.com'), undefined);
  assert.equal(tenants.of('198.51.100.1', 'a@shop.example'), undefined);
});

test('given sender and client, both must match', () => {
  const tenants = new Tenants([tenant('shop', ['shop.example'], ['192.0.2.0/24', '2001:db8::/32'])]);
  assert.equal(tenants.of('192.0.2.1', 'a@shop.example')?.name, 'shop');
  assert.equal(tenants.of('2001:db8::1', 'a@SHOP.example')?.name, 'shop');
  assert.equal(tenants.of('192.0.3.1', 'a@shop.example'), undefined);
});

test('the first match in the order of the file wins, even when a later one is more specific', () => {
  const tenants = new Tenants([
    tenant('null', ['<>'], ['192.0.2.0/24']),
    tenant('domain', ['a.example']),
    tenant('mailbox', ['x@a.example', 'Anna@b.example']),
    tenant('office', [], ['192.0.2.0/24']),
    tenant('rest', ['b.example', '<>']),
  ]);
  const names = (client: string, ...paths: string[]) => paths.map((path) => tenants.of(client, path)?.name);
  const paths = ['', 'x@a.example', 'anna@B.example', 'otto@b.example', 'y@c.example'];
  assert.deepEqual(names('192.0.2.1', ...paths), ['null', 'domain', 'mailbox', 'office', 'office']);
  assert.deepEqual(names('192.0.3.1', ...paths), ['rest', 'domain', 'mailbox', 'rest', undefined]);
});

test('a program of this host is in no network, and matches by sender', () => {
  const tenants = new Tenants([tenant('net', [], ['0.0.0.0/0', '::/0']), tenant('shop', ['shop.example'])]);
  assert.equal(tenants.of('', 'a@shop.example')?.name, 'shop');
  assert.equal(tenants.of('', 'a@example.com'), undefined);
});

test('an international domain matches in either spelling', () => {
  const tenants = new Tenants([tenant('books', ['bücher.example'])]);
  assert.equal(tenants.of('192.0.2.1', 'a@xn--bcher-kva.example')?.name, 'books');
  assert.equal(tenants.of('192.0.2.1', 'a@BÜCHER.example')?.name, 'books');
});

test('configure replaces all tenants', () => {
  const tenants = new Tenants([tenant('old', ['a.example', '<>', 'x@b.example'], ['192.0.2.0/24'])]);
  tenants.configure([tenant('new', ['a.example'])]);
  assert.equal(tenants.of('192.0.2.1', 'x@a.example')?.name, 'new');
  assert.equal(tenants.of('192.0.2.1', ''), undefined);
  assert.equal(tenants.of('192.0.2.1', 'x@b.example'), undefined);
});

/** What the words say, one tenant after the other. */
function slowly(all: readonly Tenant[], client: string, path: string): string | undefined {
  const at = path.lastIndexOf('@');
  return all.find(
    ({ sender, client: networks }) =>
      (sender.length === 0 ||
        sender.some((pattern) =>
          pattern.kind === 'null'
            ? path === ''
            : pattern.kind === 'domain'
              ? at !== -1 && path.slice(at + 1) === pattern.domain
              : path === `${pattern.localPart}@${pattern.domain}`,
        )) &&
      (networks.length === 0 ||
        networks.some(({ address, prefix }) => {
          const list = new BlockList();
          list.addSubnet(address, prefix);
          return list.check(client);
        })),
  )?.name;
}

test('the tables find the same as a walk over all tenants', () => {
  const senders = ['<>', 'a.test', 'b.test', 'x@a.test', 'y@a.test', 'x@b.test'];
  const networks = ['10.0.0.0/8', '10.1.0.0/16', '10.1.2.3/32', '192.0.2.0/24'];
  const tenants = fc.array(
    fc.tuple(fc.subarray(senders), fc.subarray(networks)).map(([sender, client]) => ({ sender, client })),
    { maxLength: 12 },
  );
  fc.assert(
    fc.property(tenants, (list) => {
      const all = list.map(({ sender, client }, index) => tenant(`t${index}`, sender, client));
      const tables = new Tenants(all);
      for (const client of ['10.1.2.3', '10.1.9.9', '10.9.9.9', '192.0.2.7', '198.51.100.1']) {
        for (const path of ['', 'x@a.test', 'y@a.test', 'z@a.test', 'x@b.test', 'q@c.test']) {
          assert.equal(tables.of(client, path)?.name, slowly(all, client, path));
        }
      }
    }),
  );
});

test('with thousands of tenants and clients, a message costs as much as with few', () => {
  const many = Array.from({ length: 2_000 }, (_, i) =>
    tenant(`t${i}`, [`d${i}.test`], [`10.${i >> 8}.${i & 255}.0/24`]),
  );
  const tenants = new Tenants(many);
  for (let i = 0; i < 3_000; i++) {
    const client = `10.${(i % 2_000) >> 8}.${i & 255}.${i % 7}`;
    const name = `t${((((i % 2_000) >> 8) << 8) | (i & 255)) % 65_536}`;
    const index = Number(name.slice(1));
    assert.equal(tenants.of(client, `a@d${index}.test`)?.name, index < 2_000 ? name : undefined);
    assert.equal(tenants.of('192.0.2.1', `a@d${index}.test`), undefined);
  }
});

test('a tenant of users takes mail of those who have logged in, in the order of the file', () => {
  const tenants = new Tenants([
    { ...tenant('joe', ['shop.example']), user: ['Joe@example.com'] },
    tenant('office', [], ['192.0.2.0/24']),
    { ...tenant('company'), user: ['@example.com'] },
    { ...tenant('late'), user: ['joe@example.com'] },
  ]);
  const name = (client: string, path: string, principal?: string) =>
    tenants.of(client, path, principal)?.name;
  assert.equal(name('203.0.113.1', 'a@shop.example', 'joe@EXAMPLE.com'), 'joe');
  assert.equal(name('203.0.113.1', 'a@other.example', 'joe@example.com'), 'company');
  assert.equal(name('192.0.2.1', 'a@other.example', 'joe@example.com'), 'office');
  assert.equal(name('203.0.113.1', '', 'sue@example.com'), 'company');
  assert.equal(name('203.0.113.1', 'a@shop.example', 'joe@example.net'), undefined);
  assert.equal(name('203.0.113.1', 'a@shop.example'), undefined, 'whoever has not logged in is no user');
});
