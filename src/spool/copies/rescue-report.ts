// What a rescue tells: what was rescued, what could not be, and where the damage is.

/** A message that a finding is about, as far as it is known. */
export interface ConcernedMessage {
  readonly queueId: string;
  /** Null: it cannot be read. */
  readonly reversePath: string | null;
  readonly recipients: readonly string[];
}

export type RescueFinding =
  /** Bytes of a file that are not as they were written. */
  | {
      readonly kind: 'range';
      readonly file: string;
      readonly from: number;
      readonly to: number;
      readonly messages: readonly ConcernedMessage[];
    }
  /** A file or folder that is missing or damaged as a whole. */
  | { readonly kind: 'file'; readonly file: string; readonly why: string }
  /** A message that is not whole; `written` names the file with what can be read of it. */
  | {
      readonly kind: 'message';
      readonly message: ConcernedMessage;
      readonly why: string;
      readonly written: string | undefined;
    };

/** The finding as a line for people. */
export function findingText(finding: RescueFinding): string {
  switch (finding.kind) {
    case 'range': {
      const { file, from, to, messages } = finding;
      const whose =
        messages.length === 0 ? 'nothing tells what was there' : messages.map(messageText).join('; ');
      return `${file}: bytes ${from} to ${to - 1} are damaged: ${whose}`;
    }
    case 'file':
      return `${finding.file}: ${finding.why}`;
    case 'message': {
      const { message, why, written } = finding;
      return `${messageText(message)}: ${why}${written === undefined ? '' : `; what can be read is in ${written}`}`;
    }
  }
}

/** Recipients that a line names. */
const maxNamed = 10;

function messageText({ queueId, reversePath, recipients }: ConcernedMessage): string {
  if (reversePath === null) return `message ${queueId}`;
  const more = recipients.length > maxNamed ? ` and ${recipients.length - maxNamed} more` : '';
  const to = recipients.slice(0, maxNamed).map((address) => `<${address}>`);
  return `message ${queueId} from <${reversePath}> to ${to.join(', ')}${more}`;
}
