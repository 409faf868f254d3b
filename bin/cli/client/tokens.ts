/**
 * Access tokens of programs and of people who have signed in. They are kept until they expire, in files that only the
 * owner can read, so that most commands need not fetch one.
 */
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import type { Client, Granted } from './openid.ts';
import { cacheFolder, configFolder, readIfThere, removeOwn, writeOwn } from './own-files.ts';
import { type Target, UsageError } from './target.ts';

const keptToken = z.object({
  issuer: z.string(),
  clientId: z.string(),
  accessToken: z.string(),
  expiresAt: z.number(),
  refreshToken: z.string().optional(),
  username: z.string().optional(),
});
type KeptToken = z.infer<typeof keptToken>;

/** Somebody who has signed in. */
export type Login = KeptToken & { readonly refreshToken: string };

/** How long before its end a token is not used any more: what is sent takes time, and clocks differ. */
const MARGIN_MILLIS = 30_000;

/** A file for each issuer, client and secret: a changed secret does not find what the old one got. */
const fileOf = ({ issuer, clientId, clientSecret = '' }: Client): string =>
  `${createHash('sha256')
    .update(JSON.stringify([issuer, clientId, clientSecret]))
    .digest('hex')
    .slice(0, 32)}.json`;

const programFile = (client: Client): string => join(cacheFolder(), 'tokens', fileOf(client));
const loginFile = (client: Client): string => join(configFolder(), 'logins', fileOf(client));

/** @returns `undefined` when there is no file, or it is not what was written */
const readKept = (path: string): KeptToken | undefined => {
  const text = readIfThere(path);
  if (text === undefined) return undefined;
  try {
    return keptToken.parse(JSON.parse(text));
  } catch (error) {
    process.stderr.write(`labgate: ${path} is damaged, and not used: ${(error as Error).message}\n`);
    return undefined;
  }
};

const writeKept = (path: string, { issuer, clientId }: Client, granted: Granted): void =>
  writeOwn(path, `${JSON.stringify({ issuer, clientId, ...granted }, null, 2)}\n`);

/** Removes expired tokens: each start of a local gateway has new secrets, and so new files. */
const removeEnded = (folder: string): void => {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (name.endsWith('.json') && (readKept(path)?.expiresAt ?? 0) < Date.now()) removeOwn(path);
  }
};

const lasts = (kept: KeptToken | undefined): kept is KeptToken =>
  kept !== undefined && kept.expiresAt - MARGIN_MILLIS > Date.now();

/** The credentials of a program: those in the environment, else of a program of the target. */
const programOf = (target: Target, name: string | undefined): Client | undefined => {
  const { LABGATE_CLIENT_ID: clientId, LABGATE_CLIENT_SECRET: clientSecret } = process.env;
  const { issuer, programs } = target;
  if (issuer === undefined) return undefined;
  if (name === undefined && clientId !== undefined && clientSecret !== undefined)
    return { issuer, clientId, clientSecret };
  const known = programs.find((program) => name === undefined || program.name === name);
  return known === undefined
    ? undefined
    : { issuer, clientId: known.clientId, clientSecret: known.clientSecret };
};

/** @param fresh not the kept one, which was refused */
const programToken = async (client: Client, fresh: boolean): Promise<string> => {
  const path = programFile(client);
  const kept = fresh ? undefined : readKept(path);
  if (lasts(kept)) return kept.accessToken;
  const openid = await import('./openid.ts');
  const granted = await openid.programToken(client);
  try {
    writeKept(path, client, granted);
    removeEnded(dirname(path));
  } catch (error) {
    // The command works all the same.
    process.stderr.write(`labgate: the token is not kept: ${(error as Error).message}\n`);
  }
  return granted.accessToken;
};

/**
 * The client for people.
 * @throws {UsageError} when the target names none
 */
export const peopleClient = ({ issuer, peopleClientId }: Target): Client => {
  if (issuer === undefined || peopleClientId === undefined)
    throw new UsageError(
      'the target names no sign-in page: use the outputs file of the deployment as --target',
    );
  return { issuer, clientId: peopleClientId };
};

/** Who has signed in at a target, if anybody. */
export const readLogin = ({ issuer, peopleClientId }: Target): Login | undefined => {
  if (issuer === undefined || peopleClientId === undefined) return undefined;
  const kept = readKept(loginFile({ issuer, clientId: peopleClientId }));
  return kept?.refreshToken === undefined ? undefined : { ...kept, refreshToken: kept.refreshToken };
};

/** Keeps a sign-in for the commands that follow. */
export const keepLogin = (client: Client, granted: Granted): void =>
  writeKept(loginFile(client), client, granted);

export const forgetLogin = (client: Client): void => removeOwn(loginFile(client));

const loginToken = async (login: Login, fresh: boolean): Promise<string> => {
  if (!fresh && lasts(login)) return login.accessToken;
  const client: Client = { issuer: login.issuer, clientId: login.clientId };
  const openid = await import('./openid.ts');
  const granted = await openid.refresh(client, login.refreshToken);
  keepLogin(client, { ...login, ...granted });
  return granted.accessToken;
};

/**
 * The token for the calls of a command. The first of these that there is: of the program that is named,
 * `LABGATE_TOKEN`, of the program in the environment, of the person who has signed in, of the first program of the
 * target.
 * @param fresh not the kept one, which was refused
 * @throws {UsageError} when there is none
 */
export const accessToken = (target: Target, program?: string, fresh = false): Promise<string> => {
  const { LABGATE_TOKEN: given, LABGATE_CLIENT_ID: id, LABGATE_CLIENT_SECRET: secret } = process.env;
  if (program === undefined && given !== undefined) return Promise.resolve(given);
  const inEnvironment = id !== undefined && secret !== undefined;
  const login = program === undefined && !inEnvironment ? readLogin(target) : undefined;
  if (login !== undefined) return loginToken(login, fresh);
  const client = programOf(target, program);
  if (client !== undefined) return programToken(client, fresh);
  throw new UsageError(
    program === undefined
      ? 'no credentials: sign in with `labgate login`, or set LABGATE_TOKEN, or LABGATE_CLIENT_ID and LABGATE_CLIENT_SECRET'
      : `the target knows no program ${program}; it knows: ${target.programs.map(({ name }) => name).join(', ') || 'none'}`,
  );
};
