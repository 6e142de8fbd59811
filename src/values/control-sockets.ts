// The paths of the control sockets beside that of full rights, "control.sock": "control-read.sock" for those who may only ask, and "control-passwd.sock"
// for users who change their own password; "control-queue-NAME.sock" and "control-queue-NAME.read.sock" for operators of one queue.

/** @param controlSocket - the path of the socket of full rights */
export function readSocketOf(controlSocket: string): string {
  return beside(controlSocket, 'read');
}

/** @param controlSocket - the path of the socket of full rights */
export function passwordSocketOf(controlSocket: string): string {
  return beside(controlSocket, 'passwd');
}

/** No name of a queue has a dot. @param controlSocket - the path of the socket of full rights */
export function queueSocketOf(controlSocket: string, queue: string, rights: 'read' | 'change'): string {
  return beside(controlSocket, `queue-${queue}${rights === 'read' ? '.read' : ''}`);
}

function beside(controlSocket: string, name: string): string {
  return controlSocket.endsWith('.sock')
    ? `${controlSocket.slice(0, -'.sock'.length)}-${name}.sock`
    : `${controlSocket}-${name}`;
}
