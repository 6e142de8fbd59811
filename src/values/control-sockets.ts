// The paths of the control sockets beside that of full rights, "control.sock": "control-read.sock" for those who may only ask, and "control-passwd.sock"
// for users who change their own password.

/** @param controlSocket - the path of the socket of full rights */
export function readSocketOf(controlSocket: string): string {
  return beside(controlSocket, 'read');
}

/** @param controlSocket - the path of the socket of full rights */
export function passwordSocketOf(controlSocket: string): string {
  return beside(controlSocket, 'passwd');
}

function beside(controlSocket: string, name: string): string {
  return controlSocket.endsWith('.sock')
    ? `${controlSocket.slice(0, -'.sock'.length)}-${name}.sock`
    : `${controlSocket}-${name}`;
}
