// Secrets of SCRAM, which check passwords as well: in the form of RFC 5803, which PostgreSQL has, too, and in that of Dovecot.

import { bounds, tooCostly } from '../bounds.ts';
import { type HashReading, malformed } from '../parsed-hash.ts';
import { scramKeyBytes } from '../scram.ts';

/** `SCRAM-SHA-256$4096:salt$StoredKey:ServerKey` */
export function readScram(stored: string): HashReading {
  const parts =
    /^(?<name>SCRAM-SHA-(?:1|256))\$(?<rounds>\d{1,10}):(?<salt>[^$:,]+)\$(?<stored>[^$:,]+):(?<server>[^$:,]+)$/u.exec(
      stored,
    )?.groups;
  return parts === undefined ? malformed('SCRAM') : scram(parts);
}

/** `{SCRAM-SHA-256}4096,salt,StoredKey,ServerKey` */
export function readDovecotScram(name: string, data: string): HashReading {
  const parts = /^(?<rounds>\d{1,10}),(?<salt>[^,]+),(?<stored>[^,]+),(?<server>[^,]+)$/u.exec(data)?.groups;
  return parts === undefined ? malformed('SCRAM') : scram({ ...parts, name });
}

const base64 = /^[A-Za-z0-9+/]+={0,2}$/u;

function scram(parts: Readonly<Record<string, string>>): HashReading {
  const { name = '', rounds, salt: saltText = '', stored = '', server = '' } = parts;
  const algorithm = name === 'SCRAM-SHA-1' ? 'sha1' : 'sha256';
  const iterations = Number(rounds);
  const bytes = scramKeyBytes[algorithm];
  if (iterations < 1 || ![saltText, stored, server].every((text) => base64.test(text)))
    return malformed('SCRAM');
  const [salt, storedKey, serverKey] = [saltText, stored, server].map((text) =>
    Buffer.from(text, 'base64'),
  ) as [Buffer, Buffer, Buffer];
  if (storedKey.length !== bytes || serverKey.length !== bytes) return malformed('SCRAM');
  if (iterations > bounds.pbkdf2Iterations) return tooCostly('SCRAM');
  return { kind: 'hash', hash: { kind: 'scram', algorithm, iterations, salt, storedKey, serverKey } };
}
