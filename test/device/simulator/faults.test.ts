import { describe, expect, it } from 'vitest';
import {
  FAULTS,
  type FaultLabel,
  type FaultName,
  type FleetOptions,
  type SimulatedMessage,
  simulateFleet,
} from '../../../device/simulator/index.ts';
import type { Measurement } from '../../../payload/outgoing.ts';

const START = Date.UTC(2026, 2, 1, 10) * 1000;
const shape: FleetOptions = { devices: 6, seed: 3, intervalMs: 1000, start: START, samples: 1200 };

const run = (...faults: FaultName[]): SimulatedMessage[] => [
  ...simulateFleet({ ...shape, faults }).messages(),
];
const clean = new Map<string, Measurement>();
for (const { device, points } of run())
  for (const point of points) clean.set(`${device.id} ${point.channel} ${point.time}`, point);
const labelsOf = (messages: readonly SimulatedMessage[]): FaultLabel[] =>
  messages.flatMap(({ labels }) => labels);

/** Points that differ from those without faults. */
const changed = (messages: readonly SimulatedMessage[]) =>
  messages.flatMap(({ device, points }) =>
    points
      .filter((point) => clean.get(`${device.id} ${point.channel} ${point.time}`)?.value !== point.value)
      .map((point) => ({ ...point, device: device.id })),
  );

describe('faults', () => {
  it.each(FAULTS)('%s happens, and is labelled', (fault) => {
    const labels = labelsOf(run(fault));
    expect(labels.length).toBeGreaterThan(3);
    expect(labels.every((label) => label.fault === fault && label.from < label.to)).toBe(true);
  });

  it.each(['spike', 'stuck', 'drift', 'noise'] as const)(
    '%s changes what its labels say, and nothing else',
    (fault) => {
      const messages = run(fault);
      const labels = labelsOf(messages);
      const points = changed(messages);
      expect(points.length).toBeGreaterThan(0);
      for (const { device, channel, time } of points) {
        expect(
          labels.some(
            (label) =>
              label.device === device && label.channel === channel && time >= label.from && time < label.to,
          ),
          `${device} ${channel} ${time}`,
        ).toBe(true);
      }
      for (const label of labels) {
        expect(
          points.some(({ device, channel }) => device === label.device && channel === label.channel),
        ).toBe(true);
      }
    },
  );

  it('stuck holds one value', () => {
    const messages = run('stuck');
    for (const { device, channel, from, to } of labelsOf(messages)) {
      const values = messages
        .filter((message) => message.device.id === device)
        .flatMap(({ points }) => points)
        .filter((point) => point.channel === channel && point.time >= from && point.time < to)
        .map(({ value }) => value);
      expect(values.length).toBeGreaterThan(30);
      expect(new Set(values).size).toBe(1);
    }
  });

  it('clock-skew moves the times by what the label says', () => {
    const messages = run('clock-skew');
    const label = labelsOf(messages)[0];
    const moved = messages.find(({ device, labels }) => device.id === label?.device && labels.length > 0);
    expect(moved?.points[0]?.time).toBe((label?.from ?? 0) + (label?.magnitude ?? 0) * 1e6);
  });

  it('duplicate sends messages twice, disorder some later than their followers', () => {
    const twice = run('duplicate');
    const keys = twice.map(({ device, points }) => `${device.id} ${points[0]?.time}`);
    expect(new Set(keys).size).toBe(6 * 1200);
    expect(keys.length).toBeGreaterThan(6 * 1200);
    const late = run('disorder');
    expect(late).toHaveLength(6 * 1200);
    expect(late.some(({ at, points }) => (points[0]?.time ?? 0) < at)).toBe(true);
    expect(late.every(({ at }, index) => at >= (late[index - 1]?.at ?? 0))).toBe(true);
  });

  it('disconnect holds messages until its end, or marks them for a store to do so', () => {
    const held = run('disconnect');
    expect(held).toHaveLength(6 * 1200);
    for (const { device, from, to } of labelsOf(held)) {
      const during = held.filter(
        ({ device: { id }, points }) =>
          id === device && (points[0]?.time ?? 0) >= from && (points[0]?.time ?? 0) < to,
      );
      expect(during.length).toBeGreaterThan(5);
      expect(during.every(({ at, disconnected }) => disconnected && at === to)).toBe(true);
    }
    const marked = [
      ...simulateFleet({ ...shape, faults: ['disconnect'], holdDisconnected: false }).messages(),
    ];
    expect(marked.some(({ disconnected }) => disconnected)).toBe(true);
    expect(marked.every(({ at, points }) => at === points[0]?.time)).toBe(true);
  });
});
