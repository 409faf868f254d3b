import { Group, MultiSelect, Paper, Select, TextInput } from '@mantine/core';
import { useSuspenseQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { AGGREGATES } from '../../../../contracts/resources/series.ts';
import { devicesQuery, typesQuery } from '../../api/queries.ts';
import { durationText } from '../../charts/range.ts';
import { viewerZone } from '../../shell/preferences.ts';
import { texts } from '../../texts.ts';
import { type ExploreQuery, FILLS } from './query.ts';

const EVERY = ['PT1S', 'PT10S', 'PT1M', 'PT5M', 'PT15M', 'PT1H', 'PT6H', 'P1D', 'P1W', 'P1M'];
const QUANTILES = ['p5', 'p50', 'p95', 'p99'];

interface Props {
  readonly query: ExploreQuery;
  readonly set: (change: Partial<ExploreQuery>) => void;
}

/** What is asked: devices, channels, buckets. */
export const QueryForm = ({ query, set }: Props) => {
  const { data: devices } = useSuspenseQuery(devicesQuery);
  const { data: types } = useSuspenseQuery(typesQuery);
  const chosen = devices.filter(({ id }) => query.devices.includes(id));
  const channels = [
    ...new Set(
      types
        .filter(({ id }) => chosen.some(({ type }) => type === id))
        .flatMap((type) => Object.keys(type.channels)),
    ),
  ].sort();
  const { explore: words } = texts;
  const buckets = query.every !== '';
  const zones = [...new Set(['UTC', viewerZone(), query.tz])];
  return (
    <Paper withBorder p="sm">
      <Group align="flex-start" gap="sm">
        <MultiSelect
          label={words.devices}
          searchable
          clearable
          data={devices.map(({ id }) => id)}
          value={[...query.devices]}
          onChange={(value) => set({ devices: value })}
          maxValues={100}
          miw={260}
          flex={2}
        />
        <MultiSelect
          label={words.channels}
          searchable
          clearable
          placeholder={query.channels.length === 0 ? texts.all : ''}
          data={[...new Set([...channels, ...query.channels])]}
          value={[...query.channels]}
          onChange={(value) => set({ channels: value })}
          miw={200}
          flex={2}
        />
        <Select
          label={words.every}
          data={[
            { value: 'auto', label: words.auto },
            { value: '', label: words.points },
            ...[
              ...new Set([...EVERY, ...(query.every === 'auto' || query.every === '' ? [] : [query.every])]),
            ].map((value) => ({ value, label: durationText(value) })),
          ]}
          value={query.every}
          allowDeselect={false}
          onChange={(value) => set({ every: value ?? '' })}
          w={140}
        />
        {buckets && (
          <MultiSelect
            label={words.agg}
            data={[...new Set([...AGGREGATES, ...QUANTILES, ...query.agg])]}
            value={[...query.agg]}
            onChange={(value) => set({ agg: value.length === 0 ? ['mean'] : value })}
            miw={160}
            flex={1}
          />
        )}
        {buckets && (
          <Select
            label={words.fill}
            data={FILLS.map((value) => ({ value, label: words.fills[value] }))}
            value={query.fill}
            allowDeselect={false}
            onChange={(value) => set({ fill: FILLS.find((each) => each === value) ?? 'none' })}
            w={160}
          />
        )}
        {buckets && (
          <Select
            label={words.tz}
            data={zones}
            value={query.tz}
            allowDeselect={false}
            onChange={(value) => set({ tz: value ?? 'UTC' })}
            w={170}
          />
        )}
        <UnitField key={query.unit} value={query.unit} onDone={(unit) => set({ unit })} />
      </Group>
    </Paper>
  );
};

/** Asked only when it is typed to its end. */
const UnitField = ({ value, onDone }: { value: string; onDone: (value: string) => void }) => {
  const [typed, setTyped] = useState(value);
  return (
    <TextInput
      label={texts.explore.unit}
      placeholder={texts.explore.unitHint}
      value={typed}
      onChange={({ currentTarget }) => setTyped(currentTarget.value)}
      onBlur={() => typed !== value && onDone(typed)}
      onKeyDown={({ key }) => key === 'Enter' && onDone(typed)}
      w={170}
    />
  );
};
