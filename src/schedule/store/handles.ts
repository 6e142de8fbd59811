// Handles by which callers name what the scheduler keeps.

/** Index of a connection; reused after it closed. */
export type ConnectionHandle = number & { readonly __brand: 'ConnectionHandle' };

/** Index of a message in the scheduler; reused after the message is done. */
export type MessageHandle = number & { readonly __brand: 'MessageHandle' };
