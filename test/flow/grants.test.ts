/**
 * Each grant of the templates is needed, and where one is missing the denial names it: the whole way is gone
 * with all of them, and the part that needed it again for each without it.
 */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { startApi } from '../../local/api/index.ts';
import { loadAssembly } from '../../local/assembly/index.ts';
import { startEventSources } from '../../local/events/index.ts';
import { createIam, type Grant } from '../../local/iam/index.ts';
import type { Denial, Log } from '../../local/types.ts';
import { type Instrument, type Lab, openLab } from '../support/lab.ts';
import { hurry, type Variant, variantOf, withoutGrant } from '../support/variant.ts';
import { NOBODY, type Part, wholeWay } from './whole-way.ts';

const assembly = inject('assembly');
/** Roles of functions of CDK itself act while deploying alone, which nobody does here. */
const isOurs = ({ roleLogicalId }: Grant): boolean =>
  !roleLogicalId.startsWith('AWS679f53fac002430cb0da5b7982bd2287');
const grants = createIam(loadAssembly(assembly)).grants().filter(isOurs);

const role = ({ roleLogicalId }: Grant): string => roleLogicalId.slice(0, -8);
const short = (arn: string): string => arn.split(':').slice(5).join(':') || arn;
const title = (grant: Grant): string => {
  const holder = short(grant.roleArn).replace(/^role\/labgate-dev-|.{8}-[^-]*$/g, '');
  return `${holder}: ${grant.action} on ${short(grant.resource)}`;
};

const covers = ({ resource }: Grant, denied: string): boolean =>
  new RegExp(`^${resource.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`).test(denied);

/** Whether a denial names the action, the resource and the role of a grant. */
const names =
  (grant: Grant) =>
  ({ principal, action, resource }: Denial): boolean =>
    principal === grant.roleArn && action === grant.action && covers(grant, resource);

const held = (holder: string, action: string): Grant => {
  const grant = grants.find((each) => role(each) === holder && each.action === action);
  if (grant === undefined) throw new Error(`${holder} has no ${action}`);
  return grant;
};

/** What API Gateway and the pollers ask for only when they start: running ones do not need it any more. */
const atStart = (grant: Grant): boolean =>
  role(grant) === 'HttpLogsRole' ||
  grant.action === 'sqs:GetQueueAttributes' ||
  (role(grant) === 'IngestRole' &&
    (/^(kinesis:(ListShards|DescribeStreamSummary)|s3:ListBucket)$/.test(grant.action) ||
      grant.resource.endsWith('/aws/lambda/*')));

/** What functions ask for only now and then: once in the life of an environment, or after a cache has aged. */
const CACHED = /^(iot:DescribeEndpoint|dynamodb:BatchGetItem|sts:AssumeRole)$/;

/** What compaction asks for only when a day of a device is archived for the first time. */
const firstDay = (grant: Grant): boolean =>
  role(grant) === 'CompactionRole' && grant.action === 's3:ListBucket';

/** What the gateway prints of denials. */
const errorLog = (): { readonly take: Log; denials(): readonly Denial[] } => {
  const lines: object[] = [];
  return {
    take: (level, message, fields = {}) => {
      if (level === 'error' && message === 'access denied') lines.push(fields);
    },
    denials: () => lines as Denial[],
  };
};

/** On a computer that does other things too. */
const SOON = { interval: 10, timeout: 20_000 };

let hurried: Variant;
let lab: Lab;
let device: Instrument;

beforeAll(async () => {
  hurried = variantOf(assembly, hurry);
  lab = await openLab(hurried.folder, { people: NOBODY });
  await lab.createType();
  device = await lab.register('constant');
});
afterAll(async () => {
  await lab[Symbol.asyncDispose]();
  hurried[Symbol.dispose]();
});

const walk = async (after: (part: Part) => void = () => undefined): Promise<void> => {
  for (const part of wholeWay(lab, device)) {
    for (const step of part.steps) await step();
    await lab.gateway.drain();
    after(part);
  }
};
/** The part of the way in which each grant was used first. */
const firstUse = new Map<string, string>();

/** The parts in which a role acts; that which needed the grant comes first. */
const partsFor = (grant: Grant, parts: readonly Part[]): readonly Part[] => {
  const needed = firstUse.get(title(grant));
  return parts
    .filter(({ name, roles }) => name === needed || roles.includes(role(grant)))
    .toSorted((one, other) => Number(other.name === needed) - Number(one.name === needed));
};

/** Lets the function of a role start cold when its next event comes. */
const cool = async (grant: Grant): Promise<void> => {
  const { assembly: running, functions } = lab.gateway;
  const holder = running
    .byType('AWS::Lambda::Function')
    .find(({ properties }) => properties['Role'] === grant.roleArn);
  if (holder?.arn === undefined) throw new Error(`no function has the role ${role(grant)}`);
  // Only environments at rest are ended: those of the API are, once it has answered.
  if (!role(grant).includes('Api')) await lab.gateway.drain();
  await functions.cool(holder.arn);
};

/** Starts what asks for a grant when it starts, beside the running gateway and with all that is its own. */
const startAgain = async (grant: Grant): Promise<AsyncDisposable> => {
  const log: Log = () => undefined;
  const options = { ...lab.gateway, log };
  const cognito = { issuer: () => lab.gateway.addresses.issuer ?? '' };
  const part =
    role(grant) === 'HttpLogsRole'
      ? await startApi({ ...options, cognito, host: '127.0.0.1', port: 0 })
      : await startEventSources(options);
  return { [Symbol.asyncDispose]: () => part.close() };
};

/** Actions that are refused on the way, so that what stands in for them is used. */
const DELIBERATE = ['kinesis:PutRecord', 'sqs:SendMessage'];

test('with every grant the whole way is gone, and each one is used', async () => {
  const before = new Set(lab.gateway.iam.usedGrants());
  await walk(({ name }) => {
    for (const grant of lab.gateway.iam.usedGrants()) {
      if (!before.has(grant) && !firstUse.has(title(grant))) firstUse.set(title(grant), name);
    }
  });
  expect(lab.gateway.iam.denials.filter(({ action }) => !DELIBERATE.includes(action))).toEqual([]);
  const used = new Set(lab.gateway.iam.usedGrants().map(title));
  expect(grants.map(title).filter((name) => !used.has(name))).toEqual([]);
});

const isApi = (grant: Grant): boolean => role(grant).endsWith('ApiRole');
const serviceOf = ({ action }: Grant): string => action.split(':')[0] ?? '';

/**
 * A quick run takes away the first grant to each service, and tries one case of each kind of template; CI takes away
 * every grant, and tries every case: `GRANTS=all npx vitest run test/flow/grants.test.ts`.
 */
const ALL = process.env['GRANTS'] === 'all';
const quick = Map.groupBy(
  // What an API needs is asked for at once; what works in the background may wait for its next turn.
  grants
    .filter((grant) => !atStart(grant))
    .toSorted((one, other) => Number(isApi(other)) - Number(isApi(one))),
  serviceOf,
);
const isTried = (grant: Grant): boolean => ALL || quick.get(serviceOf(grant))?.[0] === grant;
const some = <T>(cases: readonly T[]): readonly T[] => (ALL ? cases : cases.slice(0, 1));

describe('while it is missing, the denial names', () => {
  test.each(
    grants
      .filter((grant) => !atStart(grant) && isTried(grant))
      .map((grant) => [title(grant), grant] as const),
  )('%s', async (_, grant) => {
    const { iam } = lab.gateway;
    const known = iam.denials.length;
    const named = (): Denial | undefined => iam.denials.slice(known).find(names(grant));
    const seen = new AbortController();
    const actor = firstDay(grant) ? await lab.register('first-day') : device;
    const parts = partsFor(grant, wholeWay(lab, actor, seen.signal));
    if (CACHED.test(grant.action)) await cool(grant);
    using _without = iam.without(grant);
    // What is made in the background without the grant would be waited for in vain.
    const watch = setInterval(() => named() !== undefined && seen.abort(), 20);
    for (const step of parts.flatMap(({ steps }) => steps)) {
      // That a step fails for want of the grant is what is meant; whether it is so, the denial tells.
      await step().catch(() => undefined);
      if (named() !== undefined) break;
    }
    clearInterval(watch);
    await expect.poll(named, SOON).toBeDefined();
  });

  test.each(grants.filter(atStart).map((grant) => [title(grant), grant] as const))(
    '%s, to what starts',
    async (_, grant) => {
      const { iam } = lab.gateway;
      const known = iam.denials.length;
      using _without = iam.without(grant);
      await using _started = await startAgain(grant);
      await expect.poll(() => iam.denials.slice(known).find(names(grant)), SOON).toBeDefined();
    },
  );

  test.runIf(ALL)('and with all of them back, everything recovers', async () => {
    await lab.gateway.drain();
    const known = lab.gateway.iam.denials.length;
    await walk();
    expect(lab.gateway.iam.denials.slice(known).filter(({ action }) => !DELIBERATE.includes(action))).toEqual(
      [],
    );
  });
});

describe('a template without', () => {
  test('any one grant gives every other', () => {
    const all = grants.map(title).toSorted();
    for (const grant of grants.filter(isTried)) {
      using variant = withoutGrant(assembly, grant);
      const left = createIam(loadAssembly(variant.folder)).grants().filter(isOurs).map(title);
      expect(left.toSorted()).toEqual(all.filter((name) => name !== title(grant)));
    }
  });

  test.each(
    some([
      ['IngestRole', 'kinesis:ListShards'],
      ['HttpLogsRole', 'logs:PutLogEvents'],
    ] as const),
  )('the grant of %s to %s makes the gateway say so when it starts', async (holder, action) => {
    const grant = held(holder, action);
    using variant = withoutGrant(assembly, grant);
    const log = errorLog();
    await using _lab = await openLab(variant.folder, { log: log.take });
    await expect.poll(() => log.denials().find(names(grant)), SOON).toBeDefined();
  });

  test.each(
    some([
      ['ControlApiRole', 'iot:CreateCertificateFromCsr'],
      ['DataRole', 'kinesis:PutRecord'],
    ] as const),
  )('the grant of %s to %s makes the gateway say so when it is needed', async (holder, action) => {
    const grant = held(holder, action);
    using variant = withoutGrant(hurried.folder, grant);
    const log = errorLog();
    await using without = await openLab(variant.folder, { log: log.take });
    await without.createType();
    const trial = async (): Promise<void> => {
      const other = await without.register('constant');
      const parts = wholeWay(without, other).filter(({ roles }) => roles.includes(holder));
      for (const step of parts.flatMap(({ steps }) => steps)) await step();
    };
    // The way ends where the grant is missing, or goes on without what it is for.
    await trial().catch(() => undefined);
    await expect.poll(() => log.denials().find(names(grant)), SOON).toBeDefined();
    expect(
      log.denials().filter((denial) => !names(grant)(denial) && !DELIBERATE.includes(denial.action)),
    ).toEqual([]);
  });
});
