// What the configuration says about the handshakes of one [[tls]] table: texts, so that a connection opens no file.

export interface HandshakeSettings {
  /** Certificates of the trusted authorities in PEM; empty: those of the system. */
  readonly authorities: string;
  /** In OpenSSL's format; empty: chosen for the level. */
  readonly ciphers: string;
  /** File of the certificate that is shown to servers which ask for one; not given: none is shown. */
  readonly identity?: string | undefined;
  /** The oldest version that is used; empty: chosen for the level. */
  readonly minVersion: '' | 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';
}

/** By the name that policies give them (`HopTlsPolicy.settings`); the defaults have none. */
export type HandshakeSettingsByName = ReadonlyMap<string, HandshakeSettings>;

export const defaultHandshake: HandshakeSettings = { authorities: '', ciphers: '', minVersion: '' };
