/** What is known of devices, in the text of OpenMetrics. */
import { Gauge, type OpenMetricsContentType, Registry } from 'prom-client';
import { STATUSES, statusOf } from '../../../contracts/quality.ts';
import type { Connection, Device } from '../../../contracts/resources/devices.ts';
import type { InstrumentType } from '../../../contracts/resources/instrument-types.ts';
import { PRESENCE_STATES } from '../../../contracts/resources/presence.ts';
import { expectedEvery, presenceOf } from '../../domain/presence/presence.ts';
import type { TableSize } from '../../store/dynamodb/table-size.ts';
import type { LatestPoint } from '../../store/measurements/index.ts';

/** What is known when somebody scrapes. */
export interface Scrape {
  readonly devices: readonly Device[];
  readonly types: ReadonlyMap<string, InstrumentType>;
  /** By device. */
  readonly latest: ReadonlyMap<string, readonly LatestPoint[]>;
  readonly connections: ReadonlyMap<string, Connection>;
  /** By name. */
  readonly tables: Readonly<Record<string, TableSize>>;
  readonly now: Date;
}

const CHANNEL = ['site', 'device', 'channel', 'unit'] as const;
const DEVICE = ['site', 'device'] as const;
const UNKNOWN: Connection = { state: 'unknown' };

/** The gauges, each with what it says. */
const gaugesIn = (registry: Registry<OpenMetricsContentType>) => {
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[]): Gauge<L> =>
    new Gauge({ name: `labgate_${name}`, help, labelNames, registers: [registry] });
  return {
    value: gauge(
      'channel_value',
      'Newest value by the time it was measured; true is 1; texts have none',
      CHANNEL,
    ),
    time: gauge('channel_timestamp_seconds', 'When the newest value was measured', CHANNEL),
    quality: gauge('channel_quality', 'Quality of the newest value: 0 good, 1 uncertain, 2 bad', CHANNEL),
    presence: gauge('device_presence', '1 for the state that the device is in', [...DEVICE, 'state']),
    heard: gauge('device_last_heard_timestamp_seconds', 'When the newest data arrived', DEVICE),
    devices: gauge('scrape_devices', 'Active devices of this answer', []),
    items: gauge('table_items', 'Items of a table, as DynamoDB counts them every six hours', ['table']),
    bytes: gauge('table_bytes', 'Size of a table, as DynamoDB counts it every six hours', ['table']),
  };
};

type Gauges = ReturnType<typeof gaugesIn>;

const addDevice = (
  gauges: Gauges,
  { types, latest, connections, now }: Scrape,
  { id, site, type: typeId }: Device,
): void => {
  const type = types.get(typeId);
  const points = latest.get(id) ?? [];
  const arrived = points.map((point) => point.arrived / 1000);
  const heard = arrived.length === 0 ? undefined : Math.max(...arrived);
  const of = { site, device: id };
  for (const { channel, time, value, quality } of points) {
    const unit = type?.channels[channel]?.unit;
    // The type was read a moment after the value, so that it has the channel unless an item is damaged.
    if (unit === undefined) throw new Error(`device ${id} has no channel ${channel}`);
    const labels = { ...of, channel, unit };
    if (typeof value !== 'string') gauges.value.set(labels, Number(value));
    gauges.time.set(labels, time / 1e6);
    gauges.quality.set(labels, STATUSES.indexOf(statusOf(quality)));
  }
  const connection = connections.get(id) ?? UNKNOWN;
  const { state } = presenceOf({ connection, heard, every: expectedEvery(type), now: now.getTime() });
  for (const each of PRESENCE_STATES) gauges.presence.set({ ...of, state: each }, each === state ? 1 : 0);
  if (heard !== undefined) gauges.heard.set(of, heard / 1000);
};

/** The text of a scrape, and its media type. */
export const exposition = async (
  scrape: Scrape,
): Promise<{ readonly text: string; readonly type: string }> => {
  const registry = new Registry<OpenMetricsContentType>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  const gauges = gaugesIn(registry);
  for (const device of scrape.devices) addDevice(gauges, scrape, device);
  gauges.devices.set(scrape.devices.length);
  for (const [table, { items, bytes }] of Object.entries(scrape.tables)) {
    gauges.items.set({ table }, items);
    gauges.bytes.set({ table }, bytes);
  }
  return { text: await registry.metrics(), type: registry.contentType };
};
