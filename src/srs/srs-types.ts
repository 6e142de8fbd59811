// What the rewriting of senders (SRS, the Sender Rewriting Scheme) is given and what it answers. There is no RFC: the scheme is that of
// Meng Weng Wong and Shevek (2003), in the form of Mail::SRS, which all servers that speak it understand.

/** The characters that may follow `SRS0` and `SRS1`. */
export type SrsSeparator = '=' | '+' | '-';

/** How addresses are made and read. */
export interface SrsScheme {
  /** The domain of our SRS addresses, in lower-case A-labels. */
  readonly domain: string;
  readonly separator: SrsSeparator;
  /** Characters of the hash: so many are written, and so many at least are demanded. */
  readonly hashLength: number;
  /** An address is valid for so many days after the day on which it was made. */
  readonly expiryDays: number;
  /** What becomes of a sender whose SRS address would have more than 64 octets before the `@` (RFC 5321 4.5.3.1.1). */
  readonly tooLong: 'keep' | 'rewrite';
}

/** Why a sender stays as it is. */
export type KeptReason =
  /** RFC 5321 4.5.5: a report has no sender, and must not get one. */
  | 'null'
  /** Its domain is ours, so our hosts may send for it. */
  | 'own'
  /** SPF asks about domains alone, so there is nothing to repair for an address literal (RFC 7208 4.3). */
  | 'literal'
  | 'too-long';

export type Forwarded =
  | { readonly kind: 'rewritten'; readonly address: string }
  | { readonly kind: 'kept'; readonly reason: KeptReason };

/** What is wrong with an address at our SRS domain. */
export type SrsFault =
  /** It does not begin with SRS0 or SRS1: it is an address like any other. */
  | 'not-srs'
  | 'malformed'
  /** Nobody with one of our secrets has made it. */
  | 'wrong-hash'
  | 'expired'
  /** Its day is still to come, so a clock is wrong here or there. */
  | 'from-the-future';

export type Reversed =
  | {
      readonly kind: 'original';
      readonly form: 'SRS0' | 'SRS1';
      readonly address: string;
      /** Which of the secrets has signed it: 0 is the one that signs now. */
      readonly secret: number;
      /** Days since it was made; undefined for SRS1, which has no day of its own. */
      readonly ageDays: number | undefined;
    }
  | { readonly kind: 'invalid'; readonly fault: SrsFault };
