import { Button, Group, MultiSelect, Paper, Select, Stack, TagsInput, TextInput, Title } from '@mantine/core';
import { useLocalStorage } from '@mantine/hooks';
import { useMutation, useSuspenseQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useSearchParams } from 'wouter';
import { EXPORT_DEVICES, EXPORT_FORMATS } from '../../../../contracts/resources/exports.ts';
import { ask } from '../../api/client.ts';
import { createExport } from '../../api/gen/index.ts';
import { useMay } from '../../api/me.tsx';
import { devicesQuery } from '../../api/queries.ts';
import { fieldOf, instantOfField, offsetText } from '../../charts/zone.ts';
import { Page } from '../../shell/Page.tsx';
import { ProblemView } from '../../shell/ProblemView.tsx';
import { useZone } from '../../shell/preferences.ts';
import { errorAt } from '../../shell/problem.ts';
import { texts } from '../../texts.ts';
import { ExportCard } from './ExportCard.tsx';

const DAY = 86_400_000;
/** Exports that this browser remembers. */
const MOST = 30;

const list = (text: string | null): string[] => (text === null || text === '' ? [] : text.split(','));

/** Points of devices as files. */
const Exports = () => {
  const may = useMay();
  const [ids, setIds] = useLocalStorage<string[]>({
    key: 'labgate.exports',
    defaultValue: [],
    getInitialValueInEffect: false,
  });
  const { exports: words } = texts;
  const keep = (id: string): void => setIds([id, ...ids.filter((each) => each !== id)].slice(0, MOST));
  return (
    <Page title={words.title} intro={words.intro}>
      {may('exports:create') && <Order onOrdered={keep} />}
      <Stack gap="sm" component="section" aria-label={words.yours}>
        <Title order={2} size="h4">
          {words.yours}
        </Title>
        {ids.length === 0 && words.none}
        {ids.map((id) => (
          <ExportCard key={id} id={id} onForget={() => setIds(ids.filter((each) => each !== id))} />
        ))}
      </Stack>
    </Page>
  );
};

const Order = ({ onOrdered }: { onOrdered: (id: string) => void }) => {
  const { zone } = useZone();
  const [search] = useSearchParams();
  const { data: all } = useSuspenseQuery(devicesQuery);
  const [devices, setDevices] = useState(() => list(search.get('devices')));
  const [channels, setChannels] = useState(() => list(search.get('channels')));
  const [from, setFrom] = useState(() =>
    fieldOf(Date.parse(search.get('from') ?? '') || Date.now() - DAY, zone),
  );
  const [to, setTo] = useState(() => fieldOf(Date.parse(search.get('to') ?? '') || Date.now(), zone));
  const [format, setFormat] = useState<(typeof EXPORT_FORMATS)[number]>('csv');
  const [first, last] = [instantOfField(from, zone), instantOfField(to, zone)];
  const order = useMutation({
    mutationFn: (key: string) =>
      ask(
        createExport({
          headers: { 'idempotency-key': key },
          body: {
            devices,
            ...(channels.length === 0 ? {} : { channels }),
            from: new Date(first ?? 0).toISOString(),
            to: new Date(last ?? 0).toISOString(),
            format,
          },
        }),
      ),
    onSuccess: ({ id }) => onOrdered(id),
  });
  const { exports: words } = texts;
  return (
    <Paper withBorder p="md">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          order.mutate(crypto.randomUUID());
        }}
      >
        <Stack gap="sm">
          <Group align="flex-start" gap="sm">
            <MultiSelect
              label={texts.explore.devices}
              searchable
              required
              data={all.map(({ id }) => id)}
              value={devices}
              maxValues={EXPORT_DEVICES}
              error={errorAt(order.error, '/devices')}
              onChange={setDevices}
              miw={260}
              flex={2}
            />
            <TagsInput
              label={texts.explore.channels}
              placeholder={channels.length === 0 ? texts.all : ''}
              value={channels}
              error={errorAt(order.error, '/channels')}
              onChange={setChannels}
              miw={200}
              flex={1}
            />
            <TextInput
              type="datetime-local"
              step={1}
              required
              label={texts.zone.from(offsetText(first ?? Date.now(), zone))}
              value={from}
              error={errorAt(order.error, '/from')}
              onChange={({ currentTarget }) => setFrom(currentTarget.value)}
            />
            <TextInput
              type="datetime-local"
              step={1}
              required
              label={texts.zone.to(offsetText(last ?? Date.now(), zone))}
              value={to}
              error={errorAt(order.error, '/to')}
              onChange={({ currentTarget }) => setTo(currentTarget.value)}
            />
            <Select
              label={words.format}
              data={EXPORT_FORMATS.map((value) => ({ value, label: words.formats[value] }))}
              value={format}
              allowDeselect={false}
              onChange={(value) => setFormat(EXPORT_FORMATS.find((each) => each === value) ?? 'csv')}
              w={200}
            />
          </Group>
          {order.isError && <ProblemView error={order.error} />}
          <Group>
            <Button
              type="submit"
              loading={order.isPending}
              disabled={devices.length === 0 || first === undefined || last === undefined}
            >
              {words.order}
            </Button>
          </Group>
        </Stack>
      </form>
    </Paper>
  );
};

export default Exports;
