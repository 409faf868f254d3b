/** People, secrets of programs and signing keys of a user pool, kept in files. */
import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import * as z from 'zod';
import { readJson, writeSecretJson } from './files.ts';
import type { Pool } from './read.ts';

/** A person who may log in. */
export interface User {
  /** UUID, the `sub` of the tokens. */
  readonly sub: string;
  readonly username: string;
  readonly password: string;
  readonly email: string;
  readonly groups: readonly string[];
  readonly userPoolId: string;
  /** Nobody who is disabled signs in, or gets tokens. */
  readonly enabled: boolean;
  /** As Cognito names it: whether the password is a temporary one. */
  readonly status: 'CONFIRMED' | 'FORCE_CHANGE_PASSWORD';
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly modifiedAt: number;
  /** When a temporary password was given, in milliseconds since the epoch. */
  readonly invitedAt?: number | undefined;
  /** Tokens of before are worth nothing, in seconds since the epoch: signed out everywhere. */
  readonly signedOutAt?: number | undefined;
}

/** A user that the caller asks for besides one a group. */
export interface SampleUser {
  readonly username: string;
  readonly groups: readonly string[];
}

/** Of a user that somebody has added to the file by hand, name, password, and groups are enough. */
const userSchema = z.object({
  sub: z.uuid().default(() => randomUUID()),
  username: z.string().min(1),
  password: z.string().min(8),
  email: z.string().optional(),
  groups: z.array(z.string()).default([]),
  userPoolId: z.string().optional(),
  enabled: z.boolean().default(true),
  status: z.enum(['CONFIRMED', 'FORCE_CHANGE_PASSWORD']).default('CONFIRMED'),
  createdAt: z.number().default(() => Date.now()),
  modifiedAt: z.number().default(() => Date.now()),
  invitedAt: z.number().optional(),
  signedOutAt: z.number().optional(),
});
const secretSchema = z.looseObject({ clientId: z.string(), clientSecret: z.string().optional() });

/** A password that fits every policy of Cognito: 24 characters of all four kinds. */
export function newPassword(): string {
  const kinds = ['abcdefghijkmnopqrstuvwxyz', 'ABCDEFGHJKLMNPQRSTUVWXYZ', '23456789', '-_.!'];
  const all = kinds.join('');
  const pick = (from: string): string => from[randomInt(from.length)] ?? '';
  const characters = [...kinds.map(pick), ...Array.from({ length: 20 }, () => pick(all))];
  for (let i = characters.length - 1; i > 0; i--) {
    const j = randomInt(i + 1);
    [characters[i], characters[j]] = [characters[j] ?? '', characters[i] ?? ''];
  }
  return characters.join('');
}

/**
 * Users of all pools: one a group of the template, named like the group in lower case, those asked for, and
 * those that `users.json` has already, be they of an earlier start or added by hand. What the file says about
 * a user stays.
 * @throws {Error} when the file is not what it should be
 */
export async function loadUsers(
  folder: string,
  pools: readonly Pool[],
  more: readonly SampleUser[],
): Promise<User[]> {
  const path = join(folder, 'users.json');
  const file = (await readJson(path, z.array(userSchema))) ?? [];
  const [firstPool] = pools;
  const users = file.map((user): User => {
    const userPoolId = user.userPoolId ?? firstPool?.id ?? '';
    return { ...user, email: user.email ?? emailOf(user.username), userPoolId };
  });
  for (const { id, groups } of pools) {
    const samples = [...groups.map((group) => ({ username: group.toLowerCase(), groups: [group] })), ...more];
    for (const { username, groups } of samples) {
      if (users.some((user) => user.userPoolId === id && user.username === username)) continue;
      const email = emailOf(username);
      const made = {
        password: newPassword(),
        sub: randomUUID(),
        createdAt: Date.now(),
        modifiedAt: Date.now(),
      };
      users.push({ ...made, username, groups, email, userPoolId: id, enabled: true, status: 'CONFIRMED' });
    }
  }
  await saveUsers(folder, users);
  return users;
}

/** Writes `users.json`. */
export const saveUsers = (folder: string, users: readonly User[]): Promise<void> =>
  writeSecretJson(join(folder, 'users.json'), users);

const emailOf = (username: string): string => `${username}@example.org`;

/**
 * Secrets of the clients that have one, by client id; those made on an earlier start are kept.
 * @param oauthUrl address below which the OAuth endpoints of a pool are
 */
export async function loadClientSecrets(
  folder: string,
  pools: readonly Pool[],
  oauthUrl: (pool: Pool) => string,
): Promise<Map<string, string>> {
  const path = join(folder, 'clients.json');
  const kept = (await readJson(path, z.array(secretSchema))) ?? [];
  const secrets = new Map<string, string>();
  const entries = pools.flatMap((pool) =>
    pool.clients.map((client) => {
      const before = kept.find(({ clientId }) => clientId === client.id)?.clientSecret;
      const clientSecret = client.hasSecret ? (before ?? randomBytes(32).toString('base64url')) : undefined;
      if (clientSecret !== undefined) secrets.set(client.id, clientSecret);
      return {
        name: client.name,
        clientId: client.id,
        clientSecret,
        flows: client.flows,
        scopes: client.scopes,
        callbackUrls: client.callbackUrls,
        tokenEndpoint: `${oauthUrl(pool)}/oauth2/token`,
        authorizationEndpoint: `${oauthUrl(pool)}/oauth2/authorize`,
        userPoolId: pool.id,
      };
    }),
  );
  await writeSecretJson(path, entries);
  return secrets;
}

/** What a pool signs tokens and cookies with. */
export interface PoolKeys {
  readonly jwk: JWK;
  readonly cookie: string;
}

const keysSchema = z.object({
  jwk: z.looseObject({ kty: z.literal('RSA'), d: z.string() }),
  cookie: z.string(),
});

/** The RS256 key of a pool: from its data folder, else a new one. */
export async function loadKeys(folder: string | undefined, poolId: string): Promise<PoolKeys> {
  const path = folder === undefined ? undefined : join(folder, `${poolId}.keys.json`);
  const kept = path === undefined ? undefined : await readJson(path, keysSchema);
  if (kept !== undefined) return kept;
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  const kid = randomBytes(16).toString('base64url');
  const jwk = { ...(await exportJWK(privateKey)), kid, alg: 'RS256', use: 'sig' };
  const keys = { jwk, cookie: randomBytes(32).toString('base64url') };
  if (path !== undefined) await writeSecretJson(path, keys);
  return keys;
}
