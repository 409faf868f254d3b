/**
 * The whole way, once: every route, every function, every kind of answer, and what happens when a part fails; in
 * parts, each with the roles that are at work in it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { DeleteObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { IssuedCertificate } from '../../contracts/resources/certificates.ts';
import type { Command } from '../../contracts/resources/commands.ts';
import type { Registered } from '../../contracts/resources/devices.ts';
import type { ExportJob } from '../../contracts/resources/exports.ts';
import { createIdentity } from '../../device/identity.ts';
import { type Instrument, type Lab, METER } from '../support/lab.ts';
import { connectPerson } from '../support/live.ts';
import { passHotDays } from './hot-days.ts';

/** How often steps look for what is made in the background, and how long they rest between: for slow machines, too. */
const TRIES = 300;
const PAUSE = 100;

export type Step = () => Promise<unknown>;

/** A part of the way. */
export interface Part {
  readonly name: string;
  /** Logical ids, without the hash, of the roles that act in it. */
  readonly roles: readonly string[];
  readonly steps: readonly Step[];
}

/** A measurement whose device asks to hear that it is stored, and tells something new of itself. */
const measurement = (more: object = {}): string =>
  JSON.stringify({
    v: 1,
    session: crypto.randomUUID(),
    seq: 0,
    ack: true,
    device: { firmware: crypto.randomUUID() },
    data: [{ n: 'temp', t: Date.now(), v: 20 }],
    ...more,
  });

/** Does something while the role of a rule may not act, so that what stands in for its action is used. */
const whileRefused = async (lab: Lab, role: string, action: string, step: Step): Promise<void> => {
  const grants = lab.gateway.iam.grants();
  const grant = grants.find((each) => each.action === action && each.roleLogicalId.startsWith(role));
  if (grant === undefined) throw new Error(`${role} may not ${action}`);
  using _refused = lab.gateway.iam.without(grant);
  await step();
  await lab.gateway.iot.flush();
};

const post = (value: unknown): RequestInit => ({ method: 'POST', body: JSON.stringify(value) });

/** Everything that `control-api` does, with a type and a device of its own. */
const controlSteps = (lab: Lab, id: string): Step[] => {
  const path = `/v1/devices/${id}`;
  const etag = async (): Promise<Record<string, string>> => ({
    'if-match': (await lab.call(path)).headers.get('etag') ?? '',
  });
  return [
    () => lab.json('/v1/types', post({ ...METER, id })),
    () => lab.json('/v1/types'),
    () => lab.json(`/v1/types/${id}`),
    async () => {
      const type = await lab.call(`/v1/types/${id}`);
      const init = {
        method: 'PUT',
        body: JSON.stringify({ name: 'Changed', channels: METER.channels, reason: 'because' }),
      };
      return lab.json(`/v1/types/${id}`, {
        ...init,
        headers: { 'if-match': type.headers.get('etag') ?? '' },
      });
    },
    async () => {
      const { csr } = await createIdentity(id);
      const init = post({ id, site: 'lab-1', type: 'meter', csr });
      return lab.json<Registered>('/v1/devices', { ...init, headers: { 'idempotency-key': `key-${id}` } });
    },
    () => lab.json('/v1/devices?site=lab-1&presence=unknown'),
    () => lab.json('/v1/sites'),
    () => lab.json('/v1/sites/lab-1'),
    async () => {
      const description = { name: 'Away', timeZone: 'Europe/Berlin', reason: 'because' };
      await lab.json(`/v1/sites/${id}`, { method: 'PUT', body: JSON.stringify(description) });
      const init = { method: 'DELETE', body: '{"reason":"because"}', headers: { 'if-match': '*' } };
      return lab.json(`/v1/sites/${id}`, init);
    },
    () => lab.json(path),
    async () => {
      const init = { method: 'PATCH', body: JSON.stringify({ description: id }), headers: await etag() };
      return lab.json(path, init);
    },
    async () => {
      const { csr } = await createIdentity(id);
      const { certificate } = await lab.json<IssuedCertificate>(`${path}/certificates`, post({ csr }));
      await lab.json(`${path}/certificates`);
      const init = { method: 'DELETE', body: '{"reason":"because"}' };
      return lab.json(`${path}/certificates/${certificate.id}`, init);
    },
    async () =>
      lab.json(`${path}/move`, { ...post({ site: 'lab-2', reason: 'because' }), headers: await etag() }),
    async () => lab.json(path, { method: 'DELETE', body: '{"reason":"because"}', headers: await etag() }),
  ];
};

interface Entry {
  readonly id: string;
  readonly replay?: object;
}

/** Takes a message of the quarantine again that nobody took again yet; what cannot be stored comes back as another. */
const replayOne = async (lab: Lab, device: Instrument, signal?: AbortSignal): Promise<void> => {
  const path = `/v1/quarantine?limit=200&site=${device.device.site}&device=${device.clientId}`;
  for (let left = TRIES; left > 0; left -= 1) {
    const { items } = await lab.json<{ items: Entry[] }>(path);
    const entry = items.findLast(({ replay }) => replay === undefined);
    if (entry !== undefined) {
      await lab.json(`/v1/quarantine/${entry.id}`);
      await lab.json(`/v1/quarantine/${entry.id}/replay`, { method: 'POST' });
      return;
    }
    await delay(PAUSE, undefined, { signal });
  }
  throw new Error('nothing is in the quarantine');
};

/** Leaves a batch where Lambda leaves those that it gives up: with finite tries only, which a laboratory has not. */
const giveUp = async (lab: Lab, device: Instrument, payload: string): Promise<void> => {
  const { assembly, addresses, iam } = lab.gateway;
  const [mapping] = assembly
    .byType('AWS::Lambda::EventSourceMapping')
    .filter(({ properties }) => String(properties['EventSourceArn']).includes(':kinesis:'));
  const [bucket] = assembly.byType('AWS::S3::Bucket');
  const kinesis = {
    partitionKey: `${device.device.site}/${device.clientId}`,
    sequenceNumber: String(Date.now()),
    data: Buffer.from(payload).toString('base64'),
    approximateArrivalTimestamp: Date.now() / 1000,
  };
  const record = {
    kinesis,
    eventID: 'shardId-000000000000:1',
    eventSourceARN: mapping?.properties['EventSourceArn'],
  };
  const Body = JSON.stringify({
    requestContext: { condition: 'RetryAttemptsExhausted' },
    payload: { Records: [record] },
  });
  const { region } = assembly;
  const config = { region, endpoint: addresses.aws, credentials: iam.operator, forcePathStyle: true };
  const s3 = new S3Client(config);
  try {
    const Key = `aws/lambda/m/shardId-000000000000/2026/03/01/${crypto.randomUUID()}`;
    await s3.send(new PutObjectCommand({ Bucket: bucket?.physicalId, Key, Body }));
  } finally {
    s3.destroy();
  }
};

/** Has an export made and gets a file of it. */
const exportOne = async (
  lab: Lab,
  device: Instrument,
  start: number,
  signal?: AbortSignal,
): Promise<void> => {
  const from = new Date(start).toISOString();
  const { id } = await lab.json<ExportJob>('/v1/exports', post({ devices: [device.clientId], from }));
  for (let left = TRIES; left > 0; left -= 1) {
    const { state, manifest } = await lab.json<ExportJob>(`/v1/exports/${id}`);
    if (manifest !== undefined) {
      await lab.json(`/v1/exports/${id}/files`);
      const got = await fetch(manifest.url);
      if (!got.ok) throw new Error(`the manifest is not given: ${got.status}`);
      return;
    }
    if (state !== 'queued' && state !== 'running') throw new Error(`the export is ${state}`);
    await delay(PAUSE, undefined, { signal });
  }
  throw new Error('the export is not done');
};

/** A device of its own that takes commands, so that none are left open for others. */
class Commanded {
  readonly path: string;
  private readonly lab: Lab;
  private readonly id: string;
  private readonly signal: AbortSignal | undefined;
  private readonly given: string[] = [];
  private device: Promise<Instrument> | undefined;

  constructor(lab: Lab, signal: AbortSignal | undefined) {
    this.lab = lab;
    this.id = `command-${crypto.randomUUID().slice(0, 8)}`;
    this.path = `/v1/devices/${this.id}`;
    this.signal = signal;
  }

  private async connect() {
    this.device ??= this.lab.register(this.id);
    const device = await this.device;
    return { client: await this.lab.connect(device), topics: device.topics };
  }

  readonly register = async (): Promise<void> => {
    const { client } = await this.connect();
    await client.endAsync();
  };

  /** Tries until something is so. */
  private async until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    for (let left = TRIES; left > 0; left -= 1) {
      if (await isSo()) return;
      await delay(PAUSE, undefined, { signal: this.signal });
    }
    throw new Error(what);
  }

  readonly measureOnce = async (): Promise<void> => {
    const { client, topics } = await this.connect();
    await client.publishAsync(topics.data, measurement(), { qos: 1 });
    await client.endAsync();
    await this.until('the measurement is not stored', async () => {
      const latest = await this.lab.call(`${this.path}/latest`);
      return latest.ok && ((await latest.json()) as { items: object[] }).items.length > 0;
    });
  };

  give(command: string): Step {
    return async () => {
      const headers = { 'idempotency-key': crypto.randomUUID() };
      const init = { ...post({ command }), headers };
      this.given.push((await this.lab.json<Command>(`${this.path}/commands`, init)).id);
    };
  }

  /** Connects, and answers all that come. */
  readonly answerAll = async (): Promise<void> => {
    const { client, topics } = await this.connect();
    try {
      client.on('message', (topic) => {
        client.publish(`${topic}/result`, JSON.stringify({ v: 1, ok: true }), { qos: 1 });
      });
      await client.subscribeAsync(topics.data.replace(/data$/, 'commands/+'), { qos: 1 });
      await this.until('commands are not done', async () => {
        const { items } = await this.lab.json<{ items: Command[] }>(`${this.path}/commands`);
        return items.every(({ state }) => state === 'succeeded');
      });
    } finally {
      await client.endAsync();
    }
  };

  readonly readHistory = (): Promise<unknown> => this.lab.json(`/v1/commands/${this.given[0]}/history`);
}

/** A lease, a command to a device that is away until it connects, and the answer. */
const commandSteps = (lab: Lab, signal?: AbortSignal): Step[] => {
  const device = new Commanded(lab, signal);
  const lease = `${device.path}/lease`;
  return [
    device.register,
    () => lab.json(lease, { method: 'PUT', body: JSON.stringify({ seconds: 60 }) }),
    () => lab.json(lease),
    () => lab.json(lease, { method: 'DELETE' }),
    device.give('zero'),
    device.answerAll,
    () => lab.json('/v1/commands?site=lab-1'),
    device.readHistory,
  ];
};

/** A command whose interlocks are looked at again, as it waits so long. */
const interlockedSteps = (lab: Lab, signal?: AbortSignal): Step[] => {
  const device = new Commanded(lab, signal);
  return [
    device.measureOnce,
    device.give('guarded'),
    () => delay(1100, undefined, { signal }),
    device.answerAll,
  ];
};

/** How many they are: each is denied a few times a minute at most, for of more the audit only keeps a count. */
const NOBODIES = 24;
const nobody = (number: number): string => `nobody-${number % NOBODIES}`;

/** People without a role; labs whose whole way is gone have to know them. */
export const NOBODY: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  Array.from({ length: NOBODIES }, (_, number) => [nobody(number), []]),
);

/** A path of each function. */
const FORBIDDEN = [
  '/v1/devices',
  '/v1/commands?site=lab-1',
  '/v1/health',
  '/v1/quarantine',
  '/v1/people',
  '/v1/alerts?site=lab-1',
  '/v1/metrics',
] as const;
let round = 0;

/** Somebody without a role tries each function, and each writes that down. */
const deniedSteps = (lab: Lab): Step[] => {
  round += 1;
  const person = nobody(round);
  return FORBIDDEN.map((path) => async () => {
    const { status } = await lab.call(path, { token: await lab.personToken(person) });
    if (status !== 403) throw new Error(`${path} answers nobody with ${status}`);
  });
};

/** Everything that `people-api` does, with a person of its own; the administrator is another one. */
const peopleSteps = (lab: Lab): Step[] => {
  const username = `way-${crypto.randomUUID().slice(0, 8)}`;
  const path = `/v1/people/${username}`;
  const init = async (body: object, method = 'POST') => ({
    ...post(body),
    method,
    token: await lab.personToken('admin'),
  });
  const decide = (action: string) => async () =>
    lab.json(`${path}/${action}`, await init({ reason: 'the whole way' }));
  const reason = 'the whole way';
  const admin = { role: 'Admin' };
  const viewer = { role: 'Viewer', site: username };
  return [
    async () => lab.json('/v1/people?limit=1', { token: await lab.personToken('admin') }),
    async () =>
      lab.json(
        '/v1/people',
        await init({ email: `${username}@example.org`, grants: [admin, viewer], reason }),
      ),
    decide('invite'),
    async () => lab.json(`${path}/grants`, await init({ grants: [viewer], reason }, 'PUT')),
    decide('sign-out'),
    decide('disable'),
    decide('enable'),
  ];
};

/** A person connects as a browser does. */
const connectLive = async (lab: Lab): Promise<void> => {
  const client = await connectPerson(lab, await lab.personToken('viewer'));
  await client.endAsync();
};

/** Makes the day before yesterday the first that the audit has entries of, and no root is there yet. */
const forgetRoots = async (lab: Lab): Promise<void> => {
  const { assembly, addresses, iam } = lab.gateway;
  const physical = (type: string, id: string): string | undefined =>
    assembly.byType(type).find(({ logicalId }) => logicalId.startsWith(id))?.physicalId;
  const config = { region: assembly.region, endpoint: addresses.aws, credentials: iam.operator };
  const dynamo = new DynamoDBClient(config);
  const s3 = new S3Client({ ...config, forcePathStyle: true });
  try {
    const Bucket = physical('AWS::S3::Bucket', 'AuditRoots');
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket }));
    for (const { Key } of Contents) await s3.send(new DeleteObjectCommand({ Bucket, Key }));
    const day = new Date(Date.now() - 2 * 86_400_000).toISOString().slice(0, 10);
    const Item = { pk: { S: 'AUDITDAYS' }, sk: { S: `${day}#_` }, format: { N: '1' } };
    await dynamo.send(new PutItemCommand({ TableName: physical('AWS::DynamoDB::Table', 'Registry'), Item }));
  } finally {
    s3.destroy();
    dynamo.destroy();
  }
};

/** A call of a schedule that fails: what is known of it is kept. */
const failedCall = async (lab: Lab, schedule: string): Promise<void> => {
  const fault = { service: 'dynamodb', operation: 'Query', rate: 1, kind: 'error', seed: 1 } as const;
  const mend = lab.gateway.faults.set(fault);
  try {
    const { ok } = await lab.gateway.schedules.runNow(schedule);
    if (ok) throw new Error(`${schedule} did not fail`);
  } finally {
    mend();
  }
};

/** An alert, from its rule to its end, with a type and a device of its own: what `ingest` knows of a type grows old slowly. */
const alertSteps = (lab: Lab, signal?: AbortSignal): Step[] => {
  const id = `alert-${crypto.randomUUID().slice(0, 8)}`;
  const path = `/v1/alert-rules/${id}`;
  const reason = 'the whole way';
  const condition = { kind: 'threshold', direction: 'high', limit: 30 };
  const any = { 'if-match': '*' };
  let device: Promise<Instrument> | undefined;
  const measure = async (...values: readonly number[]): Promise<void> => {
    device ??= lab.register(id, 'lab-1', id);
    const known = await device;
    const client = await lab.connect(known);
    const data = values.map((v, at) => ({ n: 'temp', t: Date.now() - 1000 + at, v }));
    await client.publishAsync(known.topics.data, JSON.stringify({ v: 1, data }), { qos: 1 });
    await client.endAsync();
  };
  const find = async (state: string): Promise<string> => {
    for (let left = 100; left > 0; left -= 1) {
      const { items } = await lab.json<{ items: { id: string }[] }>(`/v1/alerts?device=${id}&state=${state}`);
      if (items[0] !== undefined) return items[0].id;
      await delay(100, undefined, { signal });
    }
    throw new Error(`no alert is ${state}`);
  };
  const act = async (action: string, body: object): Promise<void> => {
    const { items } = await lab.json<{ items: { id: string }[] }>(`/v1/alerts?device=${id}`);
    await lab.json(`/v1/alerts/${items[0]?.id}/${action}`, post(body));
  };
  return [
    () => lab.createType({ ...METER, id }),
    () =>
      lab.json(
        '/v1/alert-rules',
        post({ id: 'hot', type: id, name: 'Hot', channel: 'temp', condition, reason }),
      ),
    async () => {
      const silent = {
        id: 'silent',
        type: id,
        name: 'Silent',
        condition: { kind: 'no-data', after: 86_400 },
      };
      await lab.json('/v1/alert-rules', post({ ...silent, reason }));
      const { id: _id, type: _type, ...said } = silent;
      const init = { ...post({ ...said, onDelay: 60, reason }), method: 'PUT', headers: any };
      await lab.json(`${path}/silent`, init);
    },
    () => lab.json('/v1/alert-rules'),
    () => measure(20, 40),
    () => find('unacknowledged'),
    () => lab.json('/v1/alerts?site=lab-1&limit=1'),
    () => act('acknowledge', { comment: 'seen' }),
    () => act('shelve', { seconds: 60, reason }),
    () => act('unshelve', { reason }),
    async () => {
      const from = new Date(Date.now() - 60_000).toISOString();
      const to = new Date(Date.now() + 60_000).toISOString();
      const rule = { id: 'tried', type: id, name: 'Tried', channel: 'temp', condition };
      await lab.json('/v1/alert-rules/preview', post({ rule, device: id, from, to }));
      await lab.json(`/v1/alert-report?site=lab-1&from=${from}&to=${to}`);
    },
    () => measure(20),
    () => find('closed'),
    async () => {
      const { ok } = await lab.gateway.schedules.runNow('AlertsSchedule');
      if (!ok) throw new Error('nobody looked at the clock');
    },
    () => lab.gateway.drain(),
    () => failedCall(lab, 'AlertsSchedule'),
    () => lab.json(`${path}/silent/remove`, { ...post({ reason }), headers: any }),
  ];
};

/**
 * The parts of the way.
 * @param device registered before, and left so
 * @param signal ends the waiting of steps for what is made in the background
 */
export const wholeWay = (lab: Lab, device: Instrument, signal?: AbortSignal): readonly Part[] => {
  const connected = async (payloads: readonly string[]): Promise<void> => {
    const client = await lab.connect(device);
    for (const payload of payloads) await client.publishAsync(device.topics.data, payload, { qos: 1 });
    await client.endAsync();
  };
  const path = `/v1/devices/${device.clientId}`;
  const longAgo = Date.now() - 3 * 86_400_000;
  const range = `from=${new Date(Date.now() - 3_600_000).toISOString()}`;
  return [
    {
      name: 'control',
      roles: ['ControlApiRole'],
      steps: controlSteps(lab, `way-${crypto.randomUUID().slice(0, 8)}`),
    },
    {
      name: 'denied',
      roles: [
        'ControlApiRole',
        'CommandsApiRole',
        'QueryApiRole',
        'RecordsApiRole',
        'PeopleApiRole',
        'AlertsApiRole',
        'MetricsApiRole',
      ],
      steps: deniedSteps(lab),
    },
    { name: 'connect', roles: ['LifecycleEventsRole', 'PresenceRole'], steps: [() => connected([])] },
    {
      name: 'connect while the queue is refused',
      roles: ['LifecycleEventsErrorRole'],
      steps: [() => whileRefused(lab, 'LifecycleEventsRole', 'sqs:SendMessage', () => connected([]))],
    },
    {
      name: 'measure',
      roles: ['DataRole', 'IngestRole'],
      steps: [() => connected([measurement(), 'nonsense'])],
    },
    {
      name: 'command',
      roles: ['CommandsApiRole', 'CommandsRole', 'CommandsRepliesRole', 'PresenceRole'],
      steps: commandSteps(lab, signal),
    },
    {
      name: 'command with an interlock',
      roles: ['CommandsApiRole', 'CommandsRole'],
      steps: interlockedSteps(lab, signal),
    },
    {
      name: 'reply while the queue is refused',
      roles: ['CommandsRepliesErrorRole'],
      steps: [
        () =>
          whileRefused(lab, 'CommandsRepliesRole', 'sqs:SendMessage', async () => {
            const client = await lab.connect(device);
            const topic = device.topics.data.replace(/data$/, 'commands/01jt2q0v5s8kx3m9d6w4a7c1ef/accepted');
            await client.publishAsync(topic, '{"v":1}', { qos: 1 });
            await client.endAsync();
          }),
      ],
    },
    {
      name: 'alert',
      roles: ['AlertsApiRole', 'AlertsRole', 'AlertsScheduleRole', 'IngestRole', 'QueryApiRole'],
      steps: alertSteps(lab, signal),
    },
    { name: 'people', roles: ['PeopleApiRole'], steps: peopleSteps(lab) },
    { name: 'live', roles: ['LiveRole'], steps: [() => connectLive(lab)] },
    {
      name: 'measure while the stream is refused',
      roles: ['DataErrorRole', 'DeliveriesRole'],
      steps: [() => whileRefused(lab, 'DataRole', 'kinesis:PutRecord', () => connected([measurement()]))],
    },
    {
      name: 'give up a batch',
      roles: ['DeliveriesRole'],
      steps: [() => giveUp(lab, device, measurement())],
    },
    {
      name: 'query',
      roles: ['QueryApiRole'],
      steps: [
        () => lab.json(`${path}/series?${range}`),
        () => lab.json(`${path}/latest`),
        () => lab.json('/v1/snapshot?site=lab-1'),
        () => lab.json('/v1/health/services'),
      ],
    },
    {
      name: 'scrape',
      roles: ['MetricsApiRole'],
      steps: [
        async () => {
          const { status } = await lab.call('/v1/metrics?site=lab-1');
          if (status !== 200) throw new Error(`a scrape answers ${status}`);
        },
      ],
    },
    {
      name: 'records',
      roles: ['RecordsApiRole', 'IngestRole'],
      steps: [() => lab.json(`${path}/completeness?${range}`), () => replayOne(lab, device, signal)],
    },
    {
      name: 'export',
      roles: ['RecordsApiRole', 'ExportsWorkerRole', 'RecordsApiExportLinksRole'],
      steps: [() => exportOne(lab, device, Date.now() - 3_600_000, signal)],
    },
    {
      name: 'compact while DynamoDB fails',
      roles: ['CompactionScheduleRole', 'CompactionRole'],
      steps: [() => failedCall(lab, 'CompactionSchedule')],
    },
    {
      name: 'keep roots of the audit',
      roles: ['AuditRootsScheduleRole', 'AuditRootsRole'],
      steps: [
        () => forgetRoots(lab),
        () => failedCall(lab, 'AuditRootsSchedule'),
        () => lab.gateway.schedules.runNow('AuditRootsSchedule'),
        // The second follows on what the first has put.
        () => lab.gateway.schedules.runNow('AuditRootsSchedule'),
      ],
    },
    {
      name: 'compact, archive, and read what is archived',
      roles: [
        'CompactionScheduleRole',
        'CompactionRole',
        'QueryApiRole',
        'RecordsApiRole',
        'ExportsWorkerRole',
      ],
      steps: [
        () => connected([measurement({ data: [{ n: 'temp', t: longAgo, v: 20 }] })]),
        () => lab.gateway.drain(),
        () => lab.gateway.schedules.runNow('CompactionSchedule'),
        // What comes late has the archived day read again.
        () => connected([measurement({ data: [{ n: 'temp', t: longAgo + 1, v: 21 }] })]),
        () => lab.gateway.drain(),
        () => lab.gateway.schedules.runNow('CompactionSchedule'),
        () => passHotDays(lab, device.clientId),
        () => lab.json(`${path}/series?from=${new Date(longAgo - 1000).toISOString()}&limit=10`),
        () => lab.json(`${path}/completeness?from=${new Date(longAgo - 1000).toISOString()}`),
        () => exportOne(lab, device, longAgo - 1000, signal),
      ],
    },
  ];
};
