// One [[credential]] as the rest of Sluice sees it: where its secret is, and which mechanisms it has. Never the secret itself.

import { resolve } from 'node:path';

import type { z } from 'zod';

import type { CamelKeys } from './camel-case.ts';
import type { DeepReadonly } from './deep-readonly.ts';
import type { credentials } from './schema/credential.ts';

type FileCredential = DeepReadonly<CamelKeys<z.output<typeof credentials>>>[number];

export interface CredentialConfig {
  readonly name: string;
  readonly user: string;
  readonly secret: SecretPlace;
  /** In the order in which they are tried. */
  readonly mechanisms: NonNullable<FileCredential['mechanisms']>;
  /** Empty: any sender. */
  readonly sender: NonNullable<FileCredential['sender']>;
  readonly withoutTls: boolean;
}

/** Where a password or a token is. Paths are absolute. */
export type SecretPlace =
  | { readonly kind: 'file'; readonly holds: 'password' | 'token'; readonly path: string }
  | { readonly kind: 'environment'; readonly holds: 'password'; readonly variable: string }
  /** The senders run it. */
  | {
      readonly kind: 'command';
      readonly holds: 'token';
      readonly command: readonly string[];
      readonly useMs: number;
    };

const usualTokenMs = 5 * 60_000;

/** @param folder - where a relative path starts */
export function toCredentialConfig(given: FileCredential, folder: string): CredentialConfig {
  const { mechanisms, name, sender = [], user, withoutTls } = given;
  const secret = placeOf(given, folder);
  return { name, user, secret, mechanisms: mechanisms ?? usual[secret.holds], sender, withoutTls };
}

const usual: Readonly<Record<SecretPlace['holds'], CredentialConfig['mechanisms']>> = {
  password: ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256', 'PLAIN', 'LOGIN'],
  token: ['OAUTHBEARER', 'XOAUTH2'],
};

/** The schema has seen to it that there is exactly one. */
function placeOf(given: FileCredential, folder: string): SecretPlace {
  const { passwordEnv, passwordFile, tokenCommand, tokenFile, tokenTime: useMs = usualTokenMs } = given;
  if (tokenCommand !== undefined) return { kind: 'command', holds: 'token', command: tokenCommand, useMs };
  if (passwordEnv !== undefined) return { kind: 'environment', holds: 'password', variable: passwordEnv };
  const holds = passwordFile === undefined ? 'token' : 'password';
  return { kind: 'file', holds, path: resolve(folder, passwordFile ?? tokenFile ?? '') };
}
