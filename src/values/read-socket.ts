// The path of the control socket for those who may only ask: beside the other one, "control-read.sock" for "control.sock".

/** @param controlSocket - the path of the socket of full rights */
export function readSocketOf(controlSocket: string): string {
  return controlSocket.endsWith('.sock')
    ? `${controlSocket.slice(0, -'.sock'.length)}-read.sock`
    : `${controlSocket}-read`;
}
