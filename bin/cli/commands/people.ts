/** `labgate people` and `labgate me`: who may sign in, and who may do what. */
import { Command, InvalidArgumentError } from 'commander';
import { type Me, type Person, username as validUsername } from '../../../contracts/resources/people.ts';
import { type Grant, groupOf, parseGroup, ROLES } from '../../../contracts/roles.ts';
import { openApi } from '../client/api.ts';
import { readTarget, UsageError } from '../client/target.ts';
import { table } from '../output/table.ts';
import {
  type CommonOptions,
  print,
  type Reasoned,
  reasonOption,
  refuseBeside,
  tell,
  withTarget,
} from './options.ts';

/** Reads `Role` or `Role@site`; several are gathered. */
const grantNamed = (text: string, before: readonly Grant[] = []): Grant[] => {
  const grant = parseGroup(text);
  if (grant === undefined)
    throw new InvalidArgumentError(`use ROLE or ROLE@SITE, with a role of ${ROLES.join(', ')}`);
  return [...before, grant];
};

const groupsOf = (grants: readonly Grant[]): string => grants.map(groupOf).join(' ');
const personPath = (id: string, action = ''): string => `/v1/people/${encodeURIComponent(id)}${action}`;

const told = ({ id, email = '', state, grants }: Person): string =>
  `${id} <${email}> ${state}: ${groupsOf(grants) || 'no role that you may see'}`;
const show = (person: Person, { json }: CommonOptions): void =>
  print(json ? JSON.stringify(person) : told(person));

interface AddOptions extends CommonOptions {
  readonly username?: string;
  readonly role?: readonly Grant[];
  readonly reason?: string;
  readonly first?: boolean;
}

/** The user name: that which is given, else the beginning of the address. */
const nameOf = (email: string, given: string | undefined): string => {
  const name = validUsername.safeParse(given ?? email.split('@')[0]?.toLowerCase());
  if (name.success) return name.data;
  throw new UsageError('give a --username of lower-case letters, digits and inner . _ -');
};

const addFirst = async (email: string, { target, username, json }: AddOptions): Promise<void> => {
  const { userPoolId } = readTarget(target);
  if (userPoolId === undefined)
    throw new UsageError('the target names no user pool: use the outputs file of the deployment as --target');
  const id = nameOf(email, username);
  const { inviteFirstAdmin } = await import('../client/first-admin.ts');
  await inviteFirstAdmin(userPoolId, id, email);
  if (json) print(JSON.stringify({ id, email, grants: [{ role: 'Admin' }] }));
  else print(`${id} <${email}> is invited as Admin of every site`);
};

const add = async (email: string, options: AddOptions, command: Command): Promise<void> => {
  const { first, username, role: grants, reason } = options;
  if (first) {
    refuseBeside(command, 'first', ['role', 'reason', 'program']);
    await addFirst(email, options);
    return;
  }
  if (grants === undefined) throw new UsageError('give at least one --role');
  if (reason === undefined) throw new UsageError('say why with --reason');
  const body = { email, username, grants, reason };
  show(await openApi(options).json<Person>('/v1/people', { method: 'POST', body }), options);
};

const list = async (options: CommonOptions): Promise<void> => {
  const people: Person[] = [];
  for await (const person of openApi(options).list<Person>('/v1/people')) people.push(person);
  if (options.json) {
    print(JSON.stringify(people));
    return;
  }
  const rows = people
    .toSorted((one, other) => (one.id < other.id ? -1 : 1))
    .map(({ id, email = '', state, grants }) => [id, email, state, groupsOf(grants)]);
  print(table(['name', 'e-mail', 'state', 'roles'], rows));
};

/** Reads the grants of a person, and puts others in their place. */
const changeGrants =
  (change: (held: readonly Grant[], named: readonly Grant[]) => readonly Grant[]) =>
  async (id: string, named: readonly Grant[], options: Reasoned): Promise<void> => {
    const api = openApi(options);
    const { grants } = await api.json<Person>(personPath(id));
    const body = { grants: change(grants, named), reason: options.reason };
    show(await api.json<Person>(personPath(id, '/grants'), { method: 'PUT', body }), options);
  };

const among = (grants: readonly Grant[], grant: Grant): boolean =>
  grants.some((each) => groupOf(each) === groupOf(grant));
const give = changeGrants((held, named) => [...held, ...named.filter((grant) => !among(held, grant))]);
const take = changeGrants((held, named) => {
  const missing = named.find((grant) => !among(held, grant));
  if (missing !== undefined)
    throw new UsageError(`${groupOf(missing)} is none of the roles that you may see`);
  return held.filter((grant) => !among(named, grant));
});

const decide =
  (action: 'disable' | 'enable' | 'sign-out' | 'invite') =>
  async (id: string, options: Reasoned): Promise<void> => {
    const body = { reason: options.reason };
    show(
      await openApi(options).json<Person>(personPath(id, `/${action}`), { method: 'POST', body }),
      options,
    );
    if (action === 'disable' && !options.json) tell('the last access token ends within five minutes');
  };

/** The `people` command. */
export const peopleCommand = (): Command => {
  const command = new Command('people').description('people: invite them, and say what they may do');
  withTarget(command.command('add <e-mail>'))
    .description('invite a person; a temporary password is mailed')
    .option('--role <role[@site]>', 'a role, at every site or at one; again for several', grantNamed)
    .option('--username <name>', 'to sign in with; the part before the @ when absent')
    .option('--reason <text>', 'why')
    .option('--first', 'the first administrator of a deployment, made with your AWS credentials')
    .action(add);
  withTarget(command.command('list')).description('list the people that you may see').action(list);
  withTarget(command.command('show <name>'))
    .description('show a person, by user name or e-mail address')
    .action(async (id: string, options: CommonOptions) => {
      show(await openApi(options).json<Person>(personPath(id)), options);
    });
  for (const [name, description, run] of [
    ['grant', 'give roles', give],
    ['revoke', 'take roles away', take],
  ] as const)
    withTarget(command.command(`${name} <name>`))
      .description(description)
      .argument('<role[@site]...>', 'roles, at every site or at one', grantNamed)
      .addOption(reasonOption())
      .action(run);
  for (const [action, description] of [
    ['disable', 'keep a person from signing in, and sign them out'],
    ['enable', 'let a person sign in again'],
    ['sign-out', 'sign a person out everywhere'],
    ['invite', 'send the invitation again, with another temporary password'],
  ] as const)
    withTarget(command.command(`${action} <name>`))
      .description(description)
      .addOption(reasonOption())
      .action(decide(action));
  return command;
};

const sitesOf = (sites: 'all' | readonly string[] | undefined): string =>
  sites === 'all' ? 'every site' : (sites ?? []).join(', ');

/** The `me` command. */
export const meCommand = (): Command =>
  withTarget(new Command('me'))
    .description('who you are, and what you may do at which sites')
    .action(async (options: CommonOptions) => {
      const me = await openApi(options).json<Me>('/v1/me');
      if (options.json) {
        print(JSON.stringify(me));
        return;
      }
      print(`${me.name} (${me.kind === 'user' ? 'person' : 'program'}): ${groupsOf(me.grants)}`);
      print(
        table(
          ['permission', 'where'],
          Object.entries(me.permissions).map(([name, sites]) => [name, sitesOf(sites)]),
        ),
      );
    });
