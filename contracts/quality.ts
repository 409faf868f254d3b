/**
 * Quality of a point: a status, a reason, and the OPC UA status code behind both (OPC 10000-8, StatusCode.csv).
 *
 * Inside, a quality is one number. Below 256 it is the place in {@link QUALITIES}, which is stored and thus
 * never reordered; from 256 on it is an OPC UA status code that a device sent and the table does not hold,
 * kept so that it goes out exactly as it came in. No OPC UA code but 0 (good, which is place 0) is below 256:
 * the low byte is only used together with the info bits above it.
 */

/** Whether a value can be used, from best to worst. */
export const STATUSES = ['good', 'uncertain', 'bad'] as const;
export type Status = (typeof STATUSES)[number];

/** A quality as one number; see the top of this file. */
export type Quality = number;

interface QualityEntry {
  readonly status: Status;
  readonly reason?: string;
  /** OPC UA status code. Where OPC UA has no word for the reason, the nearest; the first entry is read back. */
  readonly opcUa: number;
}

/** Every quality with a name. Append only: places are stored. */
export const QUALITIES = [
  { status: 'good', opcUa: 0x00000000 },
  { status: 'good', reason: 'overridden', opcUa: 0x00960000 },
  { status: 'uncertain', opcUa: 0x40000000 },
  { status: 'uncertain', reason: 'stale', opcUa: 0x40900000 },
  { status: 'uncertain', reason: 'at-sensor-limit', opcUa: 0x40930000 },
  { status: 'uncertain', reason: 'out-of-range', opcUa: 0x40940000 },
  { status: 'uncertain', reason: 'calibration', opcUa: 0x420a0000 },
  { status: 'uncertain', reason: 'simulated', opcUa: 0x42090000 },
  { status: 'uncertain', reason: 'substituted', opcUa: 0x40910000 },
  { status: 'uncertain', reason: 'jump', opcUa: 0x40930000 },
  { status: 'uncertain', reason: 'stuck', opcUa: 0x40930000 },
  { status: 'bad', opcUa: 0x80000000 },
  { status: 'bad', reason: 'sensor-failure', opcUa: 0x808c0000 },
  { status: 'bad', reason: 'device-failure', opcUa: 0x808b0000 },
  { status: 'bad', reason: 'no-communication', opcUa: 0x80310000 },
  { status: 'bad', reason: 'out-of-service', opcUa: 0x808d0000 },
  { status: 'bad', reason: 'out-of-range', opcUa: 0x803c0000 },
] as const satisfies readonly QualityEntry[];

type Named = (typeof QUALITIES)[number];
type NameOf<T> = T extends { status: infer S extends string; reason: infer R extends string }
  ? `${S}/${R}`
  : T extends { status: infer S extends string }
    ? S
    : never;

/** `good`, or `uncertain/out-of-range`: how a quality is written outside. */
export type QualityName = NameOf<Named>;

const entries: readonly QualityEntry[] = QUALITIES;
const nameOfEntry = ({ status, reason }: QualityEntry): string =>
  reason === undefined ? status : `${status}/${reason}`;
const byName = new Map(entries.map((entry, place) => [nameOfEntry(entry), place]));
const byOpcUa = new Map([...entries.entries()].reverse().map(([place, entry]) => [entry.opcUa, place]));

/** The number of a named quality. */
export const quality = (name: QualityName): Quality => byName.get(name) ?? 0;

/** Good, without a reason. */
export const GOOD: Quality = 0;

/** @returns the number of a quality's name as a device sends it, or `undefined` for an unknown name */
export const qualityFromName = (name: string): Quality | undefined => byName.get(name);

/** @returns the number of an OPC UA status code, or `undefined` when it is no unsigned 32-bit integer */
export const qualityFromOpcUa = (code: number): Quality | undefined =>
  Number.isInteger(code) && code >= 0 && code <= 0xffffffff && (code === 0 || code >= 256)
    ? (byOpcUa.get(code) ?? code)
    : undefined;

/** Status of a quality: of its entry, or of the severity bits (31 and 30) of its OPC UA code. */
export const statusOf = (value: Quality): Status => {
  const entry = entries[value];
  if (entry !== undefined) return entry.status;
  const severity = value >>> 30;
  return severity === 0 ? 'good' : severity === 1 ? 'uncertain' : 'bad';
};

/** The OPC UA status code of a quality. */
export const opcUaOf = (value: Quality): number => entries[value]?.opcUa ?? value;

/** How a quality is written outside: `uncertain/jump`, or `bad/0x80ab0000` for a code without a name. */
export const qualityName = (value: Quality): string => {
  const entry = entries[value];
  return entry === undefined
    ? `${statusOf(value)}/0x${value.toString(16).padStart(8, '0')}`
    : nameOfEntry(entry);
};
