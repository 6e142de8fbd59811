// The outcome of a recipient that a message was delivered to before, as its Delivered-To fields say: it goes round in a loop.

/** @returns the enhanced status (RFC 3463 3.5: routing loop detected) and a text */
export function deliveredBefore(address: string): readonly [status: string, text: string] {
  return ['5.4.6', `mail loop: the message was delivered to ${address} before`];
}
