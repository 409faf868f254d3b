import { Button, Group, ScrollArea, Table, Text } from '@mantine/core';
import { useMemo, useState } from 'react';
import { texts } from '../texts.ts';
import type { ChartCurve } from './Chart.tsx';
import { measureText, numberText } from './numbers.ts';
import { timeText } from './zone.ts';

const PAGE = 100;

/** What is plotted, as a table, the newest first: every point that the chart draws. */
export const CurveTable = ({ curves, zone }: { curves: readonly ChartCurve[]; zone: string }) => {
  const [most, setMost] = useState(PAGE);
  const seen = curves.filter(({ hidden }) => hidden !== true);
  const times = useMemo(
    () =>
      [
        ...new Set(
          seen.flatMap(({ curve }) => curve.times.filter((_, place) => curve.quality[place] !== '')),
        ),
      ].sort((a, b) => b - a),
    [seen],
  );
  const places = useMemo(
    () => seen.map(({ curve }) => new Map(curve.times.map((time, place) => [time, place] as const))),
    [seen],
  );
  return (
    <ScrollArea.Autosize mah={420} tabIndex={0}>
      <Table striped stickyHeader withTableBorder className="numeric" fz="xs">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{texts.chart.time}</Table.Th>
            {seen.map(({ label }) => (
              <Table.Th key={label}>{label}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {times.slice(0, most).map((time) => (
            <Table.Tr key={time}>
              <Table.Td>{timeText(time, zone, true)}</Table.Td>
              {seen.map(({ curve, label, resolution }, index) => {
                const place = places[index]?.get(time);
                if (place === undefined) return <Table.Td key={label} />;
                const [min, max] = [curve.band?.min[place] ?? null, curve.band?.max[place] ?? null];
                return (
                  <Table.Td key={label}>
                    {measureText(curve.values[place] ?? null, curve.unit, resolution)}
                    {min !== null && max !== null
                      ? ` [${numberText(min, resolution)} … ${numberText(max, resolution)}]`
                      : ''}
                    {curve.quality[place] === 'good' ? '' : ` ${curve.quality[place]}`}
                  </Table.Td>
                );
              })}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <Group p="xs" gap="xs">
        <Text size="xs" c="dimmed">
          {texts.chart.rows(Math.min(most, times.length), times.length)}
        </Text>
        {times.length > most && (
          <Button size="compact-xs" variant="default" onClick={() => setMost(most + 10 * PAGE)}>
            {texts.more}
          </Button>
        )}
      </Group>
    </ScrollArea.Autosize>
  );
};
