// Signs mail of a receiver with a key in memory, and checks the signatures of what it has stored.

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { parseConfig } from '../../src/config/config.ts';
import { HeaderBlock } from '../../src/dkim/header-block.ts';
import { prepareSignature } from '../../src/dkim/prepare-signature.ts';
import { keyNameOf } from '../../src/dkim/types.ts';
import { signingRules } from '../../src/settings/signing.ts';
import type { Signing } from '../../src/signing/outgoing-mail.ts';
import type { SigningAnswer, SigningRequest } from '../../src/signing/types.ts';
import { recordOf, resultsOf, signatureFor } from '../dkim/support.ts';
import type { Fixture } from './fixture.ts';

const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const published = { 's._domainkey.example.com': recordOf(publicKey) };

export interface TestSigning extends Signing {
  readonly requests: SigningRequest[];
}

/** @param answer - instead of a signature */
export function signingWith(answer?: SigningAnswer): TestSigning {
  const config = parseConfig(
    '[[signing_key]]\ndomain = ["example.com"]\nfile = "s.pem"\n',
    '/etc/sluice.toml',
  );
  const rules = signingRules(config);
  const requests: SigningRequest[] = [];
  const sign = (request: SigningRequest): Promise<SigningAnswer> => {
    requests.push(request);
    const [chosen] = rules.choose(request);
    assert.ok(chosen !== undefined);
    const form = { ...chosen.rule, domain: chosen.domain, algorithm: 'ed25519-sha256' } as const;
    const bodyHash = Buffer.from(request.bodyHashes.relaxed ?? '', 'base64');
    const prepared = prepareSignature(
      new HeaderBlock(Buffer.from(request.header, 'latin1')),
      bodyHash,
      form,
      1_700_000_000,
    );
    const fields = prepared.field(signatureFor(prepared, privateKey)).toString('latin1');
    return Promise.resolve(answer ?? { kind: 'signed', fields, by: [keyNameOf(form)] });
  };
  return { rules, signer: { sign }, requests };
}

/** The results of the signatures of what was stored last. */
export function stored({ spool }: Fixture): string[] {
  return resultsOf(Buffer.from(spool.kept.at(-1)?.content ?? '', 'latin1'), published);
}
