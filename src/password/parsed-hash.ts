// A stored password in parts: which scheme, with which parameters. Everything is known and within its bounds, so that whoever
// computes it need not check anything.

/** A stored password that Sluice can check. Byte strings are `Uint8Array`, so that they can go to a thread. */
export type ParsedHash =
  /** The password itself. */
  | { readonly kind: 'plain'; readonly text: string }
  /** A digest of password and salt, as LDAP servers store it. The salt may be empty. */
  | {
      readonly kind: 'digest';
      readonly algorithm: DigestName;
      readonly salt: Uint8Array;
      readonly digest: Uint8Array;
    }
  /** crypt(3) with two characters of salt. */
  | { readonly kind: 'des-crypt'; readonly salt: string; readonly hash: string }
  /** crypt(3) by MD5, or Apache's variant of it, which differs in the magic text. */
  | {
      readonly kind: 'md5-crypt';
      readonly magic: '$1$' | '$apr1$';
      readonly salt: string;
      readonly hash: string;
    }
  /** crypt(3) by SHA-2. */
  | {
      readonly kind: 'sha-crypt';
      readonly algorithm: 'sha256' | 'sha512';
      readonly rounds: number;
      readonly salt: string;
      readonly hash: string;
    }
  /** `text` is the whole of it. */
  | { readonly kind: 'bcrypt'; readonly text: string }
  | {
      readonly kind: 'argon2';
      readonly algorithm: Argon2Name;
      readonly memoryKiB: number;
      readonly passes: number;
      readonly parallelism: number;
      readonly salt: Uint8Array;
      readonly hash: Uint8Array;
    }
  | {
      readonly kind: 'scrypt';
      readonly cost: number;
      readonly blockSize: number;
      readonly parallelization: number;
      readonly salt: Uint8Array;
      readonly hash: Uint8Array;
    }
  | {
      readonly kind: 'pbkdf2';
      readonly algorithm: Pbkdf2Digest;
      readonly iterations: number;
      readonly salt: Uint8Array;
      readonly hash: Uint8Array;
    }
  | ({ readonly kind: 'scram' } & ScramSecret);

export type DigestName = 'md5' | 'sha1' | 'sha256' | 'sha512';
export type Pbkdf2Digest = 'sha1' | 'sha256' | 'sha512';
export type Argon2Name = 'argon2d' | 'argon2i' | 'argon2id';

/** What a server stores for SCRAM (RFC 5802 3): enough to check a proof, or a password. */
export interface ScramSecret {
  readonly algorithm: 'sha1' | 'sha256';
  readonly iterations: number;
  readonly salt: Uint8Array;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

/** What a stored text turns out to be. */
export type HashReading =
  | { readonly kind: 'hash'; readonly hash: ParsedHash }
  /** No password fits: the account has none, or it is locked. */
  | { readonly kind: 'none' }
  /** Sluice does not check it. `reason` is a clause and `advice` a sentence, for administrators; neither tells the hash. */
  | { readonly kind: 'refused'; readonly reason: string; readonly advice: string };

export function refused(reason: string, advice: string): HashReading {
  return { kind: 'refused', reason, advice };
}

/** For what is not written as its scheme demands. */
export function malformed(scheme: string): HashReading {
  return refused(
    `its password is not written as ${scheme} demands`,
    'Store it again, or set a new password.',
  );
}
