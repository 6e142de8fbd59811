// What is left of an error of OpenSSL for people.

import assert from 'node:assert/strict';
import { createSecureContext } from 'node:tls';
import { test } from 'node:test';
import { opensslReason } from '../../src/tls/openssl-reason.ts';

test('an error of OpenSSL is its reason alone, with or without a field of its own', () => {
  assert.throws(
    () => createSecureContext({ ciphers: 'NOSUCH' }),
    (error) => {
      assert.equal(opensslReason(error), 'no cipher match');
      assert.equal(opensslReason(new Error(String(error))), 'no cipher match');
      return true;
    },
  );
  const alert =
    '4003B717A67F0000:error:0A00042E:SSL routines:ssl3_read_bytes:tlsv1 alert protocol version:../deps/openssl/openssl/ssl/record/rec_layer_s3.c:918:SSL alert number 70\n';
  assert.equal(opensslReason(new Error(alert)), 'tlsv1 alert protocol version');
});

test('other errors are as they are', () => {
  assert.equal(opensslReason(new Error('read ECONNRESET')), 'read ECONNRESET');
  assert.equal(opensslReason('nothing'), 'nothing');
});
