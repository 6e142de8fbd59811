// Which sending limits hold for whom.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mostRecipientsOf, SendingRules } from '../../../src/policy/sending/sending-rules.ts';
import { handIn, rule } from './rules.ts';

function allowed(rules: SendingRules, given: Parameters<typeof handIn>[0]): string[] {
  return rules
    .of(handIn(given))
    .flatMap(({ by, key, allowances }) =>
      allowances.map(({ quantity, rate }) => `${by} ${key} ${rate.count} ${quantity}`),
    );
}

test('a user who is named has a limit of his own, then his domain, then everybody; each quantity by itself', () => {
  const rules = new SendingRules([
    rule('user', { messages: ['200/h', '1000/d'], recipients: ['500/h'] }),
    rule('user', { user: ['@example.com'], messages: ['50/h'] }),
    rule('user', { user: ['Joe@Example.com'], messages: ['5000/h'] }),
    rule('user', { user: ['robot@example.com'], messages: [], recipients: [] }),
  ]);
  assert.deepEqual(allowed(rules, { user: 'ann@example.org' }), [
    'user ann@example.org 200 messages',
    'user ann@example.org 1000 messages',
    'user ann@example.org 500 recipients',
  ]);
  assert.deepEqual(allowed(rules, { user: 'ANN@example.com' }), [
    'user ann@example.com 50 messages',
    'user ann@example.com 500 recipients',
  ]);
  assert.deepEqual(allowed(rules, { user: 'joe@example.com' })[0], 'user joe@example.com 5000 messages');
  assert.deepEqual(allowed(rules, { user: 'robot@example.com' }), []);
  assert.deepEqual(allowed(rules, { user: '' }), [], 'who has not logged in is no user');
});

test('of networks the smallest counts, and a client of IPv6 is a whole /64', () => {
  const rules = new SendingRules([
    rule('client', { messages: ['10/h'] }),
    rule('client', { client: ['192.0.2.0/24'], messages: ['20/h'] }),
    rule('client', { client: ['192.0.2.7/32', '2001:db8::/32'], messages: ['30/h'] }),
  ]);
  assert.deepEqual(allowed(rules, { client: '198.51.100.1' }), ['client 198.51.100.1 10 messages']);
  assert.deepEqual(allowed(rules, { client: '192.0.2.1' }), ['client 192.0.2.1 20 messages']);
  assert.deepEqual(allowed(rules, { client: '192.0.2.7' }), ['client 192.0.2.7 30 messages']);
  assert.deepEqual(allowed(rules, { client: '2001:db8:1:2:3::4' }), ['client 2001:db8:1:2::/64 30 messages']);
  assert.deepEqual(allowed(rules, { client: '' }), [], 'a program of this host has no address');
});

test('limits of different kinds hold together, and mail without tenant or sender has none of these', () => {
  const rules = new SendingRules([
    rule('tenant', { messages: ['1/s'] }),
    rule('tenant', { tenant: ['shop'], messages: ['2/s'] }),
    rule('sender_domain', { recipients: ['3/s'] }),
    rule('sender_domain', { senderDomain: ['*.example.com'], recipients: ['4/s'] }),
    rule('sender_domain', { senderDomain: ['a.example.com'], recipients: ['5/s'] }),
  ]);
  assert.deepEqual(allowed(rules, { tenant: 'shop', senderDomain: 'a.example.com' }), [
    'tenant shop 2 messages',
    'sender_domain a.example.com 5 recipients',
  ]);
  assert.deepEqual(allowed(rules, { tenant: 'news', senderDomain: 'b.example.com' }), [
    'tenant news 1 messages',
    'sender_domain b.example.com 4 recipients',
  ]);
  assert.deepEqual(allowed(rules, { senderDomain: 'example.com' }), [
    'sender_domain example.com 3 recipients',
  ]);
  assert.deepEqual(allowed(rules, {}), []);
});

test('a message may have as many recipients as the smallest limit of recipients has', () => {
  const rules = new SendingRules([
    rule('user', { recipients: ['30/min', '100/d'], messages: ['2/min'] }),
    rule('tenant', { recipients: ['40/h'] }),
  ]);
  assert.equal(mostRecipientsOf(rules.of(handIn({ user: 'a@b.example', tenant: 'x' }))), 30);
  assert.equal(mostRecipientsOf(rules.of(handIn({ tenant: 'x' }))), 40);
  assert.equal(mostRecipientsOf(rules.of(handIn({}))), Infinity);
});
