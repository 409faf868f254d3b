import { Button, Group, Paper, Tabs } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { Link } from 'wouter';
import { ask } from '../../api/client.ts';
import { readManySeries } from '../../api/gen/index.ts';
import { useMay } from '../../api/me.tsx';
import { boundsOf } from '../../charts/range.ts';
import { CopyText } from '../../shell/CopyText.tsx';
import { download } from '../../shell/download.ts';
import { ProblemView } from '../../shell/ProblemView.tsx';
import { texts } from '../../texts.ts';
import { apiQuery, copies, type ExploreQuery } from './query.ts';

/** Taking it elsewhere: as a file, as an export, as the same question in other words. */
export const Take = ({ query, now }: { query: ExploreQuery; now: number }) => {
  const may = useMay();
  const { explore: words } = texts;
  const asked = copies(query, now, location.origin);
  const csv = useMutation({
    mutationFn: async () => {
      const answer = await ask(
        readManySeries({
          query: apiQuery(query, now),
          headers: { accept: 'text/csv' } as never,
          parseAs: 'blob',
        }),
      );
      download('labgate.csv', answer as unknown as Blob, 'text/csv');
    },
  });
  const { from, to } = boundsOf(query.range, now);
  const order = new URLSearchParams({
    devices: query.devices.join(),
    channels: query.channels.join(),
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
  });
  return (
    <Paper withBorder p="sm" component="section" aria-label={words.take}>
      <Group mb="sm">
        <Button
          size="xs"
          variant="default"
          leftSection={<IconDownload size={14} aria-hidden />}
          loading={csv.isPending}
          onClick={() => csv.mutate()}
        >
          {words.csv}
        </Button>
        {may('exports:create') && (
          <Button size="xs" variant="default" component={Link} href={`/exports?${order}`}>
            {words.export}
          </Button>
        )}
      </Group>
      {csv.isError && <ProblemView error={csv.error} />}
      <Tabs defaultValue="curl">
        <Tabs.List>
          <Tabs.Tab value="curl">curl</Tabs.Tab>
          <Tabs.Tab value="cli">labgate</Tabs.Tab>
          <Tabs.Tab value="python">Python</Tabs.Tab>
        </Tabs.List>
        {(['curl', 'cli', 'python'] as const).map((name) => (
          <Tabs.Panel key={name} value={name} pt="xs">
            <CopyText text={asked[name]} label={words.copies[name]} />
          </Tabs.Panel>
        ))}
      </Tabs>
    </Paper>
  );
};
