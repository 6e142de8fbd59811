// What a client hears when its message is not taken because of its verification (RFC 7372, RFC 7208 8, RFC 9989 5.4).

import type { Reply } from '../protocol/smtp/server/server-types.ts';
import type { ClientFindings, Findings } from './findings.ts';
import type { PolicyKey } from './policy.ts';

/** The detail of the enhanced status, X.7.N, and the words. */
interface Refusal {
  readonly detail: number;
  readonly text: string;
}

/** @param findings - at a point before the content, those of the client alone */
export function refusalOf(
  action: 'reject' | 'tempfail',
  key: PolicyKey,
  findings: ClientFindings & Partial<Findings>,
): Reply {
  const { detail, text } = refusal(key, findings);
  return action === 'reject'
    ? { code: 550, enhanced: `5.7.${detail}`, text }
    : { code: 451, enhanced: `4.7.${detail}`, text: `${text}; try again later` };
}

function refusal(key: PolicyKey, findings: ClientFindings & Partial<Findings>): Refusal {
  const { client, spf, dmarc } = findings;
  const { domain } = spf.mailFrom;
  switch (key) {
    case 'iprevFail':
      return { detail: 25, text: `${client} has no name in the reverse DNS that leads back to it` };
    case 'iprevTemperror':
      return { detail: 25, text: `The name of ${client} cannot be looked up now` };
    case 'spfFail':
      return { detail: 23, text: `${client} may not send mail for ${domain} (SPF)${explained(findings)}` };
    case 'spfSoftfail':
      return { detail: 23, text: `${client} should not send mail for ${domain} (SPF)` };
    case 'spfNone':
      return { detail: 23, text: `${domain} does not say that ${client} may send mail for it (SPF)` };
    case 'spfPermerror':
      return { detail: 24, text: `The SPF record of ${domain} has an error: ${spf.mailFrom.reason}` };
    case 'spfTemperror':
      return { detail: 24, text: `The SPF record of ${domain} cannot be looked up now` };
    case 'dkimFail':
      return { detail: 20, text: 'No DKIM signature of the message is valid' };
    case 'dkimNone':
      return { detail: 20, text: 'The message has no DKIM signature' };
    case 'dkimTemperror':
      return { detail: 20, text: 'The keys of the DKIM signatures cannot be looked up now' };
    case 'dmarcFail':
      return { detail: 1, text: `The message is not authenticated for ${dmarc?.author} (DMARC)` };
    case 'dmarcNone':
      return { detail: 1, text: `${dmarc?.author} has no DMARC policy` };
    case 'dmarcPermerror':
      return { detail: 1, text: `The message does not say properly who wrote it: ${dmarc?.reason}` };
    case 'dmarcTemperror':
      return { detail: 1, text: `The DMARC policy of ${dmarc?.author} cannot be checked now` };
  }
}

/** RFC 7208 6.2: it has to be said that the words are those of somebody else. */
function explained({ spf }: ClientFindings): string {
  const { explanation, domain } = spf.mailFrom;
  return explanation === undefined ? '' : `; ${domain} explains: ${explanation}`;
}
