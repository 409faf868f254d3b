/** People of a Cognito user pool, and their groups. */
import * as z from 'zod';
import type { PersonState } from '../../contracts/resources/people.ts';
import { CallRefused, callService } from './calls.ts';

const attributes = z.array(z.looseObject({ Name: z.string(), Value: z.string().optional() })).default([]);
const account = z.looseObject({
  Username: z.string(),
  Enabled: z.boolean(),
  UserStatus: z.string(),
  UserCreateDate: z.number(),
  UserLastModifiedDate: z.number(),
});
const listed = account.extend({ Attributes: attributes });
const single = account.extend({ UserAttributes: attributes });
const userList = z.looseObject({
  Users: z.array(listed),
  PaginationToken: z.string().optional(),
  NextToken: z.string().optional(),
});
const groupList = z.looseObject({
  Groups: z.array(z.looseObject({ GroupName: z.string() })),
  NextToken: z.string().optional(),
});

/** A person, as the pool knows them. */
export interface PoolUser {
  readonly username: string;
  readonly subject: string;
  readonly email: string | undefined;
  readonly state: PersonState;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** Status of an account that may sign in, in our words. */
const STATES: Readonly<Record<string, PersonState>> = {
  CONFIRMED: 'active',
  EXTERNAL_PROVIDER: 'active',
  FORCE_CHANGE_PASSWORD: 'invited',
  RESET_REQUIRED: 'reset-required',
};

const iso = (seconds: number): string => new Date(seconds * 1000).toISOString();

const userOf = (found: z.infer<typeof account>, list: z.infer<typeof attributes>): PoolUser => {
  const attribute = (name: string): string | undefined => list.find(({ Name }) => Name === name)?.Value;
  return {
    username: found.Username,
    subject: attribute('sub') ?? found.Username,
    email: attribute('email'),
    state: found.Enabled ? (STATES[found.UserStatus] ?? 'not-confirmed') : 'disabled',
    createdAt: iso(found.UserCreateDate),
    updatedAt: iso(found.UserLastModifiedDate),
  };
};

const isNamed = (error: unknown, ...names: readonly string[]): boolean =>
  error instanceof CallRefused && names.includes(error.name);

/** Somebody has the name, or the address, already. */
export class Taken extends Error {
  override readonly name = 'Taken';
}

/** A page token that Cognito does not take. */
export class WrongToken extends Error {
  override readonly name = 'WrongToken';
}

/** The most that Cognito lists at once. */
const PAGE = 60;

/** The calls that a user pool is asked by. */
export const userPool = (id: string) => {
  const call = (operation: string, input: object): Promise<unknown> =>
    callService('cognito-idp', operation, { UserPoolId: id, ...input });
  /** Follows a list to its end. */
  const all = async <T>(
    read: (next: object) => Promise<{ readonly items: readonly T[]; readonly next: string | undefined }>,
  ): Promise<T[]> => {
    const items: T[] = [];
    for (let next: object | undefined = {}; next !== undefined; ) {
      const page: Awaited<ReturnType<typeof read>> = await read(next);
      items.push(...page.items);
      next = page.next === undefined ? undefined : { NextToken: page.next };
    }
    return items;
  };
  return {
    /** @throws {WrongToken} */
    list: async (limit: number, token?: string) => {
      const from = token === undefined ? {} : { PaginationToken: token };
      try {
        const { Users, PaginationToken } = userList.parse(await call('ListUsers', { Limit: limit, ...from }));
        return { users: Users.map((user) => userOf(user, user.Attributes)), token: PaginationToken };
      } catch (cause) {
        if (token !== undefined && isNamed(cause, 'InvalidParameterException'))
          throw new WrongToken('Cognito does not take the token', { cause });
        throw cause;
      }
    },

    /** Somebody by user name, `sub` or e-mail address. */
    find: async (name: string): Promise<PoolUser | undefined> => {
      try {
        const found = single.parse(await call('AdminGetUser', { Username: name }));
        return userOf(found, found.UserAttributes);
      } catch (error) {
        // A name of characters that none may have is nobody's.
        if (isNamed(error, 'UserNotFoundException', 'InvalidParameterException')) return undefined;
        throw error;
      }
    },

    groupsOf: (username: string): Promise<string[]> =>
      all(async (next) => {
        const input = { Username: username, Limit: PAGE, ...next };
        const page = groupList.parse(await call('AdminListGroupsForUser', input));
        return { items: page.Groups.map(({ GroupName }) => GroupName), next: page.NextToken };
      }),

    /** Everybody of a group; nobody where it is not there. */
    members: async (group: string): Promise<PoolUser[]> => {
      try {
        return await all(async (next) => {
          const input = { GroupName: group, Limit: PAGE, ...next };
          const page = userList.parse(await call('ListUsersInGroup', input));
          return { items: page.Users.map((user) => userOf(user, user.Attributes)), next: page.NextToken };
        });
      } catch (error) {
        if (isNamed(error, 'ResourceNotFoundException')) return [];
        throw error;
      }
    },

    /**
     * Makes an account, and has the temporary password mailed. The address counts as verified: whoever invites vouches
     * for it, and nobody else gets the password.
     * @throws {Taken}
     */
    create: async (username: string, email: string): Promise<PoolUser> => {
      const UserAttributes = [
        { Name: 'email', Value: email },
        { Name: 'email_verified', Value: 'true' },
      ];
      const input = { Username: username, UserAttributes, DesiredDeliveryMediums: ['EMAIL'] };
      try {
        const { User } = z.looseObject({ User: listed }).parse(await call('AdminCreateUser', input));
        return userOf(User, User.Attributes);
      } catch (cause) {
        if (isNamed(cause, 'UsernameExistsException'))
          throw new Taken('the user name is taken: choose another', { cause });
        if (isNamed(cause, 'AliasExistsException'))
          throw new Taken('somebody has the e-mail address already', { cause });
        throw cause;
      }
    },

    /** Mails another temporary password. @returns false for whoever has signed in already */
    inviteAgain: async (username: string): Promise<boolean> => {
      try {
        await call('AdminCreateUser', {
          Username: username,
          MessageAction: 'RESEND',
          DesiredDeliveryMediums: ['EMAIL'],
        });
        return true;
      } catch (error) {
        if (isNamed(error, 'UnsupportedUserStateException')) return false;
        throw error;
      }
    },

    /** Makes a group, unless it is there. */
    makeGroup: async (group: string): Promise<void> => {
      try {
        await call('CreateGroup', { GroupName: group });
      } catch (error) {
        if (!isNamed(error, 'GroupExistsException')) throw error;
      }
    },

    join: (username: string, group: string) =>
      call('AdminAddUserToGroup', { Username: username, GroupName: group }),
    leave: (username: string, group: string) =>
      call('AdminRemoveUserFromGroup', { Username: username, GroupName: group }),
    disable: (username: string) => call('AdminDisableUser', { Username: username }),
    enable: (username: string) => call('AdminEnableUser', { Username: username }),
    /** Ends all refresh tokens. */
    signOut: (username: string) => call('AdminUserGlobalSignOut', { Username: username }),
  };
};
export type UserPool = ReturnType<typeof userPool>;
