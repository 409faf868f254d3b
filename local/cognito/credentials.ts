import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import { z } from 'zod';
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
}

/** A user that the caller asks for besides one a group. */
export interface SampleUser {
  readonly username: string;
  readonly groups: readonly string[];
}

const userSchema = z.object({
  sub: z.uuid(),
  username: z.string(),
  password: z.string().min(8),
  email: z.string(),
  groups: z.array(z.string()),
  userPoolId: z.string(),
});
const secretSchema = z.looseObject({ clientId: z.string(), clientSecret: z.string().optional() });

/** A password that fits every policy of Cognito: 24 characters of all four kinds. */
function newPassword(): string {
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
 * Users of all pools: one a group of the template, named like the group in lower case, and those asked for.
 * Passwords and subjects made on an earlier start are kept.
 */
export async function loadUsers(
  folder: string,
  pools: readonly Pool[],
  more: readonly SampleUser[],
): Promise<User[]> {
  const path = join(folder, 'users.json');
  const kept = z.array(userSchema).parse((await readJson(path)) ?? []);
  const users = pools.flatMap((pool) =>
    [...pool.groups.map((group) => ({ username: group.toLowerCase(), groups: [group] })), ...more].map(
      ({ username, groups }): User => {
        const before = kept.find((user) => user.userPoolId === pool.id && user.username === username);
        const undeclared = groups.find((group) => !pool.groups.includes(group));
        if (undeclared !== undefined)
          throw new Error(`user ${username}: no AWS::Cognito::UserPoolGroup ${undeclared}`);
        return {
          username,
          password: before?.password ?? newPassword(),
          groups,
          email: `${username}@example.org`,
          sub: before?.sub ?? randomUUID(),
          userPoolId: pool.id,
        };
      },
    ),
  );
  await writeSecretJson(path, users);
  return users;
}

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
  const kept = z.array(secretSchema).parse((await readJson(path)) ?? []);
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
  const kept = path === undefined ? undefined : await readJson(path);
  if (kept !== undefined) return keysSchema.parse(kept);
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  const kid = randomBytes(16).toString('base64url');
  const jwk = { ...(await exportJWK(privateKey)), kid, alg: 'RS256', use: 'sig' };
  const keys = { jwk, cookie: randomBytes(32).toString('base64url') };
  if (path !== undefined) await writeSecretJson(path, keys);
  return keys;
}
