/** The people of one user pool, as they are now; each change is on disk before it counts. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import * as z from 'zod';
import { type SampleUser, saveUsers, type User } from './credentials.ts';
import { readJson, writeSecretJson } from './files.ts';
import type { PasswordPolicy, Pool } from './read.ts';

/** What of a user changes. */
type Change = Partial<Omit<User, 'sub' | 'username' | 'userPoolId' | 'createdAt' | 'modifiedAt'>>;

export interface Users {
  /** In the order in which they were made. */
  readonly all: readonly User[];
  readonly groups: readonly string[];
  bySub(sub: string | undefined): User | undefined;
  /** By user name, by e-mail address where the pool takes that for a name, or, where `orSub` says so, by `sub`. */
  named(name: string, orSub?: boolean): User | undefined;
  add(user: SampleUser & Pick<User, 'email' | 'password' | 'status'>): Promise<User>;
  change(sub: string, change: Change): Promise<User>;
  addGroup(name: string): Promise<void>;
}

/** The last change of each file: they are made one after another, as each writes the whole file. */
const CHANGES = new WeakMap<User[], Promise<unknown>>();

/**
 * @param everybody of all pools: shared, as they are in one file
 * @param folder for `users.json`
 * @param dataDir for groups that nobody is in; in memory alone when absent
 */
export async function openUsers(
  pool: Pool,
  everybody: User[],
  folder: string,
  dataDir: string | undefined,
): Promise<Users> {
  const path = dataDir === undefined ? undefined : join(dataDir, `${pool.id}.groups.json`);
  const own = (): readonly User[] => everybody.filter(({ userPoolId }) => userPoolId === pool.id);
  const kept = path === undefined ? undefined : await readJson(path, z.array(z.string()));
  const groups = new Set([...pool.groups, ...(kept ?? []), ...own().flatMap((user) => user.groups)]);
  const plain = (text: string): string => (pool.caseSensitive ? text : text.toLowerCase());
  const put = async (user: User): Promise<User> => {
    const at = everybody.findIndex(({ sub }) => sub === user.sub);
    const next = at < 0 ? [...everybody, user] : everybody.with(at, user);
    await saveUsers(folder, next);
    everybody.splice(0, everybody.length, ...next);
    return user;
  };
  const inTurn = <T>(task: () => Promise<T>): Promise<T> => {
    const done = (CHANGES.get(everybody) ?? Promise.resolve()).then(task);
    CHANGES.set(
      everybody,
      done.catch(() => undefined), // who asked for the change is told
    );
    return done;
  };
  return {
    get all() {
      return own();
    },
    get groups() {
      return [...groups];
    },
    bySub: (sub) => own().find((user) => user.sub === sub),
    named: (name, orSub = false) =>
      own().find(
        ({ username, email, sub }) =>
          plain(username) === plain(name) ||
          (pool.emailAlias && email.toLowerCase() === name.toLowerCase()) ||
          (orSub && sub === name),
      ),
    add: (user) =>
      inTurn(() => {
        const now = Date.now();
        const made = { sub: randomUUID(), userPoolId: pool.id, createdAt: now, modifiedAt: now };
        return put({ ...user, ...made, enabled: true, invitedAt: now });
      }),
    change: (sub, change) =>
      inTurn(async () => {
        const user = own().find((each) => each.sub === sub);
        if (user === undefined) throw new Error(`no user ${sub}`);
        return put({ ...user, ...change, modifiedAt: Date.now() });
      }),
    addGroup: (name) =>
      inTurn(async () => {
        if (path !== undefined) await writeSecretJson(path, [...groups, name]);
        groups.add(name);
      }),
  };
}

const KINDS = {
  lower: [/[a-z]/, 'a lower-case letter'],
  upper: [/[A-Z]/, 'an upper-case letter'],
  digit: [/\d/, 'a digit'],
  // The symbols that Cognito counts.
  symbol: [/[\^$*.[\]{}()?"!@#%&/\\,><':;|_~`=+-]/, 'a symbol'],
} as const;

/** What a password lacks, in words; `undefined` for one that fits the policy of the pool. */
export const passwordFault = (password: string, policy: PasswordPolicy): string | undefined => {
  if (password.length < policy.minLength) return `needs ${policy.minLength} characters`;
  if (/^\s|\s$/.test(password)) return 'may not begin or end with a space';
  const missing = policy.needs.find((kind) => !KINDS[kind][0].test(password));
  return missing === undefined ? undefined : `needs ${KINDS[missing][1]}`;
};

/** Whether a temporary password is too old to be used. */
export const isInvitationOver = ({ status, invitedAt }: User, { passwords }: Pool, now: number): boolean =>
  status === 'FORCE_CHANGE_PASSWORD' && now > (invitedAt ?? 0) + passwords.temporaryDays * 86_400_000;
