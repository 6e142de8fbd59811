// What a reply leads to, beyond the transactions themselves.

export type TransactionsStep =
  /** More replies will come. */
  | 'wait'
  /** Nothing is on the way any more. */
  | 'idle'
  /** QUIT was answered. */
  | 'goodbye'
  /** RSET was refused, and nothing is on the way behind it. */
  | 'rsetRefused'
  /** The server must not be told anything more: it refused in the middle of the content. */
  | 'refused'
  /** The server lost count. What is left on the way can be given to another session. */
  | 'lostCount'
  /** No such reply is allowed here. */
  | 'unexpected';
