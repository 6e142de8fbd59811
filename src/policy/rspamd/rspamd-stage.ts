// rspamd as a stage, by HTTP: it gets each message as it will leave, with what is known of its client, and says what becomes of it. Promises: an
// rspamd that is gone, hangs or answers what nobody understands is a failure of the stage; no mail is refused for good by that, nor goes on marked as clean.

import { parseRspamdAnswer, type RspamdAnswer } from '../../protocol/rspamd/answer.ts';
import { rspamdHeaders, type RspamdSettings } from '../../protocol/rspamd/request-headers.ts';
import type { ClientNames } from '../client-names.ts';
import type { LeavingMessage } from '../leaving-message.ts';
import type { MarkedMail } from '../marks.ts';
import { clientNameOf } from '../client-name.ts';
import { type AskInTurn, ScannerStage, type ScannerStageParts } from '../scanner-stage.ts';
import { clientAddress } from '../session-texts.ts';
import type { ContentFacts, NewBody, Verdict } from '../stage.ts';
import type { Posted, RspamdPost } from './post.ts';
import { rspamdVerdict } from './rspamd-verdict.ts';

export interface RspamdStageParts extends ScannerStageParts {
  readonly post: Pick<RspamdPost, 'send'>;
  readonly settings: Omit<RspamdSettings, 'password'>;
  /** Undefined: none is needed. It may be in a file that has changed. */
  readonly password: () => Promise<string | undefined>;
  /** Undefined: names of clients are not looked up. */
  readonly names: Pick<ClientNames, 'of'> | undefined;
  readonly onSpam: MarkedMail;
  readonly onReject: MarkedMail;
}

const tooLarge = {
  reason: 'it is larger than what rspamd looks at',
  told: 'This message is too large for the check for spam',
};

export class RspamdStage extends ScannerStage {
  readonly #parts: RspamdStageParts;

  constructor(parts: RspamdStageParts) {
    super(parts, tooLarge);
    this.#parts = parts;
  }

  protected async scan(facts: ContentFacts, message: LeavingMessage, ask: AskInTurn): Promise<Verdict> {
    const { verified } = await clientNameOf(facts, this.#parts.names);
    const posted = await ask((signal) => this.#post(facts, message, verified, signal));
    if (posted.kind === 'too-large') return this.tooLarge;
    try {
      const verdict = this.#verdict(parseRspamdAnswer(posted.text), facts);
      return posted.body === undefined ? verdict : withBody(verdict, posted.body);
    } catch (error) {
      posted.body?.discard();
      throw error;
    }
  }

  async #post(
    facts: ContentFacts,
    message: LeavingMessage,
    hostname: string | undefined,
    signal: AbortSignal,
  ): Promise<Posted> {
    const { post, settings, password } = this.#parts;
    const { transaction, principal, tls, helo } = facts;
    const { queueId, reversePath, tenant } = transaction;
    // A copy for an archive is none of the recipients that the mail is for.
    const recipients = transaction.recipients.flatMap(({ address, isCopy }) =>
      isCopy === true ? [] : [address],
    );
    const envelope = {
      ip: clientAddress(facts),
      helo,
      hostname,
      queueId,
      reversePath,
      recipients,
      user: principal,
      tls: tls === undefined ? undefined : { version: tls.version, cipher: tls.cipher },
      tenant,
    };
    const headers = rspamdHeaders(envelope, { ...settings, password: await password() });
    return post.send(headers, message, () => facts.newBody(), signal);
  }

  #verdict(answer: RspamdAnswer, facts: ContentFacts): Verdict {
    const { name, onSpam, onReject } = this.#parts;
    return rspamdVerdict(answer, facts, { name, onSpam, onReject });
  }
}

/** A body that rspamd has rewritten takes the place of the old one, where the message goes on. */
function withBody(verdict: Verdict, body: NewBody): Verdict {
  if (verdict.kind !== 'continue' && verdict.kind !== 'quarantine') {
    body.discard();
    return verdict;
  }
  return { ...verdict, edits: [...(verdict.edits ?? []), { kind: 'replace-body', body }] };
}
