// DomainKeys (RFC 4870), the forerunner of DKIM: verified for old senders. It signs by rsa-sha1, which proves little today, so no policy is built on
// its results. Only the topmost signature is looked at.

import { createVerify } from 'node:crypto';
import { domainOf } from '../address/domain.ts';
import { senderOf } from './domain-key-sender.ts';
import { type DomainKeyCanonicalization, DomainKeyText } from './domain-key-text.ts';
import type { HeaderBlock, RawField } from './header-block.ts';
import { type KeyRecord, parseKeyRecord, publicKeyOf } from './key-record.ts';
import { listOf } from './signature.ts';
import { parseTagList, withoutBlanks } from './tag-list.ts';
import { isWithin, TagReader } from './tag-reader.ts';
import { type KeyAnswers, type KeyQuestion, keyNameOf, type SignatureResult } from './types.ts';

/** What the signature says, and where it stands. */
interface Signature {
  readonly domain: string;
  readonly selector: string;
  readonly value: Buffer;
  readonly valueText: string;
  readonly canonicalization: DomainKeyCanonicalization;
  /** Undefined: all fields below it. */
  readonly signedNames: ReadonlySet<string> | undefined;
}

type Outcome = Pick<SignatureResult, 'result' | 'reason' | 'isTesting'>;

export class DomainKey {
  readonly questions: readonly KeyQuestion[];
  readonly #signature: Signature;
  readonly #fault: string | undefined;
  readonly #verify = createVerify('RSA-SHA1');
  readonly #text: DomainKeyText;
  /** Of Sender, or else of From: its local part is what `g=` of the key may name. */
  readonly #localPart: string;

  /** Undefined when there is no signature. */
  static of(block: HeaderBlock): DomainKey | undefined {
    const [field] = block.named('domainkey-signature');
    return field === undefined ? undefined : new DomainKey(block, field);
  }

  private constructor(block: HeaderBlock, field: RawField) {
    const reader = readerOf(field);
    this.#signature = signatureOf(reader);
    const { domain, selector } = this.#signature;
    const below = block.fields.slice(block.fields.indexOf(field) + 1);
    const address = senderOf(below);
    this.#localPart = address.slice(0, address.lastIndexOf('@'));
    if (!isWithin(domainOf(address), domain)) reader.refuse('its domain is not that of the sender');
    this.#fault = reader.fault?.reason;
    this.questions = this.#fault === undefined ? [{ domain, selector }] : [];
    const { canonicalization, signedNames } = this.#signature;
    this.#text = new DomainKeyText(canonicalization, (bytes) => void this.#verify.update(bytes));
    if (this.#fault === undefined)
      this.#text.header(below.filter(({ name }) => signedNames?.has(name) ?? true));
  }

  /** The next piece of the body. */
  body(bytes: Uint8Array): void {
    if (this.#fault === undefined) this.#text.body(bytes);
  }

  /** The body has ended. */
  result(answers: KeyAnswers): SignatureResult {
    const { domain, selector, valueText } = this.#signature;
    const signature = /^[A-Za-z0-9+/=]*$/.test(valueText) ? valueText.slice(0, 8) : '';
    const common = { domain, selector, identity: undefined, algorithm: 'rsa-sha1', signature };
    return { method: 'domainkeys', ...common, ...this.#outcome(answers) };
  }

  #outcome(answers: KeyAnswers): Outcome {
    const refused = (reason: string): Outcome => ({ result: 'permerror', reason, isTesting: false });
    if (this.#fault !== undefined) return refused(this.#fault);
    const answer = answers.get(keyNameOf(this.#signature));
    if (answer === undefined || answer.kind === 'temperror')
      return { result: 'temperror', reason: answer?.reason ?? 'the key was not looked up', isTesting: false };
    const [text] = answer.kind === 'records' ? answer.records : [];
    if (text === undefined) return refused('no key is published for it');
    const record = parseKeyRecord(text);
    if ('fault' in record) return refused(record.fault);
    const misuse = this.#misuse(record);
    if (misuse !== undefined) return refused(misuse);
    const key = publicKeyOf(record);
    if ('fault' in key) return refused(key.fault);
    this.#text.end();
    const { isTesting } = record;
    if (this.#verify.verify(key, this.#signature.value))
      return { result: 'pass', reason: undefined, isTesting };
    return { result: 'fail', reason: 'the signature does not fit the message', isTesting };
  }

  #misuse({ key, type, hashes, granularity }: KeyRecord): string | undefined {
    if (key === '') return 'the key is revoked';
    if (type !== 'rsa') return 'the key is not of the type rsa';
    if (hashes !== undefined && !hashes.includes('sha1')) return 'the key is not meant for SHA-1';
    // RFC 4870 3.2.3: empty means any. The first version of DKIM wrote "*" for it.
    if (granularity === '' || granularity === '*' || granularity === this.#localPart) return undefined;
    return 'the key is meant for another sender';
  }
}

function readerOf(field: RawField): TagReader {
  const list = listOf(field);
  const tags = list === undefined ? { fault: 'the field is too large' } : parseTagList(list);
  if (!('fault' in tags)) return new TagReader(tags);
  const reader = new TagReader(new Map());
  reader.refuse(tags.fault);
  return reader;
}

/** RFC 4870 3.3. */
function signatureOf(reader: TagReader): Signature {
  const { tags } = reader;
  if ((tags.get('a')?.value ?? 'rsa-sha1').toLowerCase() !== 'rsa-sha1')
    reader.refuse('its algorithm is not rsa-sha1');
  const canonicalization = tags.get('c')?.value.toLowerCase() ?? 'simple';
  if (canonicalization !== 'simple' && canonicalization !== 'nofws')
    reader.refuse('its canonicalization is not known here');
  if ((tags.get('q')?.value ?? 'dns').toLowerCase() !== 'dns')
    reader.refuse('its key is not published in the DNS');
  return {
    domain: reader.domain('d'),
    selector: reader.domain('s'),
    value: reader.base64('b'),
    valueText: withoutBlanks(reader.optional('b')),
    canonicalization: canonicalization === 'nofws' ? 'nofws' : 'simple',
    signedNames: tags.has('h') ? new Set(reader.signedNames()) : undefined,
  };
}
