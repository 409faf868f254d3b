/**
 * A storm: many measurements, while functions are killed and services fail. Used by a test with few and by a
 * benchmark with a million.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { MqttClient } from 'mqtt';
import type { DeviceDetail } from '../../contracts/resources/devices.ts';
import type { Instrument, Lab } from '../support/lab.ts';

export interface StormOptions {
  readonly devices: number;
  /** Messages of each device, sent in rounds: each round is stored before the next begins. */
  readonly messages: number;
  readonly rounds: number;
  /** Points of each message, all of one channel. */
  readonly points: number;
  /** How often `ingest` is killed in each round. */
  readonly kills: number;
  readonly seed: number;
}

export interface StormResult {
  readonly sent: number;
  /** Measurements of messages whose durable acknowledgement has arrived. */
  readonly acknowledged: number;
  readonly missing: number;
  /** Measurements that came back more than once. */
  readonly doubled: number;
  /** Measurements that came back and were never sent, or with another value. */
  readonly wrong: number;
  /** Devices that the API says are connected, as all of them are. */
  readonly online: number;
  readonly faults: number;
  /** Invocations of `ingest` that were killed in the middle. */
  readonly killed: number;
}

interface Sender {
  readonly instrument: Instrument;
  readonly client: MqttClient;
  readonly acknowledged: Set<number>;
}

const STEP_MS = 10;

/** The value of a point: told apart from every other of its device. */
const measured = (message: number, point: number): number => message * 1000 + point + 0.25;

const follow = async (lab: Lab, instrument: Instrument): Promise<Sender> => {
  const client = await lab.connect(instrument);
  const acknowledged = new Set<number>();
  client.on('message', (_topic, payload) => {
    const { ranges } = JSON.parse(payload.toString()) as { ranges: [number, number][] };
    for (const [from, to] of ranges) for (let seq = from; seq <= to; seq++) acknowledged.add(seq);
  });
  await client.subscribeAsync(instrument.topics.ack, { qos: 1 });
  return { instrument, client, acknowledged };
};

/** Sends the messages `from` up to `to` of a device. */
const send = async (
  { instrument, client }: Sender,
  start: number,
  { points }: StormOptions,
  [from, to]: readonly [number, number],
): Promise<void> => {
  for (let message = from; message < to; message++) {
    const first = start + message * points * STEP_MS;
    const body = {
      v: 1,
      session: 'storm',
      seq: message,
      ack: true,
      t: Array.from({ length: points }, (_, point) => first + point * STEP_MS),
      c: { temp: { u: 'Cel', v: Array.from({ length: points }, (_, point) => measured(message, point)) } },
    };
    await client.publishAsync(instrument.topics.data, JSON.stringify(body), { qos: 1 });
  }
};

/** Lines of a reply as they come: a million points need no more memory than a few. */
async function* linesOf(response: Response): AsyncGenerator<string> {
  if (!response.ok || response.body === null) throw new Error(`${response.status} ${await response.text()}`);
  let rest = '';
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split('\r\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') throw new Error(`the reply breaks off at ${rest}`);
}

/** Compares what comes back of a device, line by line, with what was sent. */
const compare = async (lab: Lab, device: string, start: number, { messages, points }: StormOptions) => {
  const from = new Date(start).toISOString();
  const to = new Date(start + messages * points * STEP_MS).toISOString();
  const response = await lab.call(`/v1/devices/${device}/series?channels=temp&from=${from}&to=${to}`, {
    headers: { accept: 'text/csv' },
  });
  const seen = new Uint8Array(messages * points);
  let head = true;
  let wrong = 0;
  let doubled = 0;
  for await (const line of linesOf(response)) {
    if (head) {
      head = false;
      continue;
    }
    const [time = '', , value] = line.split(',');
    const place = (Date.parse(time) - start) / STEP_MS;
    if (Number(value) !== measured(Math.floor(place / points), place % points)) wrong++;
    else if (seen[place] !== 0) doubled++;
    else seen[place] = 1;
  }
  return { wrong, doubled, missing: seen.reduce((sum, one) => sum + 1 - one, 0) };
};

/** Runs a storm and counts what became of it. */
export const storm = async (lab: Lab, options: StormOptions): Promise<StormResult> => {
  const { gateway } = lab;
  const instruments = await Promise.all(
    Array.from({ length: options.devices }, (_, index) => lab.register(`storm-${index}`)),
  );
  const start = Date.now() - options.messages * options.points * STEP_MS - 60_000;
  const { seed } = options;
  const table = 'dynamodb';
  gateway.faults.set({ service: table, kind: 'throttle', rate: 0.2, seed });
  gateway.faults.set({ service: table, kind: 'error', rate: 0.1, seed: seed + 1 });
  gateway.faults.set({ service: table, kind: 'lost-reply', rate: 0.1, seed: seed + 2 });
  gateway.faults.set({ service: 'iotdata', kind: 'error', rate: 0.1, seed: seed + 3 });
  // Their presence goes through the storm as well.
  const senders = await Promise.all(instruments.map((instrument) => follow(lab, instrument)));
  const [ingest] = gateway.assembly
    .byType('AWS::Lambda::Function')
    .filter(({ logicalId }) => logicalId.startsWith('Ingest'));
  if (ingest?.arn === undefined) throw new Error('no ingest function');

  let killed = 0;
  for (let round = 0; round < options.rounds; round++) {
    const part = [round, round + 1].map((edge) => Math.round((edge * options.messages) / options.rounds));
    const [from = 0, to = 0] = part;
    let stored = false;
    const storing = Promise.all(senders.map((sender) => send(sender, start, options, [from, to])))
      .then(() => gateway.drain())
      .finally(() => {
        stored = true;
      });
    for (let quota = options.kills; quota > 0 && !stored; ) {
      await delay(25);
      const hit = await gateway.functions.kill(ingest.arn);
      quota -= hit;
      killed += hit;
    }
    await storing;
  }
  gateway.faults.clear();
  await gateway.drain();

  const compared = { wrong: 0, doubled: 0, missing: 0 };
  for (const { instrument } of senders) {
    const { wrong, doubled, missing } = await compare(lab, instrument.device.id, start, options);
    compared.wrong += wrong;
    compared.doubled += doubled;
    compared.missing += missing;
  }
  const devices = await Promise.all(
    senders.map(({ instrument }) => lab.json<DeviceDetail>(`/v1/devices/${instrument.device.id}`)),
  );
  const acknowledged =
    senders.reduce((total, sender) => total + sender.acknowledged.size, 0) * options.points;
  await Promise.all(senders.map(({ client }) => client.endAsync(true)));
  return {
    sent: options.devices * options.messages * options.points,
    acknowledged,
    ...compared,
    online: devices.filter(({ connection }) => connection.state === 'online').length,
    faults: gateway.faults.injected,
    killed,
  };
};
