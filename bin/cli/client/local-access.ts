/** Who may call a local gateway: the programs of its stage, and its sample users. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { PERMISSIONS, parseRoleScope, ROLES, type Role } from '../../../contracts/roles.ts';
import type { Gateway } from '../../../local/gateway.ts';
import { type Api, openApi } from './api.ts';
import { type SampleUser, signInAsSample } from './sample-user.ts';
import { type Target, UsageError } from './target.ts';

const clientsFile = z.array(
  z.looseObject({
    name: z.string(),
    clientId: z.string(),
    clientSecret: z.string().optional(),
    scopes: z.array(z.string()),
    callbackUrls: z.array(z.string()),
    userPoolId: z.string(),
  }),
);
type LocalClient = z.infer<typeof clientsFile>[number];

const usersFile = z.array(
  z.looseObject({ username: z.string(), password: z.string(), groups: z.array(z.string()) }),
);

const readCredentials = <S extends z.ZodType>(gateway: Gateway, name: string, schema: S): z.output<S> =>
  schema.parse(JSON.parse(readFileSync(join(gateway.credentialsDir, name), 'utf8')));

const REGISTERING: readonly Role[] = PERMISSIONS['devices:register'];

const mayRegister = ({ scopes }: LocalClient): boolean =>
  scopes.some((scope) => {
    const role = parseRoleScope(scope)?.role;
    return role !== undefined && REGISTERING.includes(role);
  });

export interface LocalAccess {
  /** What other commands need for this gateway. */
  readonly target: Target;
  /** The sample user of each role, most powerful first. */
  readonly people: readonly SampleUser[];
  /** The first program that may register devices; a stage may have none. */
  readonly engineer: string | undefined;
  /** Opens the API as somebody who may register devices: that program, else a sample user. */
  openAsEngineer(targetPath: string): Promise<Api>;
}

export const accessTo = (gateway: Gateway): LocalAccess => {
  const clients = readCredentials(gateway, 'clients.json', clientsFile);
  const { api = '', issuer, page } = gateway.addresses;
  // The page's client has no secret either, and sends browsers back to the page.
  const people = clients.find(
    ({ clientSecret, callbackUrls }) => clientSecret === undefined && !callbackUrls.includes(`${page}/`),
  );
  const pool = clients[0]?.userPoolId;
  const target: Target = {
    api,
    ...(issuer === undefined || pool === undefined ? {} : { issuer: `${issuer}/${pool}` }),
    peopleClientId: people?.clientId,
    userPoolId: pool,
    logs: gateway.logDir,
    programs: clients.flatMap(({ name, clientId, clientSecret }) =>
      clientSecret === undefined ? [] : [{ name, clientId, clientSecret }],
    ),
  };
  const engineer = clients.find(mayRegister)?.name;
  const users = readCredentials(gateway, 'users.json', usersFile);
  const sampleOf = (role: Role): SampleUser[] =>
    users
      .filter(({ username, groups }) => username === role.toLowerCase() && groups.includes(role))
      .slice(0, 1);
  const personToken = async (): Promise<string> => {
    const user = users.find(({ groups }) =>
      groups.some((group) => REGISTERING.some((role) => role === group)),
    );
    const [callbackUrl] = people?.callbackUrls ?? [];
    if (
      user === undefined ||
      people === undefined ||
      callbackUrl === undefined ||
      target.issuer === undefined
    )
      throw new UsageError('nobody in this stage may register devices');
    const client = { issuer: target.issuer, clientId: people.clientId };
    const { username, password } = user;
    return (await signInAsSample(client, callbackUrl, { username, password })).accessToken;
  };
  return {
    target,
    people: ROLES.flatMap(sampleOf),
    engineer,
    openAsEngineer: async (targetPath) =>
      openApi({
        target: targetPath,
        ...(engineer === undefined ? { token: await personToken() } : { program: engineer }),
      }),
  };
};
