// Carries out what the plugins of one command of a client have said. Promises: nothing is sent or changed here; it all becomes the verdict on
// the command, or is kept in the session for later commands.

import { fieldEditFault } from '../../message/editable-header.ts';
import type { Reply } from '../../protocol/smtp/server/server-types.ts';
import { type Edit, goOn, type SessionFacts, type Verdict } from '../stage.ts';
import type { SppSection } from './control-file.ts';
import type { SppCommand } from './plugin-output.ts';
import type { SppSession } from './spp-session.ts';

/** Of a refusal. */
const mostLines = 100;

/** A run of the plugins of one command. */
export interface Run {
  readonly session: SppSession;
  readonly facts: SessionFacts;
  readonly section: SppSection;
  /** Variables about the command. */
  readonly own: Record<string, string>;
  readonly edits: Edit[];
  /** Lines for the reply. */
  readonly printed: string[];
}

/** Fields that were said before the message go into it now. */
export function endOf({ session, section, edits }: Run): readonly Edit[] {
  if (section === 'mail' || section === 'rcpt' || section === 'data') {
    for (const { name, value } of session.takeFields()) {
      // Right below our own Received field, in their order.
      edits.push({ kind: 'insert-field', at: ++session.fieldCount, name, value });
    }
  }
  return edits;
}

/** @returns `next` when no other plugin is to be run for this command; undefined to go on */
export function carryOut(command: SppCommand, run: Run): Verdict | 'next' | undefined {
  const { session, section, edits, own } = run;
  switch (command.kind) {
    case 'plugins-off':
      session.isOff = true;
      return 'next';
    case 'next':
      return 'next';
    case 'accept': {
      if (section !== 'mail' && section !== 'rcpt') return 'next';
      return { kind: 'accept', edits: endOf(run) };
    }
    case 'refuse':
      return refusal(withLines(run.printed, command.reply));
    case 'disconnect':
      return { kind: 'disconnect', reply: withLines(run.printed, command.reply) };
    case 'drop':
      return { kind: 'drop' };
    case 'refuse-later':
      session.refuseLater(command.at, command.reply);
      session.checkSize();
      return undefined;
    case 'variable':
      setVariable(command.name, command.value, run);
      session.checkSize();
      return undefined;
    case 'header': {
      const { name, value } = command;
      // It may be for a message that comes much later.
      const fault = fieldEditFault({ kind: 'insert-field', at: 0, name, value });
      if (fault !== undefined) throw new Error(fault);
      session.fields.push({ name, value });
      session.checkSize();
      return undefined;
    }
    case 'address':
      if (section === 'mail') edits.push({ kind: 'change-sender', address: command.address });
      if (section === 'rcpt') edits.push({ kind: 'change-recipient', address: command.address });
      if (section === 'mail') own['SMTPMAILFROM'] = command.address;
      if (section === 'rcpt') session.lastRecipient = own['SMTPRCPTTO'] = command.address;
      return undefined;
    case 'print':
      run.printed.push(command.text);
      edits.push({ kind: 'reply-line', text: command.text });
      return undefined;
  }
}

/** A variable is for later plugins; RELAYCLIENT is for the server, too. */
function setVariable(name: string, value: string | undefined, { session, section, facts, edits }: Run): void {
  const variables = (session.variables ??= {});
  if (value === undefined) delete variables[name];
  else variables[name] = value;
  if (name !== 'RELAYCLIENT') return;
  session.isRelayTaken = value === undefined;
  session.suffix = value ?? '';
  if (value === undefined || section === 'data' || facts.client.mayRelay) return;
  const { rule } = facts.client;
  const usual = { who: '', maxMessageBytes: undefined, variables: {} };
  edits.push({ kind: 'set-client-rule', rule: { ...usual, ...rule, relay: '' } });
}

export function goOnWith(edits: readonly Edit[]): Verdict {
  return edits.length === 0 ? goOn : { kind: 'continue', edits };
}

/** What was printed before a refusal are lines of the same reply. */
function withLines(printed: readonly string[], reply: Reply): Reply {
  if (printed.length > mostLines) throw new Error(`it printed more than ${mostLines} lines for one reply`);
  return printed.length === 0 ? reply : { ...reply, text: [...printed, ...[reply.text].flat()] };
}

export function refusal(reply: Reply): Verdict {
  return { kind: reply.code >= 500 ? 'reject' : 'tempfail', reply };
}
