import { Badge, Button, Group, SegmentedControl, Select, Table, Text } from '@mantine/core';
import { useInfiniteQuery, useSuspenseQuery } from '@tanstack/react-query';
import { useSearchParams } from 'wouter';
import { ask } from '../../api/client.ts';
import { listQuarantine, type Quarantined } from '../../api/gen/index.ts';
import { useMay } from '../../api/me.tsx';
import { devicesQuery } from '../../api/queries.ts';
import { bytesText } from '../../charts/numbers.ts';
import { timeText } from '../../charts/zone.ts';
import { Page } from '../../shell/Page.tsx';
import { ProblemView } from '../../shell/ProblemView.tsx';
import { useZone } from '../../shell/preferences.ts';
import { texts } from '../../texts.ts';
import { EntryDialog } from './EntryDialog.tsx';

/** Messages that could not be stored, or not whole. */
const Quarantine = () => {
  const { zone } = useZone();
  const may = useMay();
  const { data: devices } = useSuspenseQuery(devicesQuery);
  const [search, setSearch] = useSearchParams();
  const set = (name: string, value: string | null): void =>
    setSearch(
      (before) => {
        const next = new URLSearchParams(before);
        if (value === null || value === '') next.delete(name);
        else next.set(name, value);
        return next;
      },
      { replace: true },
    );
  const state = search.get('state') === 'settled' ? 'settled' : 'open';
  const site = search.get('site') ?? undefined;
  const device = site === undefined ? undefined : (search.get('device') ?? undefined);
  const sites = [...new Set(devices.map((each) => each.site))]
    .filter((each) => may('quarantine:read', each))
    .sort();
  const { data, error, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: ['quarantine', state, site, device],
    initialPageParam: '',
    queryFn: ({ pageParam }) =>
      ask(
        listQuarantine({
          query: {
            state,
            limit: 50,
            ...(site === undefined ? {} : { site }),
            ...(device === undefined ? {} : { device }),
            ...(pageParam === '' ? {} : { cursor: pageParam }),
          },
        }),
      ),
    getNextPageParam: ({ next }) => next ?? undefined,
    refetchInterval: 5000,
  });
  const entries = data?.pages.flatMap(({ items }) => items) ?? [];
  const { quarantine: words } = texts;
  return (
    <Page title={words.title} intro={words.intro}>
      <Group align="flex-end">
        <SegmentedControl
          aria-label={words.state}
          value={state}
          onChange={(value) => set('state', value)}
          data={[
            { value: 'open', label: words.open },
            { value: 'settled', label: words.settled },
          ]}
        />
        <Select
          label={texts.overview.site}
          data={sites}
          value={site ?? null}
          placeholder={texts.all}
          clearable
          onChange={(value) => set('site', value)}
        />
        {site !== undefined && (
          <Select
            label={words.device}
            searchable
            clearable
            placeholder={texts.all}
            data={devices.filter((each) => each.site === site).map(({ id }) => id)}
            value={device ?? null}
            onChange={(value) => set('device', value)}
          />
        )}
      </Group>
      {error !== null && <ProblemView error={error} />}
      {data !== undefined && entries.length === 0 && <Text role="status">{words.none}</Text>}
      {entries.length > 0 && <Entries entries={entries} zone={zone} onOpen={(id) => set('entry', id)} />}
      {hasNextPage && (
        <Button variant="default" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          {texts.more}
        </Button>
      )}
      <EntryDialog id={search.get('entry')} onClose={() => set('entry', null)} />
    </Page>
  );
};

interface EntriesProps {
  readonly entries: readonly Quarantined[];
  readonly zone: string;
  readonly onOpen: (id: string) => void;
}

const Entries = ({ entries, zone, onOpen }: EntriesProps) => {
  const { quarantine: words } = texts;
  return (
    <Table.ScrollContainer minWidth={720}>
      <Table striped withTableBorder>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{words.arrived}</Table.Th>
            <Table.Th>{words.device}</Table.Th>
            <Table.Th>{words.why}</Table.Th>
            <Table.Th>{words.size}</Table.Th>
            <Table.Th>{texts.commands.column.actions}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {entries.map(({ id, arrived, site, device, notes, size, damaged }) => (
            <Table.Tr key={id} data-entry={id}>
              <Table.Td className="numeric">{timeText(Date.parse(arrived), zone)}</Table.Td>
              <Table.Td>{device === null ? words.nobody : `${site} / ${device}`}</Table.Td>
              <Table.Td>
                {damaged === true && <Badge color="red">{words.damaged}</Badge>}
                {notes.map(({ code, detail, points }) => (
                  <div key={code}>
                    <Text span size="sm" fw={600}>
                      {code}
                    </Text>{' '}
                    <Text span size="sm" c="dimmed">
                      {detail} {points > 0 ? words.points(points) : ''}
                    </Text>
                  </div>
                ))}
              </Table.Td>
              <Table.Td className="numeric">{bytesText(size)}</Table.Td>
              <Table.Td>
                <Button size="compact-xs" variant="default" onClick={() => onOpen(id)}>
                  {words.look}
                </Button>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
};

export default Quarantine;
