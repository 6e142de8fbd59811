// What a client hears that fails a check. RFC 3463 3.2, 3.8: X.1.8, a bad address of the sender's system; X.7.1, not authorized. RFC 7372 3.3: X.7.25,
// the reverse DNS. RFC 7505 4.2: X.7.27, a sender with a null MX.

import type { Reply } from '../../protocol/smtp/server/server-types.ts';
import type { ClientCheck } from '../../values/client-check.ts';
import type { ShownClient } from './failed-checks.ts';

/** A name of a stranger in a reply. */
const mostShown = 100;

export function replyOf(action: 'reject' | 'tempfail', check: ClientCheck, shown: ShownClient): Reply {
  const { detail, text } = refusals[check];
  const words = text({
    ...shown,
    helo: shownName(shown.helo),
    senderDomain: shownName(shown.senderDomain),
  });
  return action === 'reject'
    ? { code: 550, enhanced: `5.${detail}`, text: words }
    : { code: 450, enhanced: `4.${detail}`, text: `${words}; try again later` };
}

/** For a check that cannot be made now. */
export function unknownReply(check: ClientCheck, shown: ShownClient): Reply {
  const what = check.startsWith('helo') ? 'HELO name' : check.startsWith('name') ? 'name' : 'sender domain';
  const subject = check.startsWith('name') ? shown.address : 'you give';
  return {
    code: 450,
    enhanced: '4.4.3', // RFC 3463 3.5: a directory server failure
    text:
      subject === 'you give'
        ? `The ${what} that you give cannot be looked up now, try again later`
        : `The ${what} of ${subject} cannot be looked up now, try again later`,
  };
}

interface Refusal {
  /** Of the enhanced status, behind its class. */
  readonly detail: string;
  readonly text: (shown: ShownClient) => string;
}

const refusals: Readonly<Record<ClientCheck, Refusal>> = {
  helo_syntax: {
    detail: '7.1',
    text: ({ helo }) => `"${helo}" in HELO is neither a host name nor an address literal`,
  },
  helo_not_qualified: { detail: '7.1', text: ({ helo }) => `"${helo}" in HELO is no full host name` },
  helo_literal: {
    detail: '7.1',
    text: ({ helo, address }) => `"${helo}" in HELO is not your address, ${address}`,
  },
  helo_is_ours: { detail: '7.1', text: ({ helo }) => `"${helo}" in HELO is this server, and not you` },
  helo_unknown: { detail: '7.1', text: ({ helo }) => `"${helo}" in HELO does not exist in the DNS` },
  helo_unconfirmed: {
    detail: '7.1',
    text: ({ helo, address }) => `"${helo}" in HELO does not have your address, ${address}`,
  },
  name_missing: { detail: '7.25', text: ({ address }) => `${address} has no name in the reverse DNS` },
  name_unconfirmed: {
    detail: '7.25',
    text: ({ address }) => `The name of ${address} in the reverse DNS does not lead back to it`,
  },
  name_generic: {
    detail: '7.1',
    text: ({ address }) =>
      `The name of ${address} looks like that of any line of a provider: send by its mail server`,
  },
  sender_not_qualified: {
    detail: '1.8',
    text: ({ senderDomain }) => `The sender domain ${senderDomain} is not complete`,
  },
  sender_unknown: {
    detail: '1.8',
    text: ({ senderDomain }) =>
      `The sender domain ${senderDomain} takes no mail: it has neither MX nor address`,
  },
  sender_null_mx: {
    detail: '7.27',
    text: ({ senderDomain }) => `The sender domain ${senderDomain} takes no mail (null MX)`,
  },
};

/** RFC 5321 4.2: printable ASCII. */
function shownName(name: string): string {
  const plain = name.replaceAll(/[^\x20-\x7e]/gu, '?');
  return plain.length <= mostShown ? plain : `${plain.slice(0, mostShown - 3)}...`;
}
