import { Button, Select, Stack, Title } from '@mantine/core';
import { useInfiniteQuery, useSuspenseQuery } from '@tanstack/react-query';
import { useSearchParams } from 'wouter';
import { isFinal } from '../../../../contracts/resources/commands.ts';
import { ask } from '../../api/client.ts';
import { listCommands } from '../../api/gen/index.ts';
import { useMay } from '../../api/me.tsx';
import { devicesQuery } from '../../api/queries.ts';
import { commandsForward } from '../../live/command-events.ts';
import { commandsPace, useCommandsHeard } from '../../live/heard-queries.ts';
import { Page } from '../../shell/Page.tsx';
import { ProblemView } from '../../shell/ProblemView.tsx';
import { useZoneOfSite } from '../../shell/site-zone.ts';
import { texts } from '../../texts.ts';
import { CommandTable } from './CommandTable.tsx';

/** Commands of a site: who waits for an approval, what is under way, what was. */
const Commands = () => {
  const may = useMay();
  const { data: devices } = useSuspenseQuery(devicesQuery);
  const [search, setSearch] = useSearchParams();
  const sites = [...new Set(devices.map(({ site }) => site))]
    .filter((site) => may('commands:read', site))
    .sort();
  const asked = search.get('site');
  const site = asked !== null && sites.includes(asked) ? asked : sites[0];
  useZoneOfSite(site);
  const heard = useCommandsHeard(site);
  const { data, error, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: ['commands', 'site', site],
    enabled: site !== undefined,
    initialPageParam: '',
    queryFn: ({ pageParam }) =>
      ask(
        listCommands({
          query: { site: site ?? '', limit: 100, ...(pageParam === '' ? {} : { cursor: pageParam }) },
        }),
      ),
    getNextPageParam: ({ next }) => next ?? undefined,
    refetchInterval: commandsPace(heard, 2500),
    structuralSharing: commandsForward,
  });
  const commands = data?.pages.flatMap(({ items }) => items) ?? [];
  const sections = [
    [texts.commands.waiting, commands.filter(({ state }) => state === 'pending-approval')],
    [texts.commands.running, commands.filter(({ state }) => state !== 'pending-approval' && !isFinal(state))],
    [texts.commands.history, commands.filter(({ state }) => isFinal(state))],
  ] as const;
  return (
    <Page
      title={texts.commands.title}
      actions={
        <Select
          aria-label={texts.commands.site}
          data={sites}
          value={site ?? null}
          allowDeselect={false}
          onChange={(value) => setSearch(value === null ? {} : { site: value }, { replace: true })}
        />
      }
    >
      {error !== null && <ProblemView error={error} />}
      {sections.map(([title, some]) => (
        <Stack key={title} gap="xs" component="section" aria-label={title}>
          <Title order={2} size="h4">
            {title}
          </Title>
          <CommandTable commands={some} withDevice />
        </Stack>
      ))}
      {hasNextPage && (
        <Button variant="default" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          {texts.more}
        </Button>
      )}
    </Page>
  );
};

export default Commands;
