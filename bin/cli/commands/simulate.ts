/** `labgate simulate`: a fleet of instruments that register, connect over mutual TLS, and measure. */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { parseDuration } from '../../../contracts/time.ts';
import {
  FAULTS,
  type FaultName,
  type FleetOptions,
  INSTRUMENT_TYPES,
  type RunListener,
  type RunResult,
  simulateFleet,
} from '../../../device/simulator/index.ts';
import { PAYLOAD_FORMATS, type PayloadFormat } from '../../../payload/encode.ts';
import { type Api, openApi } from '../client/api.ts';
import { enrol } from '../client/enrol.ts';
import { createStarterTypes } from '../client/starter-types.ts';
import { UsageError } from '../client/target.ts';
import { type CommonOptions, print, tell, whole, withTarget } from './options.ts';
import { TIME_FORMS, timeOf, zoneOption } from './times.ts';

interface Connection {
  readonly api: Api;
  /** Folder of keys, certificates and messages that are not yet acknowledged. */
  readonly state: string;
  readonly signal: AbortSignal;
  readonly on: Partial<RunListener>;
}

const runFleet = async (
  options: FleetOptions,
  { api, state, signal, on }: Connection,
): Promise<RunResult> => {
  const fleet = simulateFleet(options);
  await createStarterTypes(api, new Set(fleet.devices.map(({ instrument }) => instrument.type.id)));
  return fleet.run({
    signal,
    on,
    connect: async ({ id, site, instrument, metadata }) => {
      const enrolment = { ...metadata, id, site, type: instrument.type.id };
      const made = await enrol(api, enrolment, join(state, id));
      if (made.key === undefined) throw new UsageError(`${made.folder} holds no key`);
      const { endpoint, ca, certificate: cert, key, clientId, topics } = made;
      return {
        ...endpoint,
        ca,
        cert,
        key,
        clientId,
        topics,
        store: { directory: join(state, id, 'outbox') },
      };
    },
  });
};

export interface Fleet extends AsyncDisposable {
  /** Identifiers of the connected instruments. */
  readonly devices: readonly string[];
}

export interface LocalFleetOptions {
  readonly api: Api;
  readonly devices: number;
  readonly state: string;
  readonly progress: (text: string) => void;
}

/** Sites of simulated instruments. */
const SITES = ['lab-1', 'lab-2'];

/**
 * Starts a fleet that measures every second until it is disposed of; its data begin a minute ago.
 * @returns when all instruments are connected
 */
export const startFleet = async (options: LocalFleetOptions): Promise<Fleet> => {
  const { devices, progress } = options;
  const shape: FleetOptions = {
    devices,
    seed: 1,
    sites: SITES,
    formats: PAYLOAD_FORMATS,
    intervalMs: 1000,
    start: (Date.now() - 60_000) * 1000,
  };
  const ids = simulateFleet(shape).devices.map(({ id }) => id);
  const end = new AbortController();
  const { promise: connected, resolve } = Promise.withResolvers<void>();
  progress(`registering and connecting ${devices} instruments ...`);
  const run = runFleet(shape, {
    api: options.api,
    state: options.state,
    signal: end.signal,
    on: {
      connected: (_device, count) => {
        if (count % 100 === 0) progress(`  ${count} of ${devices} connected`);
        if (count === devices) resolve();
      },
      trouble: (device, error) => {
        if (!end.signal.aborted) tell(`${device.id}: ${error.message}`);
      },
    },
  });
  await Promise.race([connected, run]);
  return {
    devices: ids,
    async [Symbol.asyncDispose]() {
      end.abort();
      await run;
    },
  };
};

interface SimulateOptions extends CommonOptions {
  readonly devices: number;
  readonly seed: string;
  readonly interval: number;
  readonly start?: string;
  readonly tz?: string;
  readonly samples?: number;
  readonly batch: number;
  readonly types?: readonly string[];
  readonly sites: readonly string[];
  readonly formats: readonly PayloadFormat[];
  readonly faults: readonly FaultName[];
  readonly labels?: string;
  readonly state: string;
}

/** Milliseconds between progress lines. */
const PROGRESS_MS = 2000;

const simulate = async (options: SimulateOptions): Promise<void> => {
  const { devices, seed, types, sites, formats, faults, samples, labels } = options;
  const end = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => end.abort());
  const shape: FleetOptions = {
    devices,
    seed,
    sites,
    formats,
    faults,
    intervalMs: options.interval,
    start: options.start === undefined ? Date.now() * 1000 : timeOf('--start', options.start, options),
    samplesPerMessage: options.batch,
    ...(samples === undefined ? {} : { samples }),
    ...(types === undefined ? {} : { types }),
  };
  let sent = 0;
  let shown = 0;
  const progress = (text: string, always = false): void => {
    if (options.json || (!always && Date.now() - shown < PROGRESS_MS)) return;
    shown = Date.now();
    tell(text);
  };
  const result = await runFleet(shape, {
    api: openApi(options),
    state: options.state,
    signal: end.signal,
    on: {
      connected: (_device, count) => progress(`${count} of ${devices} connected`, count === devices),
      sent: () => progress(`${++sent} messages sent`),
      label: (label) => {
        if (labels !== undefined) appendFileSync(labels, `${JSON.stringify(label)}\n`);
      },
      quarantined: (device, note) =>
        tell(`${device.id}: quarantined: ${note.codes.map(({ code }) => code).join(', ')}`),
      trouble: (device, error) => {
        if (!end.signal.aborted) tell(`${device.id}: ${error.message}`);
      },
    },
  });
  if (options.json) print(JSON.stringify(result));
  else {
    const { messages, points, acknowledged, untracked, refused, pending } = result;
    print(
      `${messages} messages, ${points} points: ${acknowledged} acknowledged, ${untracked} in formats without acknowledgement, ${refused} refused, ${pending} pending`,
    );
  }
  if (result.pending > 0 || result.refused > 0) process.exitCode = 1;
};

const oneOf =
  <T extends string>(known: readonly T[]) =>
  (text: string): readonly T[] => {
    const names = text === 'all' ? known : (text.split(',') as T[]);
    const unknown = names.find((name) => !known.includes(name));
    if (unknown !== undefined) throw new InvalidArgumentError(`${unknown} is none of ${known.join(', ')}`);
    return names;
  };
const milliseconds = (text: string): number => {
  const duration = parseDuration(text);
  if (duration === undefined || duration.months + duration.days > 0) {
    throw new InvalidArgumentError('use an ISO 8601 duration such as PT1S');
  }
  return duration.micros / 1000;
};
const split = (text: string): readonly string[] => text.split(',');

/** The `simulate` command. */
export const simulateCommand = (): Command =>
  withTarget(new Command('simulate'))
    .description('instruments that register, connect over mutual TLS, and measure until Ctrl-C')
    .option('--devices <count>', 'how many', whole, 10)
    .option('--seed <seed>', 'the same seed gives the same signals', '1')
    .option('--interval <duration>', 'between two samples of a device', milliseconds, 1000)
    .option('--start <time>', `time of the first sample: ${TIME_FORMS}; now when absent`)
    .addOption(zoneOption())
    .option('--samples <count>', 'samples of each device; endless when absent', whole)
    .option('--batch <count>', 'samples in one message', whole, 1)
    .option('--types <ids>', `of ${INSTRUMENT_TYPES.map(({ id }) => id).join(', ')}; all when absent`, split)
    .option('--sites <ids>', 'given to devices in turn', split, SITES)
    .option('--formats <names>', `all, or of ${PAYLOAD_FORMATS.join(', ')}`, oneOf(PAYLOAD_FORMATS), ['rows'])
    .option('--faults <names>', `all, or of ${FAULTS.join(', ')}`, oneOf(FAULTS), [])
    .option('--labels <file>', 'append the truth about every fault here, as NDJSON')
    .option('--state <folder>', 'keys, certificates and what is not yet acknowledged', '.labgate/fleet')
    .action(simulate);
