// Names of queues.

/** The name of the queue of [queue], whose store is the folder `spool`. */
export const defaultQueue = 'default';
