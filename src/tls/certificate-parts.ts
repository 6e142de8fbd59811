// Reads the parts of a certificate that Node does not show: the public key as it is encoded there (for TLSA records), and the
// extensions (RFC 5280 4.1). Reads DER only as deep as that; no certificate makes it throw.

/** An extension (RFC 5280 4.2). */
export interface CertificateExtension {
  /** The object identifier in hex, without tag and length. */
  readonly id: string;
  readonly isCritical: boolean;
  readonly value: Buffer;
}

export interface CertificateParts {
  /** SubjectPublicKeyInfo, byte for byte: what TLSA records of selector 1 are about (RFC 6698 2.1.2). */
  readonly publicKeyInfo: Buffer;
  readonly extensions: readonly CertificateExtension[];
}

/** A value in DER: its tag, its content, and where the whole of it stands in the buffer. */
export interface DerValue {
  readonly tag: number;
  readonly content: Buffer;
  readonly whole: Buffer;
}

export const derTags = {
  boolean: 0x01,
  integer: 0x02,
  octetString: 0x04,
  objectIdentifier: 0x06,
  sequence: 0x30,
} as const;
/** Explicit tags 0 and 3 of a TBSCertificate: version and extensions. */
const versionTag = 0xa0;
const extensionsTag = 0xa3;
/** More than any certificate has. */
const maxValues = 200;

/** Reads a certificate in DER; undefined when it is none. */
export function readCertificateParts(der: Buffer): CertificateParts | undefined {
  const [certificate] = derValues(der) ?? [];
  if (certificate?.tag !== derTags.sequence) return undefined;
  const [toBeSigned] = derValues(certificate.content) ?? [];
  if (toBeSigned?.tag !== derTags.sequence) return undefined;
  const fields = derValues(toBeSigned.content);
  if (fields === undefined) return undefined;
  // After the version, which version 1 leaves out: serial number, algorithm, issuer, validity, subject, public key.
  const keyAt = fields[0]?.tag === versionTag ? 6 : 5;
  const publicKeyInfo = fields[keyAt];
  if (publicKeyInfo?.tag !== derTags.sequence) return undefined;
  const extensions = readExtensions(fields.find(({ tag }) => tag === extensionsTag));
  return extensions && { publicKeyInfo: publicKeyInfo.whole, extensions };
}

function readExtensions(field: DerValue | undefined): CertificateExtension[] | undefined {
  if (field === undefined) return [];
  const [list] = derValues(field.content) ?? [];
  const values = list?.tag === derTags.sequence ? derValues(list.content) : undefined;
  if (values === undefined) return undefined;
  const extensions: CertificateExtension[] = [];
  for (const { content } of values) {
    const parts = derValues(content);
    const id = parts?.[0];
    const value = parts?.at(-1);
    if (id?.tag !== derTags.objectIdentifier || value?.tag !== derTags.octetString) return undefined;
    const critical = parts?.length === 3 ? parts[1] : undefined;
    if (critical !== undefined && critical.tag !== derTags.boolean) return undefined;
    const isCritical = critical !== undefined && critical.content[0] !== 0;
    extensions.push({ id: id.content.toString('hex'), isCritical, value: value.content });
  }
  return extensions;
}

/** The values that stand one after the other in `bytes`; undefined when that is no DER, or there are too many. */
export function derValues(bytes: Buffer): DerValue[] | undefined {
  const values: DerValue[] = [];
  for (let at = 0; at < bytes.length;) {
    const value = derValueAt(bytes, at);
    if (value === undefined || values.length === maxValues) return undefined;
    values.push(value);
    at += value.whole.length;
  }
  return values;
}

function derValueAt(bytes: Buffer, at: number): DerValue | undefined {
  const tag = bytes[at];
  let length = bytes[at + 1];
  // Tags of more than one octet do not occur in certificates.
  if (tag === undefined || length === undefined || (tag & 0x1f) === 0x1f) return undefined;
  let start = at + 2;
  if (length >= 0x80) {
    const octets = length & 0x7f;
    // The indefinite length is not DER, and a certificate has less than 16 MiB.
    if (octets === 0 || octets > 3 || start + octets > bytes.length) return undefined;
    length = bytes.readUIntBE(start, octets);
    start += octets;
  }
  const end = start + length;
  if (end > bytes.length) return undefined;
  return { tag, content: bytes.subarray(start, end), whole: bytes.subarray(at, end) };
}
