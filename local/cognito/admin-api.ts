/**
 * What programs ask a user pool for with AWS credentials: the operations `Admin...`, `List...` and `CreateGroup` of the
 * Amazon Cognito user pools API reference. A parameter that is not known here is refused.
 */
import * as z from 'zod';
import { parseBody, targetOperation } from '../endpoint/json.ts';
import type { AccessRequest, AwsRequest, AwsResponse, AwsService } from '../types.ts';
import { AwsError } from '../types.ts';
import { newPassword, type User } from './credentials.ts';
import type { Outbox } from './outbox.ts';
import type { Pool } from './read.ts';
import type { Store } from './store.ts';
import { passwordFault, type Users } from './users.ts';

/** A pool with all that operations work on. */
export interface AdminPool {
  readonly pool: Pool;
  readonly users: Users;
  readonly store: Store;
}

interface Call extends AdminPool {
  readonly outbox: Outbox;
}

interface Operation<S extends z.ZodObject = z.ZodObject> {
  readonly input: S;
  run(call: Call, input: z.output<S>): unknown;
}

const operation = <S extends z.ZodRawShape>(
  shape: S,
  run: (call: Call, input: z.output<z.ZodObject<S & { UserPoolId: z.ZodString }>>) => unknown,
): Operation =>
  ({ input: z.strictObject({ UserPoolId: z.string(), ...shape }), run }) as unknown as Operation;

const NAME = /^[\p{L}\p{M}\p{S}\p{N}\p{P}]+$/u;
const name = z.string().min(1).max(128).regex(NAME, 'failed to satisfy the pattern of names');
const limit = z.int().min(0).max(60).optional();
const token = z.string().min(1).optional();

const invalid = (message: string): AwsError => new AwsError('InvalidParameterException', message);

const attributesOf = ({ sub, email }: User): object[] => [
  { Name: 'sub', Value: sub },
  { Name: 'email', Value: email },
  { Name: 'email_verified', Value: 'true' },
];
const account = (user: User): object => ({
  Username: user.username,
  Enabled: user.enabled,
  UserStatus: user.status,
  UserCreateDate: user.createdAt / 1000,
  UserLastModifiedDate: user.modifiedAt / 1000,
});
const listed = (user: User): object => ({ ...account(user), Attributes: attributesOf(user) });

/** @throws {AwsError} `UserNotFoundException` */
const known = ({ users }: Call, username: string): User => {
  const user = users.named(username, true);
  if (user === undefined) throw new AwsError('UserNotFoundException', 'User does not exist.');
  return user;
};

/** @throws {AwsError} `ResourceNotFoundException` */
const requireGroup = ({ users }: Call, group: string): void => {
  if (!users.groups.includes(group)) throw new AwsError('ResourceNotFoundException', 'Group not found.');
};

/** One page of a list; the token says behind which entry to go on. */
const pageOf = <T>(
  all: readonly T[],
  asked: { readonly limit: number | undefined; readonly token: string | undefined },
  idOf: (entry: T) => string,
): { readonly items: readonly T[]; readonly next: string | undefined } => {
  const after = asked.token === undefined ? undefined : Buffer.from(asked.token, 'base64url').toString();
  const from = after === undefined ? 0 : all.findIndex((entry) => idOf(entry) === after) + 1;
  if (after !== undefined && from === 0) throw invalid('Invalid pagination token.');
  const items = all.slice(from, from + (asked.limit || 60));
  const last = items.at(-1);
  const isCut = last !== undefined && from + items.length < all.length;
  return { items, next: isCut ? Buffer.from(idOf(last)).toString('base64url') : undefined };
};
const subOf = ({ sub }: User): string => sub;

const temporaryPassword = ({ pool }: Call, given: string | undefined): string => {
  const fault = given === undefined ? undefined : passwordFault(given, pool.passwords);
  if (fault !== undefined)
    throw new AwsError('InvalidPasswordException', `Password did not conform with policy: ${fault}`);
  return given ?? newPassword();
};

const attribute = z.strictObject({ Name: z.enum(['email', 'email_verified']), Value: z.string() });

interface NewUser {
  readonly Username: string;
  readonly UserAttributes: readonly { readonly Name: string; readonly Value: string }[];
  readonly MessageAction?: 'RESEND' | 'SUPPRESS' | undefined;
  readonly TemporaryPassword?: string | undefined;
}

const createUser = async (call: Call, input: NewUser): Promise<object> => {
  const { users, pool, outbox } = call;
  const password = temporaryPassword(call, input.TemporaryPassword);
  const before = users.named(input.Username);
  if (input.MessageAction === 'RESEND') {
    const user = known(call, input.Username);
    if (user.status !== 'FORCE_CHANGE_PASSWORD' || !user.enabled)
      throw new AwsError('UnsupportedUserStateException', 'Resend not possible. User status is not valid.');
    const invited = await users.change(user.sub, { password, invitedAt: Date.now() });
    await outbox.invite(pool, invited);
    return { User: listed(invited) };
  }
  if (before !== undefined) throw new AwsError('UsernameExistsException', 'User account already exists');
  if (pool.emailAlias && z.email().safeParse(input.Username).success)
    throw invalid('Username cannot be of email format, since user pool is configured for email alias.');
  const value = (wanted: string): string | undefined =>
    input.UserAttributes.find(({ Name }) => Name === wanted)?.Value;
  const email = value('email');
  // Whoever has no verified address could not sign in by it, and is not to be had here.
  if (email === undefined || value('email_verified') !== 'true')
    throw invalid('users without a verified e-mail address are not supported locally');
  if (!z.email().safeParse(email).success) throw invalid('Invalid email address format.');
  if (pool.emailAlias && users.named(email) !== undefined)
    throw new AwsError('AliasExistsException', 'An account with the given email already exists.');
  const user = await users.add({
    username: pool.caseSensitive ? input.Username : input.Username.toLowerCase(),
    groups: [],
    email,
    password,
    status: 'FORCE_CHANGE_PASSWORD',
  });
  if (input.MessageAction !== 'SUPPRESS') await outbox.invite(pool, user);
  return { User: listed(user) };
};

const OPERATIONS: Readonly<Record<string, Operation>> = {
  AdminCreateUser: operation(
    {
      Username: name,
      UserAttributes: z.array(attribute).default([]),
      DesiredDeliveryMediums: z.tuple([z.literal('EMAIL', 'only EMAIL is supported locally')]),
      MessageAction: z.enum(['RESEND', 'SUPPRESS']).optional(),
      TemporaryPassword: z.string().optional(),
    },
    createUser,
  ),
  AdminGetUser: operation({ Username: name }, (call, { Username }) => {
    const user = known(call, Username);
    return { ...account(user), UserAttributes: attributesOf(user) };
  }),
  AdminAddUserToGroup: operation({ Username: name, GroupName: name }, async (call, input) => {
    const user = known(call, input.Username);
    requireGroup(call, input.GroupName);
    if (!user.groups.includes(input.GroupName))
      await call.users.change(user.sub, { groups: [...user.groups, input.GroupName] });
    return {};
  }),
  AdminRemoveUserFromGroup: operation({ Username: name, GroupName: name }, async (call, input) => {
    const user = known(call, input.Username);
    requireGroup(call, input.GroupName);
    const groups = user.groups.filter((group) => group !== input.GroupName);
    await call.users.change(user.sub, { groups });
    return {};
  }),
  AdminListGroupsForUser: operation({ Username: name, Limit: limit, NextToken: token }, (call, input) => {
    const asked = { limit: input.Limit, token: input.NextToken };
    const { items, next } = pageOf(known(call, input.Username).groups, asked, (group) => group);
    return { Groups: items.map((GroupName) => ({ GroupName, UserPoolId: call.pool.id })), NextToken: next };
  }),
  AdminDisableUser: operation({ Username: name }, async (call, { Username }) => {
    await call.users.change(known(call, Username).sub, { enabled: false });
    return {};
  }),
  AdminEnableUser: operation({ Username: name }, async (call, { Username }) => {
    await call.users.change(known(call, Username).sub, { enabled: true });
    return {};
  }),
  AdminUserGlobalSignOut: operation({ Username: name }, async (call, { Username }) => {
    const { sub } = known(call, Username);
    await call.users.change(sub, { signedOutAt: Math.floor(Date.now() / 1000) });
    call.store.signOut(sub);
    return {};
  }),
  CreateGroup: operation(
    { GroupName: name, Description: z.string().max(2048).optional() },
    async ({ users, pool }, { GroupName }) => {
      if (users.groups.includes(GroupName))
        throw new AwsError('GroupExistsException', 'A group with the name already exists.');
      await users.addGroup(GroupName);
      return { Group: { GroupName, UserPoolId: pool.id } };
    },
  ),
  ListUsers: operation({ Limit: limit, PaginationToken: token }, ({ users }, input) => {
    const { items, next } = pageOf(users.all, { limit: input.Limit, token: input.PaginationToken }, subOf);
    return { Users: items.map(listed), PaginationToken: next };
  }),
  ListUsersInGroup: operation({ GroupName: name, Limit: limit, NextToken: token }, (call, input) => {
    requireGroup(call, input.GroupName);
    const members = call.users.all.filter(({ groups }) => groups.includes(input.GroupName));
    const { items, next } = pageOf(members, { limit: input.Limit, token: input.NextToken }, subOf);
    return { Users: items.map(listed), NextToken: next };
  }),
};

const SERVICE = 'AWSCognitoIdentityProviderService';

/** The service behind the endpoint, under the signing name `cognito-idp`. */
export class AdminApi implements AwsService {
  readonly #pools: ReadonlyMap<string, AdminPool>;
  readonly #outbox: Outbox;

  constructor(pools: ReadonlyMap<string, AdminPool>, outbox: Outbox) {
    this.#pools = pools;
    this.#outbox = outbox;
  }

  access(request: AwsRequest): readonly AccessRequest[] {
    const operationName = targetOperation(request.headers['x-amz-target']);
    this.#operation(request);
    return [{ action: `cognito-idp:${operationName}`, resource: this.#pool(request).pool.arn }];
  }

  async handle(request: AwsRequest): Promise<AwsResponse> {
    const { input, run } = this.#operation(request);
    const parsed = input.safeParse(parseBody(request.body));
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      const unknown = issue?.code === 'unrecognized_keys' ? issue.keys : [];
      const path = [...(issue?.path ?? []), ...unknown].map(String).join('.');
      throw invalid(unknown.length > 0 ? `${path} is not supported locally` : `${path}: ${issue?.message}`);
    }
    const output = await run({ ...this.#pool(request), outbox: this.#outbox }, parsed.data);
    return {
      status: 200,
      headers: { 'content-type': 'application/x-amz-json-1.1' },
      body: JSON.stringify(output),
    };
  }

  #operation({ headers }: AwsRequest): Operation {
    const target = String(headers['x-amz-target'] ?? '');
    const asked = targetOperation(target);
    const found =
      target === `${SERVICE}.${asked}` && Object.hasOwn(OPERATIONS, asked) ? OPERATIONS[asked] : undefined;
    if (found === undefined)
      throw new AwsError('UnknownOperationException', `the local Cognito does not know ${target}`);
    return found;
  }

  #pool(request: AwsRequest): AdminPool {
    const id = String(parseBody(request.body)['UserPoolId'] ?? '');
    const pool = this.#pools.get(id);
    if (pool === undefined)
      throw new AwsError('ResourceNotFoundException', `User pool ${id} does not exist.`);
    return pool;
  }
}
