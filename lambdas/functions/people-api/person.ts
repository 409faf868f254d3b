/** Finding people, and what a caller gets to see of them. */
import type { Person } from '../../../contracts/resources/people.ts';
import { type Grant, type Principal, parseGroup } from '../../../contracts/roles.ts';
import { managesPerson, seenGrants, seesPerson } from '../../domain/people/access.ts';
import { ProblemError } from '../../runtime/http/problem.ts';
import type { PoolUser, UserPool } from '../../runtime/user-pool.ts';

/** Somebody with all grants. */
export interface Known {
  readonly user: PoolUser;
  readonly grants: readonly Grant[];
}

/** The grants of a person. */
export const grantsOf = async (pool: UserPool, username: string): Promise<readonly Grant[]> =>
  (await pool.groupsOf(username)).flatMap((group) => parseGroup(group) ?? []);

/** The person, as a caller may see them. */
export const personFor = (principal: Principal, { user, grants }: Known): Person => {
  const { username: id, subject, email, state, createdAt, updatedAt } = user;
  const seen = seenGrants(principal, grants);
  return {
    id,
    subject,
    ...(email === undefined ? {} : { email }),
    state,
    grants: [...seen],
    createdAt,
    updatedAt,
  };
};

/** @throws {ProblemError} `not-found` where there is nobody whom the caller may see */
export const findPerson = async (pool: UserPool, principal: Principal, id: string): Promise<Known> => {
  const user = await pool.find(id);
  if (user === undefined) throw new ProblemError('not-found');
  const grants = await grantsOf(pool, user.username);
  if (!seesPerson(principal, grants)) throw new ProblemError('not-found');
  return { user, grants };
};

/** Somebody, for what counts at every site where they hold a role. @throws {ProblemError} `not-found`, `forbidden` */
export const findManaged = async (pool: UserPool, principal: Principal, id: string): Promise<Known> => {
  const known = await findPerson(pool, principal, id);
  if (managesPerson(principal, known.grants)) return known;
  throw new ProblemError('forbidden', {
    detail:
      'the person holds roles elsewhere, too: an Admin of every site can do this, or take those away here',
  });
};

/** Whether a person is who calls. */
export const isCaller = (principal: Principal, { subject }: PoolUser): boolean =>
  principal.kind === 'user' && principal.subject === subject;
