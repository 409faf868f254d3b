/** Lists of people. */
import * as z from 'zod';
import type { Person } from '../../../contracts/resources/people.ts';
import type { Principal } from '../../../contracts/roles.ts';
import { seesPerson } from '../../domain/people/access.ts';
import { readCursor } from '../../runtime/http/cursor.ts';
import { ProblemError } from '../../runtime/http/problem.ts';
import { runLimited } from '../../runtime/limit.ts';
import { type UserPool, WrongToken } from '../../runtime/user-pool.ts';
import { grantsOf, personFor } from './person.ts';

/** What the cursor is bound to. */
export const LIST = { people: 'all' } as const;

/** Pages of Cognito for one of ours, at most: it answers 120 questions a second, and there is one for each person. */
const PIECES = 2;
const AT_ONCE = 10;
const PAGE = 60;

/** One page, of those whom the caller may see. */
export const listPeople = async (
  pool: UserPool,
  principal: Principal,
  { limit = PAGE, cursor }: { readonly limit?: number | undefined; readonly cursor?: string | undefined },
): Promise<{ readonly items: readonly Person[]; readonly position: string | undefined }> => {
  let token = cursor === undefined ? undefined : readCursor(cursor, LIST, z.string());
  const items: Person[] = [];
  for (let piece = 0; piece < PIECES && items.length < limit; piece += 1) {
    const page = await pool.list(limit - items.length, token).catch((cause: unknown) => {
      throw cause instanceof WrongToken ? new ProblemError('invalid-cursor', { cause }) : cause;
    });
    const known = await runLimited(page.users, AT_ONCE, async (user) => ({
      user,
      grants: await grantsOf(pool, user.username),
    }));
    items.push(
      ...known
        .filter(({ grants }) => seesPerson(principal, grants))
        .map((each) => personFor(principal, each)),
    );
    token = page.token;
    if (token === undefined) break;
  }
  return { items, position: token };
};
