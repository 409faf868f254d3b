/** Changes of what people may do. */
import type { PersonInput } from '../../../contracts/resources/people.ts';
import { username as validUsername } from '../../../contracts/resources/people.ts';
import { type Grant, groupOf, type Principal } from '../../../contracts/roles.ts';
import { grantChange, isFullAdmin, mayGive, mayTake, seenGrants } from '../../domain/people/access.ts';
import { ProblemError } from '../../runtime/http/problem.ts';
import { Taken, type UserPool } from '../../runtime/user-pool.ts';
import { findManaged, findPerson, grantsOf, isCaller, type Known } from './person.ts';

/** @throws {ProblemError} `forbidden` naming each grant that the caller may not give or take */
const requireGrants = (
  grants: readonly Grant[],
  may: (grant: Grant) => boolean,
  what: 'give' | 'take away',
): void => {
  const refused = grants.filter((grant) => !may(grant)).map(groupOf);
  if (refused.length > 0)
    throw new ProblemError('forbidden', { detail: `you may not ${what} ${refused.join(', ')}` });
};

/**
 * Does what takes an administrator of everything away, if another one stays.
 * @param undo puts back what was done
 * @throws {ProblemError} `last-administrator`
 */
const keepingAnAdmin = async (
  pool: UserPool,
  { user }: Known,
  act: () => Promise<void>,
  undo: () => Promise<unknown>,
): Promise<void> => {
  const anotherStays = async (): Promise<boolean> =>
    (await pool.members(groupOf({ role: 'Admin' }))).some(
      ({ username, state }) => username !== user.username && state === 'active',
    );
  if (!(await anotherStays())) throw new ProblemError('last-administrator');
  await act();
  // Cognito has no conditions: two who take each other away at once both found the other there before.
  if (await anotherStays()) return;
  await undo();
  throw new ProblemError('last-administrator');
};

const join = async (pool: UserPool, username: string, grants: readonly Grant[]): Promise<void> => {
  for (const grant of grants) await pool.join(username, groupOf(grant));
};

/** The user name: that which is asked for, else the beginning of the address. @throws {ProblemError} */
const nameOf = ({ username, email }: PersonInput): string => {
  if (username !== undefined) return username;
  const name = validUsername.safeParse(email.slice(0, email.lastIndexOf('@')).toLowerCase());
  if (name.success) return name.data;
  throw new ProblemError('invalid-request', {
    errors: [{ pointer: '/username', detail: 'is needed, as none can be made of the e-mail address' }],
  });
};

/** Invites a person. @throws {ProblemError} `forbidden`, `conflict` */
export const addPerson = async (pool: UserPool, principal: Principal, input: PersonInput): Promise<Known> => {
  const { email, grants } = input;
  const username = nameOf(input);
  requireGrants(grants, (grant) => mayGive(principal, grant), 'give');
  // First, so that nobody is invited whom no role can be given.
  for (const grant of grants) await pool.makeGroup(groupOf(grant));
  try {
    const user = await pool.create(username, email);
    await join(pool, user.username, grants);
    return { user, grants };
  } catch (error) {
    if (error instanceof Taken) throw new ProblemError('conflict', { detail: error.message, cause: error });
    throw error;
  }
};

/**
 * Gives a person the grants that the caller asks for, and takes away those that they see besides.
 * @returns the person, and what was changed
 * @throws {ProblemError} `not-found`, `forbidden`, `own-access`, `last-administrator`
 */
export const replaceGrants = async (
  pool: UserPool,
  principal: Principal,
  id: string,
  wanted: readonly Grant[],
) => {
  const known = await findPerson(pool, principal, id);
  const { user } = known;
  const { added, removed } = grantChange(seenGrants(principal, known.grants), wanted);
  requireGrants(added, (grant) => mayGive(principal, grant), 'give');
  requireGrants(removed, (grant) => mayTake(principal, grant), 'take away');
  if (isCaller(principal, user) && added.length + removed.length > 0) throw new ProblemError('own-access');
  const leave = async (): Promise<void> => {
    for (const grant of removed) await pool.leave(user.username, groupOf(grant));
  };
  if (removed.some(isFullAdmin))
    await keepingAnAdmin(pool, known, leave, () => join(pool, user.username, removed));
  else await leave();
  // Last: where something fails on the way, the person may do less than is meant, not more.
  for (const grant of added) await pool.makeGroup(groupOf(grant));
  await join(pool, user.username, added);
  return { known: { user, grants: await grantsOf(pool, user.username) }, added, removed };
};

/** Keeps a person from signing in. @throws {ProblemError} `not-found`, `forbidden`, `own-access`, `last-administrator` */
export const disablePerson = async (pool: UserPool, principal: Principal, id: string): Promise<Known> => {
  const known = await findManaged(pool, principal, id);
  const { username, state } = known.user;
  if (isCaller(principal, known.user)) throw new ProblemError('own-access');
  const disable = async (): Promise<void> => {
    await pool.disable(username);
    // So that old sign-ins do not come back when the person is enabled again.
    await pool.signOut(username);
  };
  if (state !== 'disabled' && known.grants.some(isFullAdmin))
    await keepingAnAdmin(pool, known, disable, () => pool.enable(username));
  else await disable();
  return known;
};
