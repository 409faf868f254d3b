/** Where a user pool keeps sessions, codes and refresh tokens. */
import { join } from 'node:path';
import type { Adapter, AdapterPayload } from 'oidc-provider';
import * as z from 'zod';
import { readJson, writeSecretJson } from './files.ts';

interface Entry {
  readonly payload: AdapterPayload;
  /** Milliseconds since the epoch; `undefined` for ever. */
  readonly expires?: number | undefined;
}

const entriesSchema = z.array(
  z.tuple([z.string(), z.object({ payload: z.looseObject({}), expires: z.number().optional() })]),
);

const SWEEP_EVERY = 1_000;

/** What outlives a restart: who is logged in and which refresh tokens are good. */
const DURABLE = new Set(['RefreshToken', 'Grant', 'Session']);

/** Sessions, codes, grants and refresh tokens of one pool. */
export interface Store {
  adapter(model: string): Adapter;
  /** Takes away every refresh token, and every code for one, of a user. */
  signOut(sub: string): void;
  /** Writes what outlives a restart. */
  save(): Promise<void>;
}

/**
 * Opens the store of a pool.
 * @param folder data folder; in memory alone when absent
 */
export async function openStore(folder: string | undefined, poolId: string): Promise<Store> {
  const path = folder === undefined ? undefined : join(folder, `${poolId}.sessions.json`);
  const kept = path === undefined ? undefined : await readJson(path, entriesSchema);
  const entries = new Map<string, Entry>(kept);
  let writes = 0;

  const live = (key: string): AdapterPayload | undefined => {
    const entry = entries.get(key);
    if (entry?.expires !== undefined && entry.expires <= Date.now()) {
      entries.delete(key);
      return undefined;
    }
    return entry?.payload;
  };
  const sweep = (): void => {
    for (const key of entries.keys()) live(key);
  };

  const adapter = (model: string): Adapter => {
    const keyOf = (id: string): string => `${model}:${id}`;
    const search = (fits: (payload: AdapterPayload) => boolean): AdapterPayload | undefined => {
      for (const key of entries.keys()) {
        const payload = key.startsWith(`${model}:`) ? live(key) : undefined;
        if (payload && fits(payload)) return payload;
      }
      return undefined;
    };
    return {
      upsert: async (id, payload, expiresIn) => {
        if (++writes % SWEEP_EVERY === 0) sweep();
        const expires = expiresIn === undefined ? undefined : Date.now() + expiresIn * 1000;
        entries.set(keyOf(id), { payload, expires });
      },
      find: async (id) => live(keyOf(id)),
      findByUserCode: async (userCode) => search((payload) => payload.userCode === userCode),
      findByUid: async (uid) => search((payload) => payload.uid === uid),
      consume: async (id) => {
        const entry = entries.get(keyOf(id));
        if (!entry) return;
        const consumed = Math.floor(Date.now() / 1000);
        entries.set(keyOf(id), { ...entry, payload: { ...entry.payload, consumed } });
      },
      destroy: async (id) => {
        entries.delete(keyOf(id));
      },
      revokeByGrantId: async (grantId) => {
        for (const [key, { payload }] of entries) if (payload.grantId === grantId) entries.delete(key);
      },
    };
  };

  const save = async (): Promise<void> => {
    if (path === undefined) return;
    sweep();
    await writeSecretJson(
      path,
      [...entries].filter(([key]) => DURABLE.has(key.split(':', 1)[0] ?? '')),
    );
  };
  const signOut = (sub: string): void => {
    for (const [key, { payload }] of entries)
      if (payload.accountId === sub && /^(RefreshToken|AuthorizationCode):/.test(key)) entries.delete(key);
  };
  return { adapter, signOut, save };
}
