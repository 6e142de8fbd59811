// [verification] and [[verification_rule]]: whether mail of others is verified, and what becomes of it by the results.

import { z } from 'zod';

import { parseDomainPattern } from '../../values/domain.ts';
import { formatListenAddress, parseListenAddress } from '../../values/listen-address.ts';
import { duration, expected, key, listOf, oneOf, tableOf, textOf } from './fields.ts';
import { hostName } from './texts.ts';
import { verificationActions } from '../../values/verification-action.ts';

/** A fault of the DNS is none of the sender's: nothing is refused for good because of it. */
const actionsForErrors = ['accept', 'mark', 'quarantine', 'tempfail'] as const;

function action() {
  return oneOf(verificationActions);
}

function errorAction() {
  return oneOf(actionsForErrors);
}

/** Each key with its values and its text, so that [verification] has defaults, and a rule may leave keys out. */
const results = {
  mode: [
    oneOf(['off', 'test', 'on']),
    'off',
    'Mail of clients that have not logged in and may not relay is verified by SPF, DKIM, DMARC and the name of the client: "on". "test": the results are written to Authentication-Results and the log, with what would have become of the message, and nothing else happens.',
  ],
  spf_fail: [
    action(),
    'mark',
    'SPF says that the client may not send for the domain of MAIL FROM. "reject" and "tempfail" answer DATA, before the content. Forwarded mail often has this result: it is refused too, even if its DKIM signature is valid.',
  ],
  spf_softfail: [action(), 'mark', 'SPF says that the client probably may not send for the domain.'],
  spf_none: [action(), 'mark', 'The domain has no SPF record, or one that says nothing of this client.'],
  spf_permerror: [action(), 'mark', 'The SPF record is malformed, or asks for too much.'],
  spf_temperror: [errorAction(), 'mark', 'The SPF record cannot be looked up now.'],
  dkim_fail: [action(), 'mark', 'The message has DKIM signatures, and none of them is valid.'],
  dkim_none: [action(), 'mark', 'The message has no DKIM signature.'],
  dkim_temperror: [
    errorAction(),
    'mark',
    'No DKIM signature is valid, and the key of one cannot be looked up now.',
  ],
  dmarc_fail: [
    oneOf([...verificationActions, 'policy']),
    'mark',
    'DMARC: neither SPF nor DKIM stands for the domain in From, which has a policy. "policy" does what that policy asks for: reject, quarantine, or nothing but a mark.',
  ],
  dmarc_none: [action(), 'mark', 'The domain in From has no DMARC policy.'],
  dmarc_permerror: [
    action(),
    'mark',
    'From is missing, is there twice, or has something that is no address, so that nobody knows which author a reader will see.',
  ],
  dmarc_temperror: [
    errorAction(),
    'mark',
    'It cannot be told now whether DMARC fails: the policy, or what SPF or DKIM needs, cannot be looked up.',
  ],
  iprev_fail: [
    action(),
    'mark',
    'The client has no name in the reverse DNS, or none that leads back to its address.',
  ],
  iprev_temperror: [errorAction(), 'mark', 'The name of the client cannot be looked up now.'],
} as const;

type Results = typeof results;

/** The keys with their defaults. */
function withDefaults() {
  const shape = Object.fromEntries(
    Object.entries(results).map(([name, [schema, usual, text]]) => [
      name,
      key((schema as z.ZodEnum).default(usual), text),
    ]),
  );
  return shape as { [Name in keyof Results]: z.ZodDefault<Results[Name][0]> };
}

/** The same keys, each of which may be left out. */
function replacing() {
  const shape = Object.fromEntries(
    Object.entries(results).map(([name, [schema]]) => [
      name,
      key((schema as z.ZodEnum).optional(), `In place of ${name} in [verification].`, {
        defaultText: 'that of [verification]',
        example: name === 'mode' ? `"on"` : `"mark"`,
      }),
    ]),
  );
  return shape as { [Name in keyof Results]: z.ZodOptional<Results[Name][0]> };
}

export const verification = tableOf({
  ...withDefaults(),
  authserv_id: key(
    textOf('a name such as "example.com"', hostName).optional(),
    'The name under which results are written to Authentication-Results (RFC 8601 2.5). Fields with this name that come in are forged, and are removed. Give all servers of an organization the same.',
    { defaultText: 'hostname', example: '"example.com"' },
  ),
  arc_sealers: key(
    listOf(
      textOf('a domain such as "example.com" or "*.example.com"', parseDomainPattern),
      'domains such as ["example.com"]',
    ).prefault([]),
    'Forwarders and mailing lists that are trusted: when each seal of the ARC chain of a message (RFC 8617) is theirs and valid, and the last of them says that DMARC passed when the message came to it, dmarc_fail does not apply. Whoever is named here can pretend to be any author. Without any, ARC is not looked at.',
    { example: '["lists.example.org"]' },
  ),
  timeout: key(
    duration(1000, 120_000).prefault('20s'),
    'How long the look-ups for the client may take together, from MAIL on (RFC 7208 4.6.4), and those for the message, from the end of its header on and once more at its end. What is not known then is a temporary error.',
  ),
});

function listenName(text: string): string {
  return formatListenAddress(parseListenAddress(text));
}

const rule = tableOf({
  listen: key(
    listOf(textOf('a listener such as "192.0.2.1:25"', listenName), 'addresses of [[listen]]')
      .min(1, 'must name one listener at least')
      .optional(),
    'The listeners for which the rule is, by their address. Left out: all.',
    { example: '["192.0.2.1:25"]' },
  ),
  tenant: key(
    listOf(z.string({ error: expected('the name of a tenant') }), 'names of tenants')
      .min(1, 'must name one tenant at least')
      .optional(),
    'The tenants for whose mail the rule is. Left out: any mail.',
    { example: '["customers"]' },
  ),
  ...replacing(),
});

/** In the order of the file: a later one replaces what an earlier one has set. */
export const verificationRules = listOf(rule, 'tables: [[verification_rule]]');
