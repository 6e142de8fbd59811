// What a stage may hear of the lines of a session. Nothing waits for it.

/** @typeParam Facts - those of the session */
export interface ConversationNotices<Facts> {
  /** Told: the client has sent a command that nobody knows, and gets 500. @param line - without CRLF, one character for each byte */
  commandUnrecognized?(facts: Facts, line: string): void;
  /** Told: the client has sent this command line, without CRLF; what it sends to log in is hidden. */
  commandReceived?(facts: Facts, line: string): void;
  /** Told: these replies leave, each line with its CRLF. */
  repliesSent?(facts: Facts, bytes: Uint8Array): void;
  /** Told: the client has said nothing for too long, and the session ends. */
  timedOut?(facts: Facts): void;
}
