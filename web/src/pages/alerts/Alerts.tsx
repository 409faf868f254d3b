import { Alert as Banner, Button, Group, Select, Tabs, Text, TextInput } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useInfiniteQuery, useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useSearchParams } from 'wouter';
import { PRIORITIES } from '../../../../contracts/resources/alert-rules.ts';
import { ALERT_STATES } from '../../../../contracts/resources/alerts.ts';
import { ALERTS_EVERY, floodQuery, openAlertsQuery } from '../../api/alerts.ts';
import { ask } from '../../api/client.ts';
import { type Alert, listAlerts } from '../../api/gen/index.ts';
import { useMay } from '../../api/me.tsx';
import { devicesQuery } from '../../api/queries.ts';
import { Page } from '../../shell/Page.tsx';
import { ProblemView } from '../../shell/ProblemView.tsx';
import { texts } from '../../texts.ts';
import { AlertDialog } from './AlertDialog.tsx';
import { AlertTable } from './AlertTable.tsx';
import { type AlertFilter, matches } from './alert-text.ts';

/** Rows that are drawn at first; a flood must not stop the page. */
const ROWS = 200;

const oneOf = <T extends string>(values: readonly T[], asked: string | null): T | undefined =>
  values.find((each) => each === asked);

/** Alerts of a site: those that are open, and all that there were. */
const Alerts = () => {
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
  const sites = [...new Set(devices.map(({ site }) => site))]
    .filter((each) => may('alerts:read', each))
    .sort();
  const site = oneOf(sites, search.get('site')) ?? sites[0];
  const tab = search.get('tab') === 'history' ? 'history' : 'open';
  const states = tab === 'open' ? ALERT_STATES.filter((each) => each !== 'closed') : ALERT_STATES;
  const filter = {
    state: oneOf(states, search.get('state')),
    priority: oneOf(PRIORITIES, search.get('priority')),
    device: search.get('device') ?? '',
  };
  const { alerts: words } = texts;
  const shown = { filter, onOpen: (id: string) => set('alert', id) };
  return (
    <Page
      title={words.title}
      actions={
        <Select
          aria-label={words.site}
          data={sites}
          value={site ?? null}
          allowDeselect={false}
          onChange={(value) => set('site', value)}
        />
      }
    >
      {site !== undefined && <Flood site={site} />}
      <Group align="flex-end" gap="sm">
        <Select
          label={words.state}
          data={states.map((value) => ({ value, label: words.states[value] }))}
          value={filter.state ?? null}
          placeholder={texts.all}
          clearable
          onChange={(value) => set('state', value)}
        />
        <Select
          label={words.priorityLabel}
          data={PRIORITIES.map((value) => ({ value, label: words.priority[value] }))}
          value={filter.priority ?? null}
          placeholder={texts.all}
          clearable
          onChange={(value) => set('priority', value)}
        />
        <TextInput
          type="search"
          label={words.device}
          placeholder={words.deviceHint}
          value={filter.device}
          onChange={({ currentTarget }) => set('device', currentTarget.value)}
        />
      </Group>
      <Tabs value={tab} keepMounted={false} onChange={(value) => set('tab', value === 'open' ? null : value)}>
        <Tabs.List mb="md">
          <Tabs.Tab value="open">{words.open}</Tabs.Tab>
          <Tabs.Tab value="history">{words.history}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="open">{site !== undefined && <Open site={site} {...shown} />}</Tabs.Panel>
        <Tabs.Panel value="history">{site !== undefined && <History site={site} {...shown} />}</Tabs.Panel>
      </Tabs>
      {sites.length === 0 && <Text role="status">{words.none}</Text>}
      <AlertDialog id={search.get('alert')} onClose={() => set('alert', null)} />
    </Page>
  );
};

const Flood = ({ site }: { site: string }) => {
  const { data } = useQuery(floodQuery(site));
  const { flood: words } = texts.alerts;
  return (
    <div role="status">
      {data?.flood === true && (
        <Banner color="red" variant="light" icon={<IconAlertTriangle aria-hidden />} title={words.title}>
          {words.detail(data.newWithinTenMinutes)}
        </Banner>
      )}
    </div>
  );
};

interface ListProps {
  readonly site: string;
  readonly filter: AlertFilter &
    Pick<Partial<Alert>, 'state'> & { readonly priority?: Alert['rule']['priority'] | undefined };
  readonly onOpen: (id: string) => void;
}

/** Alerts of a list that match; names of devices are known here. */
const useMatching = (alerts: readonly Alert[], filter: AlertFilter): readonly Alert[] => {
  const { data: devices } = useSuspenseQuery(devicesQuery);
  const names = new Map(devices.map(({ id, name }) => [id, name]));
  return alerts.filter((alert) => matches(alert, filter, (id) => names.get(id)));
};

const Open = ({ site, filter, onOpen }: ListProps) => {
  const { data, error } = useQuery(openAlertsQuery(site));
  const [rows, setRows] = useState(ROWS);
  const alerts = useMatching(data ?? [], filter);
  return (
    <>
      {error !== null && <ProblemView error={error} />}
      {data !== undefined && <AlertTable alerts={alerts.slice(0, rows)} onOpen={onOpen} />}
      {alerts.length > rows && (
        <Button variant="default" mt="sm" onClick={() => setRows(rows + ROWS)}>
          {texts.more} ({texts.chart.rows(rows, alerts.length)})
        </Button>
      )}
    </>
  );
};

const History = ({ site, filter, onOpen }: ListProps) => {
  const { state, priority } = filter;
  const { data, error, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: ['alerts', 'history-of', site, state, priority],
    initialPageParam: '',
    queryFn: ({ pageParam }) =>
      ask(
        listAlerts({
          query: {
            site,
            open: 'false',
            limit: 100,
            ...(state && { state }),
            ...(priority && { priority }),
            ...(pageParam === '' ? {} : { cursor: pageParam }),
          },
        }),
      ),
    getNextPageParam: ({ next }) => next ?? undefined,
    refetchInterval: ALERTS_EVERY,
  });
  const alerts = useMatching(data?.pages.flatMap(({ items }) => items) ?? [], filter);
  return (
    <>
      {error !== null && <ProblemView error={error} />}
      {data !== undefined && <AlertTable alerts={alerts} onOpen={onOpen} />}
      {hasNextPage && (
        <Button variant="default" mt="sm" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          {texts.more}
        </Button>
      )}
    </>
  );
};

export default Alerts;
